"""What a job may ask of a generator."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from appliance.pipeline.networks.face_parser import Part

Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]


class GeneratorOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked of an operator's packs, by a command or a message.

    ``pixels``: a side of the crop, a multiple of the generator's own side, which is the default.
    ``restore``: how far the restored face replaces the generated one, 0-1; ``None``: no restorer.
    ``identity_weight``: 0 keeps some of the target's identity, 0.5 none, 1 moves further away.
    ``restorer_weight``: for restorers that take one. ``occlusion``: whether the pack's occluder
    limits the change. ``parts``: those that its face parser limits it to; all where there are none.
    """

    pixels: Annotated[int, Meta(ge=64, le=1024)] | None = None
    restore: Share | None = None
    identity_weight: Share = 0.5
    restorer_weight: Share = 0.5
    occlusion: bool = False
    parts: frozenset[Part] = frozenset()

"""Messages about swaps."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from appliance.protocols.worker_api.items import PACK_NAME
from appliance.protocols.worker_api.types import Count, Name, Seconds, Strength, Strict

Part = Literal[
    "skin",
    "left-eyebrow",
    "right-eyebrow",
    "left-eye",
    "right-eye",
    "glasses",
    "nose",
    "mouth",
    "upper-lip",
    "lower-lip",
]
PackNames = Annotated[
    list[Annotated[str, msgspec.Meta(pattern=PACK_NAME)]], msgspec.Meta(max_length=8)
]


class GeneratorOptions(Strict, frozen=True):
    """What is asked of packs. A test holds it equal to the struct of the pipeline."""

    pixels: Annotated[int, msgspec.Meta(ge=64, le=1024)] | None = None
    restore: Strength | None = None
    identity_weight: Strength = 0.5
    restorer_weight: Strength = 0.5
    occlusion: bool = False
    parts: frozenset[Part] = frozenset()


class Swap(Strict, frozen=True):
    """Parameters of Swap, and most of those of Preview."""

    sources: Annotated[list[Count], msgspec.Meta(min_length=1, max_length=16)]
    target: Count
    regions: Annotated[dict[Name, Strength], msgspec.Meta(min_length=1, max_length=16)]
    choice: Literal["largest", "all", "left", "right", "like"] = "largest"
    like: Count | None = None
    packs: PackNames = msgspec.field(default_factory=list)
    generator_options: GeneratorOptions = GeneratorOptions()
    upscale: Literal[1, 2, 4] = 1

    def __post_init__(self) -> None:
        """Raises ``ValueError`` if ``like`` is missing, or set without being used."""
        if (self.choice == "like") != (self.like is not None):
            raise ValueError("like must be set if, and only if, choice is like")


class Preview(Swap, frozen=True):
    """Parameters of Preview."""

    side: Annotated[int, msgspec.Meta(ge=64, le=1024)] = 512
    at: Seconds = 0.0


class Progress(msgspec.Struct, frozen=True):
    """Answers of Swap: frames so far, of how many; the last one has ``result``."""

    job: int
    frames: int
    total: int | None = None
    result: int | None = None

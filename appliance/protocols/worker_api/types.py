"""Types that the messages share."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Role = Literal["source", "target", "reference"]
Media = Literal["photo", "video"]
Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 31)]
Strength = Annotated[float, msgspec.Meta(ge=0, le=1)]
Name = Annotated[str, msgspec.Meta(max_length=32)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e6)]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Root of all parameters: unknown keys are refused."""

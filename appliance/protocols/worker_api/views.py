"""Messages about what a screen shows: small pictures, what may be moved, how much room is left."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from appliance.protocols.worker_api.types import Count, Seconds, Strict


class View(Strict, frozen=True):
    """Parameters of View."""

    item: Count
    side: Annotated[int, msgspec.Meta(ge=64, le=2048)] = 1024
    at: Seconds = 0.0


class Viewed(msgspec.Struct, frozen=True):
    """Answer of View."""

    width: int
    height: int


class Handle(msgspec.Struct, frozen=True):
    """One handle in the answer of Handles."""

    name: str
    unit: Literal["mm", "degrees", "percent"]
    least: float
    most: float
    lowest: float
    highest: float
    region: str
    points: list[str]
    views: list[str]


class Handles(msgspec.Struct, frozen=True):
    """Answer of Handles."""

    handles: list[Handle]
    drag_mm: float
    regions: bool
    consent: bool
    same_person: bool
    engine: str


class Space(msgspec.Struct, frozen=True):
    """Answer of Space, in bytes."""

    free: int
    size: int

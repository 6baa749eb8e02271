"""Messages about simulations."""

from __future__ import annotations

from typing import Annotated

import msgspec

from appliance.protocols.worker_api.types import Count, Name, Strict

Value = Annotated[float, msgspec.Meta(ge=-1000, le=1000)]


class Simulate(Strict, frozen=True):
    """Parameters of Simulate, and most of those of PreviewSimulation."""

    photo: Count
    handles: Annotated[dict[Name, Value], msgspec.Meta(min_length=1, max_length=32)]


class PreviewSimulation(Simulate, frozen=True):
    """Parameters of PreviewSimulation."""

    side: Annotated[int, msgspec.Meta(ge=64, le=1024)] = 512


class Simulated(msgspec.Struct, frozen=True):
    """Answer of Simulate."""

    job: int
    result: int
    left_out: dict[str, str]


class LeftOut(msgspec.Struct, frozen=True):
    """Answer of PreviewSimulation."""

    left_out: dict[str, str]

"""Messages about the photos of a series."""

from __future__ import annotations

from typing import Annotated

import msgspec

from appliance.protocols.worker_api.types import Count, Strict


class Assess(Strict, frozen=True):
    """Parameters of Assess."""

    items: Annotated[list[Count], msgspec.Meta(min_length=1, max_length=24)]


class Cause(msgspec.Struct, frozen=True):
    """What was found of a point, as a code, with an amount where it has one."""

    code: str
    amount: float | None = None


class Point(msgspec.Struct, frozen=True):
    """One point of a photo of a series; a test holds these equal to the records of the pipeline."""

    name: str
    verdict: str
    why: str
    causes: list[Cause]


class Figures(msgspec.Struct, frozen=True):
    """What was measured of a face in a photo of a series."""

    yaw: float
    pitch: float
    level: float
    mouth: float
    right_eye: float
    left_eye: float
    sharpness: float
    size: float
    light_ratio: float
    forehead_hair: float


class Photo(msgspec.Struct, frozen=True):
    """One photo in the answer of Assess."""

    view: str
    score: int
    judged: int
    change: str
    points: list[Point]
    figures: Figures | None


class Assessed(msgspec.Struct, frozen=True):
    """Answers of Assess: photos so far; the last one has their records."""

    done: int
    photos: list[Photo] = []
    missing: list[str] = []
    double: list[str] = []
    unrecognised: int = 0

"""What a figure is, in the plane of a picture: distances, angles, offsets, as values and lines.

Places are (2,) mm, x to the right and y down, of a face turned squarely to its view: in front view
the subject's left is on the right; in profile the face looks to the right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Place: TypeAlias = NDArray[np.float64]
Places: TypeAlias = Mapping[str, Place]
Path: TypeAlias = tuple[str, ...]

CANTHI = ("right exocanthion", "right endocanthion", "left endocanthion", "left exocanthion")
"""The landmarks that the midline is taken from: it stands on their line, in their middle."""


class Figure(Protocol):
    """How one value comes from landmarks."""

    @property
    def landmarks(self) -> Path:
        """The landmarks that it depends on."""
        ...

    @property
    def paths(self) -> tuple[Path, ...]:
        """The lines that show it, each through these landmarks."""
        ...

    def value(self, places: Places) -> float:
        """In millimetres, degrees, or as a ratio."""
        ...


@dataclass(frozen=True, slots=True)
class Distance:
    """Between two landmarks."""

    one: str
    other: str

    @property
    def landmarks(self) -> Path:
        """See ``Figure``."""
        return (self.one, self.other)

    @property
    def paths(self) -> tuple[Path, ...]:
        """See ``Figure``."""
        return ((self.one, self.other),)

    def value(self, places: Places) -> float:
        """See ``Figure``."""
        return float(np.linalg.norm(places[self.other] - places[self.one]))


@dataclass(frozen=True, slots=True)
class Height:
    """Between two landmarks, along the midline."""

    upper: str
    lower: str

    @property
    def landmarks(self) -> Path:
        """See ``Figure``."""
        return (self.upper, self.lower, *CANTHI)

    @property
    def paths(self) -> tuple[Path, ...]:
        """See ``Figure``."""
        return ((self.upper, self.lower),)

    def value(self, places: Places) -> float:
        """See ``Figure``."""
        return float((places[self.lower] - places[self.upper]) @ _down(_across(places)))


@dataclass(frozen=True, slots=True)
class Width:
    """Between two landmarks, across the midline."""

    right: str
    left: str

    @property
    def landmarks(self) -> Path:
        """See ``Figure``."""
        return (self.right, self.left, *CANTHI)

    @property
    def paths(self) -> tuple[Path, ...]:
        """See ``Figure``."""
        return ((self.right, self.left),)

    def value(self, places: Places) -> float:
        """See ``Figure``."""
        return float((places[self.left] - places[self.right]) @ _across(places))


@dataclass(frozen=True, slots=True)
class OffMidline:
    """How far a landmark lies off the midline: positive to the subject's left."""

    point: str

    @property
    def landmarks(self) -> Path:
        """See ``Figure``."""
        return (self.point, *CANTHI)

    @property
    def paths(self) -> tuple[Path, ...]:
        """See ``Figure``."""
        return ()

    def value(self, places: Places) -> float:
        """See ``Figure``."""
        return float((places[self.point] - middle(places)) @ _across(places))


@dataclass(frozen=True, slots=True)
class Unevenness:
    """How far landmarks of the left lie from the mirror images of their partners, on average."""

    parts: tuple[str, ...]

    @property
    def landmarks(self) -> Path:
        """See ``Figure``."""
        pairs = [f"{side} {part}" for part in self.parts for side in ("right", "left")]
        return tuple(dict.fromkeys([*pairs, *CANTHI]))

    @property
    def paths(self) -> tuple[Path, ...]:
        """See ``Figure``."""
        return ()

    def value(self, places: Places) -> float:
        """See ``Figure``."""
        across, centre = _across(places), middle(places)
        gaps = []
        for part in self.parts:
            right, left = places[f"right {part}"], places[f"left {part}"]
            mirrored = right - 2 * float((right - centre) @ across) * across
            gaps.append(float(np.linalg.norm(left - mirrored)))
        return float(np.mean(gaps))


@dataclass(frozen=True, slots=True)
class Angle:
    """At the second of three landmarks, in degrees."""

    one: str
    vertex: str
    other: str

    @property
    def landmarks(self) -> tuple[str, str, str]:
        """See ``Figure``."""
        return (self.one, self.vertex, self.other)

    @property
    def paths(self) -> tuple[Path, ...]:
        """See ``Figure``."""
        return (self.landmarks,)

    def value(self, places: Places) -> float:
        """See ``Figure``."""
        return 180 - abs(_bend(places, self.landmarks))


@dataclass(frozen=True, slots=True)
class Convexity:
    """By how many degrees a profile bends at the second of three landmarks: 0 where straight.

    Positive where the second lies before the line between the others.
    """

    upper: str
    vertex: str
    lower: str

    @property
    def landmarks(self) -> tuple[str, str, str]:
        """See ``Figure``."""
        return (self.upper, self.vertex, self.lower)

    @property
    def paths(self) -> tuple[Path, ...]:
        """See ``Figure``."""
        return (self.landmarks,)

    def value(self, places: Places) -> float:
        """See ``Figure``."""
        return _bend(places, self.landmarks)


@dataclass(frozen=True, slots=True)
class BeforeLine:
    """How far a landmark of a profile lies before the line down through two others."""

    point: str
    upper: str
    lower: str

    @property
    def landmarks(self) -> Path:
        """See ``Figure``."""
        return (self.point, self.upper, self.lower)

    @property
    def paths(self) -> tuple[Path, ...]:
        """See ``Figure``."""
        return ((self.upper, self.lower),)

    def value(self, places: Places) -> float:
        """See ``Figure``."""
        way = places[self.lower] - places[self.upper]
        return float(-_cross(way, places[self.point] - places[self.upper]) / np.linalg.norm(way))


@dataclass(frozen=True, slots=True)
class Ratio:
    """Of two other figures: the size of the first over that of the second."""

    over: Figure
    under: Figure

    @property
    def landmarks(self) -> Path:
        """See ``Figure``."""
        return tuple(dict.fromkeys([*self.over.landmarks, *self.under.landmarks]))

    @property
    def paths(self) -> tuple[Path, ...]:
        """See ``Figure``."""
        return (*self.over.paths, *self.under.paths)

    def value(self, places: Places) -> float:
        """See ``Figure``."""
        return abs(self.over.value(places)) / max(abs(self.under.value(places)), 1e-6)


def middle(places: Places) -> Place:
    """Where the midline crosses the line of the canthi: (2,)."""
    return np.asarray(np.mean([places[name] for name in CANTHI], axis=0))


def midline(places: Places) -> Place:
    """The direction of the midline, down: a unit vector, (2,)."""
    return _down(_across(places))


def _across(places: Places) -> Place:
    """The direction of the line of the canthi, to the subject's left: a unit vector."""
    right_outer, right_inner, left_inner, left_outer = (places[name] for name in CANTHI)
    way = left_outer - right_outer + left_inner - right_inner
    return np.asarray(way / max(float(np.linalg.norm(way)), 1e-6))


def _down(across: Place) -> Place:
    return np.array([-across[1], across[0]])


def _bend(places: Places, path: tuple[str, str, str]) -> float:
    """By how many degrees the way through three places turns; positive to the right."""
    one, vertex, other = (places[name] for name in path)
    first, second = vertex - one, other - vertex
    return float(np.degrees(np.arctan2(_cross(first, second), first @ second)))


def _cross(one: Place, other: Place) -> float:
    return float(one[0] * other[1] - one[1] * other[0])

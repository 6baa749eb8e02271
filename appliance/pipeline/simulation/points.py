"""Points of a face that a clinician sets by hand, and the file that keeps them.

The mesh network draws the nose that faces have, not the one that is there, and the more a head is
turned the more so. A few points bend its mesh onto the photo. They are the anthropometric landmarks
of :mod:`appliance.pipeline.simulation.measuring.landmarks`, with hyphens in their names, the
rhinion, and three of each brow's upper edge:

==================  =====  =========================================================
name                point  what it is
==================  =====  =========================================================
nasion                168  the root of the nose, on the middle line between the eyes
rhinion               197  where the bone of the bridge of the nose ends: the middle of a hump
pronasale               1  the tip of the nose
subnasale               2  where the columella meets the upper lip
alare                 129  the side of a nostril's wing, where it is widest
exocanthion            33  the outer corner of an eye
cheilion               61  a corner of the mouth
labrale-superius        0  the upper lip's red border on the middle line
pogonion              199  the foremost place of the chin
menton                152  the lowest place of the chin
gonion                172  the angle of the jaw
brow-inner            107  the inner end of a brow's upper edge
brow-top              105  the highest place of a brow's upper edge
brow-outer             70  the outer end of a brow's upper edge
endocanthion          133  the inner corner of an eye
glabella                9  the foremost place between the brows
columella              19  the foremost place of the skin between the nostrils
labrale-inferius       17  the lower lip's red border on the middle line
sublabiale             18  the deepest place between lower lip and chin
==================  =====  =========================================================

Those of a pair have ``right-`` or ``left-``, the subject's, before their names; the table has the
right one's point. The hairline is none of them: the mesh ends below it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isfinite
from types import MappingProxyType
from typing import Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.errors import InputError
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.simulation.measuring.landmarks import LANDMARKS

Side: TypeAlias = Literal["middle", "right", "left"]
PointSet: TypeAlias = Literal["nose", "face", "brows"]

MARGIN = 10.0
"""Degrees before a point goes out of sight at which it need not be set any more: yaw that the
network reads is too low by so much at 60."""

MAX_BYTES = 64 * 1024
APART = 1.0  # pixels: two points that are nearer are one that was set twice
VERSION = 1

_MIDDLE = (
    "nasion", "pronasale", "subnasale", "labrale-superius", "pogonion", "menton", "glabella",
    "columella", "labrale-inferius", "sublabiale", "rhinion",
)  # fmt: skip
# The yaw in degrees at which rendered heads hide the one that is turned away.
_PAIRED = {
    "alare": 30, "exocanthion": 60, "cheilion": 45, "gonion": 25, "brow-inner": 90, "brow-top": 60,
    "brow-outer": 35, "endocanthion": 35,
}  # fmt: skip
_MORE_POINTS = {
    "rhinion": 197,
    "right-brow-inner": 107, "right-brow-top": 105, "right-brow-outer": 70,
    "left-brow-inner": 336, "left-brow-top": 334, "left-brow-outer": 300,
}  # fmt: skip
_NOSE = ("nasion", "pronasale", "subnasale", "alare")
_FACE = (*_NOSE, "exocanthion", "cheilion", "labrale-superius", "pogonion", "menton", "gonion")
_BROWS = ("brow-inner", "brow-top", "brow-outer")


@dataclass(frozen=True, slots=True)
class NamedPoint:
    """A landmark: the mesh point ``index`` that marks it, and the ``side`` of the subject.

    ``seen``: degrees of yaw away from that side up to which it is seen.
    """

    name: str
    index: int
    side: Side
    seen: float

    def is_seen(self, yaw: float) -> bool:
        """Whether a head turned by ``yaw`` degrees towards its left shows it."""
        away = {"left": yaw, "right": -yaw, "middle": 0.0}[self.side]
        return away < self.seen


def _named() -> Mapping[str, NamedPoint]:
    index = _MORE_POINTS | {name.replace(" ", "-"): at for name, at in LANDMARKS.items()}
    found = {name: NamedPoint(name, index[name], "middle", 90) for name in _MIDDLE}
    for name, seen in _PAIRED.items():
        right, left = f"right-{name}", f"left-{name}"
        found[right] = NamedPoint(right, index[right], "right", seen)
        found[left] = NamedPoint(left, index[left], "left", seen)
    return MappingProxyType(found)


NAMED: Mapping[str, NamedPoint] = _named()
"""All landmarks by name."""


def _with_sides(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(point for point in NAMED if point in names or point.partition("-")[2] in names)


SETS: Mapping[PointSet, frozenset[str]] = MappingProxyType(
    {"nose": _with_sides(_NOSE), "face": _with_sides(_FACE), "brows": _with_sides(_BROWS)}
)
"""The names that a handle may need: 5 of the nose, 14 of the face, 6 of the brows."""


@dataclass(frozen=True, slots=True)
class PlacedPoints:
    """Landmarks in one picture.

    ``size``: (w, h) of the picture, upright, in pixels. ``places``: x, y in its pixels by name.
    """

    size: tuple[int, int]
    places: Mapping[str, tuple[float, float]]

    @property
    def indices(self) -> NDArray[np.intp]:
        """The mesh points that are marked: (n,)."""
        return np.array([NAMED[name].index for name in self.places], np.intp)

    @property
    def pixels(self) -> Float:
        """Where they lie: (n, 2)."""
        return np.array(list(self.places.values()), np.float32).reshape(-1, 2)

    @property
    def by_index(self) -> dict[int, tuple[float, float]]:
        """Where they lie, by the mesh point that each marks."""
        return {NAMED[name].index: at for name, at in self.places.items()}

    def missing(self, wanted: PointSet, yaw: float) -> frozenset[str]:
        """What a set lacks on a head turned by ``yaw`` degrees towards the subject's left.

        What is turned away may be left out.
        """
        further = yaw + np.copysign(MARGIN, yaw)
        needed = {name for name in SETS[wanted] if NAMED[name].is_seen(further)}
        return frozenset(needed - self.places.keys())

    def complete(self, yaw: float) -> frozenset[PointSet]:
        """The sets of which nothing is missing."""
        return frozenset(name for name in SETS if not self.missing(name, yaw))


def proposed(mesh: Float, size: tuple[int, int], yaw: float) -> PlacedPoints:
    """Where a (478, 3) mesh has its landmarks, for a clinician to correct.

    ``size``: (w, h) of the picture. Left out is what lies outside of it, and what the head, turned
    by ``yaw`` degrees, hides: it cannot be corrected. So is what coincides with another one in
    profile.
    """
    places = {
        name: (round(float(mesh[point.index, 0]), 1), round(float(mesh[point.index, 1]), 1))
        for name, point in NAMED.items()
        if point.is_seen(yaw)
    }
    kept: dict[str, tuple[float, float]] = {}
    for name, at in places.items():
        if _inside(at, size) and not any(_coincide(at, other) for other in kept.values()):
            kept[name] = at
    return PlacedPoints(size, kept)


class _Picture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    width: int
    height: int


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    picture: _Picture
    points: dict[str, tuple[float, float]]


def read_points(data: bytes, size: tuple[int, int]) -> PlacedPoints:
    """The landmarks in a file, for a photo of ``size`` (w, h), upright.

    Raises ``InputError`` for what is no such file, and as :func:`checked`.
    """
    found = _decoded(data)
    if (found.picture.width, found.picture.height) != size:
        raise InputError(
            "The points were set on a photo of another size.",
            "Use the file of points that belongs to this photo.",
        )
    if not found.points:
        raise InputError("The file holds no points.", _AGAIN)
    return checked(found.points, size)


def checked(places: Mapping[str, tuple[float, float]], size: tuple[int, int]) -> PlacedPoints:
    """Landmarks set by hand, x, y in pixels by name, in a photo of ``size`` (w, h), upright.

    Raises ``InputError`` unless each is a known one, inside the picture, and set once.
    """
    if not places.keys() <= NAMED.keys():
        raise InputError("A point has a name that is not known.", f"Names are: {', '.join(NAMED)}.")
    points = PlacedPoints(size, places)
    for name, at in points.places.items():
        if not _inside(at, size):
            raise InputError(
                f"The point {name} lies outside the picture.",
                "Both of its numbers are pixels from the picture's top left corner.",
            )
    for (one, a), (other, b) in combinations(points.places.items(), 2):
        if _coincide(a, b):
            raise InputError(
                f"The points {one} and {other} lie at the same place.", "Move or delete one."
            )
    _check_sides(points)
    return points


def mean_points(sets: Sequence[PlacedPoints]) -> PlacedPoints:
    """The mean of points of one picture that were set several times; of those that all have."""
    first, *more = sets
    names = [name for name in first.places if all(name in one.places for one in more)]
    count = len(sets)
    return PlacedPoints(
        first.size,
        {
            name: (
                sum(one.places[name][0] for one in sets) / count,
                sum(one.places[name][1] for one in sets) / count,
            )
            for name in names
        },
    )


def scatter_of(sets: Sequence[PlacedPoints]) -> float:
    """Standard deviation along each axis, pixels, of points that were set several times.

    0 for a single set. It does not know what all sets have wrong alike.
    """
    mean = mean_points(sets).places
    if len(sets) == 1 or not mean:
        return 0.0
    off = np.array([[np.subtract(one.places[name], mean[name]) for name in mean] for one in sets])
    return float(np.sqrt((off**2).sum() / (2 * len(mean) * (len(sets) - 1))))


def written_points(points: PlacedPoints) -> bytes:
    """The file that :func:`read_points` reads. It holds places and names of landmarks, no more."""
    (width, height), rows = points.size, []
    for name, (x, y) in points.places.items():
        rows.append(f"{name} = [{x:.1f}, {y:.1f}]\n")
    head = (
        "# Landmarks of a face, in pixels from the top left corner of the upright picture.\n"
        "# Correct them by hand; delete those that the photo does not show.\n"
        f"version = {VERSION}\n\n[picture]\nwidth = {width}\nheight = {height}\n\n[points]\n"
    )
    return (head + "".join(rows)).encode()


_AGAIN = "Write one with `appliance simulate points`, and change its numbers alone."


def _decoded(data: bytes) -> _File:
    if len(data) > MAX_BYTES:
        raise InputError("The file is larger than a file of points can be.", _AGAIN)
    try:
        found = msgspec.toml.decode(data, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            "The file of points is not as it must be, or sets a point twice.", _AGAIN
        ) from error
    if found.version != VERSION:
        raise InputError("The file of points is of another version of this program.", _AGAIN)
    return found


def _coincide(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return abs(one[0] - other[0]) < APART and abs(one[1] - other[1]) < APART


def _inside(at: tuple[float, float], size: tuple[int, int]) -> bool:
    x, y = at
    return isfinite(x) and isfinite(y) and 0 <= x <= size[0] - 1 and 0 <= y <= size[1] - 1


def _check_sides(points: PlacedPoints) -> None:
    """Raise ``InputError`` where the subject's right and left are mixed up."""
    places = {name: np.array(at) for name, at in points.places.items()}
    if not {"nasion", "subnasale"} <= places.keys():
        return
    down = places["subnasale"] - places["nasion"]
    for name in _PAIRED:
        if {f"right-{name}", f"left-{name}"} <= places.keys():
            across = places[f"left-{name}"] - places[f"right-{name}"]
            if across[0] * down[1] - across[1] * down[0] < 0:
                raise InputError(
                    f"The points right-{name} and left-{name} are mixed up.",
                    "Right and left are the subject's: right is on the left of the picture.",
                )

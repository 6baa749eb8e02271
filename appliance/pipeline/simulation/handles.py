"""The handles of a simulation, as a table: what each moves, how far, and where it is honest.

Directions are those of the canonical face: x to the subject's left, y up, z out of the face. Points
are written for the subject's right half and the middle; the left half mirrors them. Falls-off are
in millimetres along the surface. Bounds are what anatomy allows, and narrower than what would fold
the picture.

The ranges of yaw in which a handle is honest were measured on rendered heads, turned by 0, 20, 40,
60 and more degrees, by what each pixel was moved and should have been: where the gain is within
10 % and 95 of 100 pixels are right to 0.6 mm, and half way to the next step where they are not.
Alone and with the network's mesh: ``python -m tests.bench.simulation``; with points that are set
with a noise of 0.7 mm, and with these only: ``python -m tests.bench.simulation_points``, where it
has the handle. All were measured again on heads of shapes that no network drew,
``python -m tests.bench.simulation displacement``, which narrowed ranges: alone by the same bounds,
with points, of which one draw was taken, where the gain is more than 12 % off or the 95th
percentile beyond 0.7 mm; but for the tip of the nose at 40 degrees, whose misses docs/simulation.md
names, since a range has no gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.topology import INNER_LIPS, OUTER_LIPS, RIGHT_EYE, indices

Unit: TypeAlias = Literal["mm", "deg", "%"]
View: TypeAlias = Literal["front", "oblique", "profile"]
Region: TypeAlias = Literal["nose", "jaw", "lips", "brows", "eyes", "cheeks", "face"]
Points: TypeAlias = NDArray[np.intp]
Vector: TypeAlias = tuple[float, float, float]

UP, DOWN, FORWARD, OUTWARD = (0.0, 1.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, 1.0), (-1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Still:
    """What stays where it is: ``points`` and, falling off over ``reach`` mm, their neighbours.

    ``share``: of the move that is held back there.
    """

    points: Points
    reach: float
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Push:
    """A move of ``points`` along ``direction``, that falls off over ``reach`` mm.

    ``direction``: mm for a value of 1, of the subject's right half where ``paired``, which its left
    half mirrors. ``limit``: of how many times the reach nothing moves beyond.
    """

    points: Points
    reach: float
    direction: Vector
    paired: bool = False
    still: tuple[Still, ...] = ()
    limit: float = 2.6


@dataclass(frozen=True, slots=True)
class Bump:
    """A smooth hill on the middle line, ``height`` and ``width`` mm wide (standard deviations).

    ``middle``: mm above the origin. ``direction``: mm for a value of 1. ``depth``: mm of z behind
    which nothing moves: the bridge of the nose, and not the skin beside it.
    """

    middle: float
    height: float
    width: float
    depth: float
    direction: Vector


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of ``points`` about the axis from side to side, that falls off over ``reach`` mm.

    ``pivot``: the points in whose middle the axis lies, ``above`` it by so many mm. A positive
    value turns what is in front of the axis up.
    """

    points: Points
    reach: float
    pivot: Points
    above: float
    still: tuple[Still, ...] = ()


@dataclass(frozen=True, slots=True)
class Symmetry:
    """A move of every point towards the mean of the face and its mirror image; 100 is all of it."""


Motion: TypeAlias = Push | Bump | Turn | Symmetry


@dataclass(frozen=True, slots=True)
class Handle:
    """One handle.

    ``region``: what it moves, a name of :mod:`appliance.pipeline.face_model.regions`. ``low`` and
    ``high``: its bounds, in ``unit``. ``view``: the view that shows it best. ``network``: from
    which to which yaw, degrees, it is honest on the network's mesh alone; ``None``: never.
    ``points``: the same with points set by hand as well; ``points_only``: with these where the
    network finds no face. ``needs``: the points that must be set by hand for that, as
    :data:`appliance.pipeline.simulation.points` names them.
    """

    name: str
    region: Region
    unit: Unit
    low: float
    high: float
    view: View
    motions: tuple[Motion, ...]
    network: tuple[float, float] | None
    points: tuple[float, float] | None
    points_only: tuple[float, float] | None
    needs: Literal["nose", "face", "brows"] = "face"


_MOUTH = indices("17 84 314 61 291")
_LIPS = np.concatenate([OUTER_LIPS, INNER_LIPS])
_BROW = indices("70 63 105 66 107 46 53 52 65 55")
_BROW_HAIR = np.concatenate([_BROW, indices("225 224 223 222")])  # its lower edge, on photographs
_EAR = indices("127 234 93 132")  # in front of the ear and its lobe
_NOSE_SIDE = indices("61 40 186 92")
_UPPER_LIP, _LOWER_LIP = indices("0 37 267 39 269"), indices("17 84 314 181 405")
_UPPER_LID, _LOWER_LID = indices("159 158 160 157 161"), indices("145 153 144 154 163")
_LIDS = np.concatenate([RIGHT_EYE])

_TABLE = (
    Handle(
        "tip-projection", "nose", "mm", -4, 4, "profile",
        (Push(indices("4 1 5"), 9, FORWARD, still=(Still(indices("0 164"), 7, 0.9),)),),
        None, (10, 75), (68, 80), "nose",
    ),
    Handle(
        "tip-rotation", "nose", "deg", -8, 10, "profile",
        (
            Turn(
                indices("4 1 19"), 11, indices("64 294"), 1.0,
                (Still(indices("0 164 37 267"), 7), Still(indices("197 6"), 7)),
            ),
        ),
        None, (0, 75), (50, 68), "nose",
    ),
    Handle(
        "hump", "nose", "mm", -3, 3, "profile",
        (Bump(14.5, 7.5, 5.5, 45, (0, 0.56, 0.83)),),
        None, (0, 75), (50, 90), "nose",
    ),
    Handle(
        "radix", "nose", "mm", -3, 3, "profile",
        (Bump(30, 6, 7, 42, FORWARD),),
        None, None, (68, 80), "nose",
    ),
    Handle(
        "alar-width", "nose", "mm", -5, 4, "front",
        (
            Push(
                indices("48 64 49 129 102"), 6.5, (-0.5, 0, 0), paired=True,
                still=(Still(_NOSE_SIDE, 6),),
            ),
        ),
        (0, 10), (0, 50), (0, 50), "nose",
    ),
    Handle(
        "bridge-width", "nose", "mm", -4, 4, "front",
        (Push(indices("236 196 174 122 198"), 5.5, (-0.5, 0, 0), paired=True),),
        (0, 10), (0, 60), (0, 60), "nose",
    ),
    Handle(
        "nose-deviation", "nose", "mm", -4, 4, "front",
        (
            Push(
                indices("4 1 5 195 19 197"), 9, (1, 0, 0),
                still=(Still(indices("0 164 37 267"), 7), Still(indices("168 8 133 362"), 8)),
            ),
        ),
        None, (0, 50), None, "nose",
    ),
    Handle(
        "chin-projection", "jaw", "mm", -6, 6, "profile",
        (Push(indices("152 175 199 171 396"), 15, FORWARD, still=(Still(_MOUTH, 9, 0.9),)),),
        (10, 30), (10, 68), None,
    ),
    Handle(
        "chin-height", "jaw", "mm", -5, 5, "front",
        (Push(indices("152 175 148 377"), 16, DOWN, still=(Still(_MOUTH, 10, 0.9),)),),
        (0, 10), (0, 75), None,
    ),
    Handle(
        "chin-width", "jaw", "mm", -8, 8, "front",
        (Push(indices("176 140 149"), 12, (-0.5, 0, 0), paired=True),),
        (0, 30), (0, 60), None,
    ),
    Handle(
        "jaw-width", "jaw", "mm", -10, 8, "front",
        (
            Push(
                indices("172 136 58 150"), 17, (-0.5, 0, 0), paired=True,
                still=(Still(indices("61 291"), 10), Still(_EAR, 8)),
            ),
        ),
        (0, 30), (0, 10), (0, 50),
    ),
    Handle(
        "lip-height", "lips", "mm", -2, 2, "front",
        (
            Push(_UPPER_LIP, 5.5, (0, 0.5, 0.1), limit=2, still=(Still(INNER_LIPS, 4, 0.9),)),
            Push(_LOWER_LIP, 6, (0, -0.5, 0.1), still=(Still(INNER_LIPS, 4, 0.9),)),
        ),
        None, (0, 30), None,
    ),
    Handle(
        "lip-volume", "lips", "mm", -1.5, 2.5, "oblique",
        (
            Push(_UPPER_LIP, 5.5, (0, 0.55, 0.8), limit=2, still=(Still(INNER_LIPS, 4, 0.8),)),
            Push(_LOWER_LIP, 6, (0, -0.6, 0.75), still=(Still(INNER_LIPS, 4, 0.8),)),
        ),
        None, (0, 30), None,
    ),
    Handle(
        "lip-corner", "lips", "mm", -3, 3, "front",
        (
            Push(
                indices("61"), 7, (-0.25, 1, 0), paired=True,
                still=(Still(indices("0 17 13 14"), 8),),
            ),
        ),
        None, (0, 30), None,
    ),
    Handle(
        "brow-height", "brows", "mm", -3, 4, "front",
        (Push(_BROW_HAIR, 8, UP, paired=True, limit=2.2, still=(Still(_LIDS, 2.5),)),),
        None, None, None, "brows",
    ),
    Handle(
        "brow-arch", "brows", "mm", -2, 3, "front",
        (
            Push(
                indices("63 105 53 52 224 223"), 7, UP, paired=True, limit=2.2,
                still=(Still(_LIDS, 2.5), Still(indices("107 55"), 7)),
            ),
        ),
        None, None, None, "brows",
    ),
    Handle(
        "lid-crease", "eyes", "mm", -1.5, 1.5, "front",
        (
            Push(
                indices("27 28 29 30"), 4, UP, paired=True, limit=2,
                still=(Still(_LIDS, 2.5), Still(_BROW, 4)),
            ),
        ),
        None, (0, 50), None,
    ),
    Handle(
        "lid-openness", "eyes", "mm", -1.5, 1.5, "front",
        (
            Push(_UPPER_LID, 3.5, UP, paired=True, limit=2, still=(Still(_LOWER_LID, 4),)),
        ),
        None, (0, 30), None,
    ),
    Handle(
        "cheek", "cheeks", "mm", -4, 4, "oblique",
        (Push(indices("50 101 118 205 117"), 13, (-0.55, 0, 0.83), paired=True),),
        (0, 30), (0, 60), None,
    ),
    Handle("symmetry", "face", "%", 0, 100, "front", (Symmetry(),), None, None, None),
)  # fmt: skip

HANDLES: Mapping[str, Handle] = MappingProxyType({handle.name: handle for handle in _TABLE})
"""All handles by name, in the order in which they are shown."""

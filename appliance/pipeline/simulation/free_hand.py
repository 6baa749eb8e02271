"""The free hand: places of a picture that are dragged to others, and what lies between them.

The picture follows by rigid moving least squares (S. Schaefer, T. McPhail and J. Warren, "Image
Deformation Using Moving Least Squares", ACM TOG 25(3), 2006): each place moves by the turn and
shift that fit the drags best, near ones above all. In the plane numbers are complex, so that a turn
is a factor of length 1. It needs no mesh: a true profile is what it is for.

Only what lies near a drag moves, and nothing may fold: as with the handles, whose field it joins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import hypot, isfinite
from typing import Self

import numpy as np
from numpy.typing import NDArray

from appliance.errors import HandleError
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import invert, smoothstep, transform
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.simulation.field import (
    CELL,
    LEAST_JACOBIAN,
    WarpField,
    grid_around,
    jacobian,
    unfolded,
    without_rest,
)

REACH = 12.0  # mm around the end of a drag where the picture moves, at least
LENGTHS = 2.5  # drags that it reaches at least: from 2.2 on one drag alone folds nothing
LONGEST = 10.0  # mm that a place may be dragged
MOST = 64  # drags
APART = 2 * CELL  # mm: nearer, the grid shows nothing of what happens between two places

# Steps until places agree to a tenth of a pixel. Such short ones come nearer wherever the field
# stretches a place by no more than four times.
_STEPS, _STEP = 48, 0.4

_Complex = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Drag:
    """A place of a picture, ``start``, that shall lie at ``end``: x, y in pixels.

    One that ends where it starts is a pin: it holds its place while others move.
    """

    start: tuple[float, float]
    end: tuple[float, float]

    @classmethod
    def by_mm(cls, start: tuple[float, float], by: tuple[float, float], mm: float) -> Self:
        """From ``start``, in pixels, to the right and down ``by`` so many mm; ``mm`` of a pixel."""
        return cls(start, (start[0] + by[0] / mm, start[1] + by[1] / mm))

    @property
    def length(self) -> float:
        """In pixels."""
        return hypot(self.end[0] - self.start[0], self.end[1] - self.start[1])


def dragged(
    field: WarpField | None, drags: Sequence[Drag], mm: float, size: tuple[int, int]
) -> WarpField:
    """``field`` and after it one or more ``drags``, as one field; ``None``: nothing else moves.

    ``mm``: of a pixel. ``size``: (w, h) of the picture. Raises ``HandleError`` for drags that are
    too long or too many, lie outside the picture, or start or end at places that lie too near.
    """
    _check(drags, mm, size)
    ends = np.array([place for drag in drags for place in (drag.start, drag.end)], np.float32)
    grid = grid_around(ends if field is None else np.vstack([ends, _corners(field)]), mm)
    rows, columns = np.indices((grid.cells, grid.cells), dtype=np.float32)
    cells = np.column_stack([columns.ravel(), rows.ravel()])
    places = transform(cells, invert(grid.matrix))
    shift = _shift(places, drags, mm)
    light = np.zeros(len(places), np.float32)
    if field is not None:
        origin = transform(places - shift, field.grid.matrix)[None]
        shift = shift + images.remapped(field.shift, origin)[0]
        light = images.remapped(field.light, origin)[0]
    square = (grid.cells, grid.cells)
    total, share = np.asarray(shift.reshape(*square, 2), np.float32), 1.0
    total = without_rest(total)
    if jacobian(total, float(grid.matrix[0, 0])).min() < LEAST_JACOBIAN:
        total, share = unfolded(total, float(grid.matrix[0, 0]))
    share *= 1.0 if field is None else field.share
    return WarpField(grid, total, light.reshape(square), share)


def carried(points: Float, field: WarpField) -> Float:
    """Where (n, 2) places of the picture, in pixels, lie after ``field``: (n, 2).

    The field is known backwards; it is turned round by iterating. As it does not fold, each step is
    one towards the end if it is short enough.
    """
    moved = points
    for _ in range(_STEPS):
        shift = images.remapped(field.shift, transform(moved, field.grid.matrix)[None])[0]
        moved = np.asarray(moved + _STEP * (points + shift - moved), np.float32)
    return moved


def _corners(field: WarpField) -> Float:
    """The grid's outermost places that a margin around them covers again: (2, 2) pixels."""
    moved = np.abs(field.shift).max(axis=2) > 0
    rows, columns = np.flatnonzero(moved.any(axis=1)), np.flatnonzero(moved.any(axis=0))
    if not len(rows):
        return np.zeros((0, 2), np.float32)
    cells = np.array([[columns[0], rows[0]], [columns[-1], rows[-1]]], np.float32)
    return transform(cells, invert(field.grid.matrix))


def _shift(places: Float, drags: Sequence[Drag], mm: float) -> Float:
    """By how much what is seen at (n, 2) ``places`` was moved: (n, 2) pixels.

    The deformation is solved backwards, from ends to starts, since a picture is drawn that way.
    """
    ends = np.array([complex(*drag.end) for drag in drags])
    starts = np.array([complex(*drag.start) for drag in drags])
    reach = max(REACH, LENGTHS * mm * max(drag.length for drag in drags)) / mm
    v: _Complex = (places[:, 0] + 1j * places[:, 1]).astype(np.complex128)
    nearest = np.full(len(v), np.inf)
    for end in ends:
        nearest = np.minimum(nearest, np.abs(v - end))
    shift = np.zeros(len(v), np.complex128)
    near = nearest < reach
    shift[near] = v[near] - _rigid(v[near], ends, starts)
    shift *= 1 - smoothstep(np.asarray(nearest, np.float32), 0, reach)
    return np.column_stack([shift.real, shift.imag]).astype(np.float32)


def _rigid(v: _Complex, ends: _Complex, starts: _Complex) -> _Complex:
    """Where ``v`` comes from, (n,), if what lies at ``ends``, (k,), comes from ``starts``."""
    apart = np.abs(v[:, None] - ends[None])
    weights = 1 / np.maximum(apart, 1e-3) ** 2
    weights /= weights.sum(axis=1, keepdims=True)
    middle, origin = weights @ ends, weights @ starts
    turn = (weights * np.conj(ends - middle[:, None]) * (starts - origin[:, None])).sum(axis=1)
    size = np.abs(turn)
    turn = np.where(size > 1e-9, turn / np.maximum(size, 1e-12), 1)
    return np.asarray(origin + turn * (v - middle))


def _check(drags: Sequence[Drag], mm: float, size: tuple[int, int]) -> None:
    if len(drags) > MOST:
        raise HandleError(f"There are more than {MOST} drags.", "Drag fewer places.")
    for drag in drags:
        for x, y in (drag.start, drag.end):
            inside = isfinite(x) and isfinite(y) and 0 <= x <= size[0] - 1 and 0 <= y <= size[1] - 1
            if not inside:
                raise HandleError(
                    "A drag starts or ends outside the picture.",
                    "Its numbers are pixels from the picture's top left corner.",
                )
        if drag.length * mm > LONGEST:
            raise HandleError(f"A drag is longer than {LONGEST:.0f} mm.", "Drag it less far.")
    for one, other in combinations(drags, 2):
        for a, b in ((one.start, other.start), (one.end, other.end)):
            if hypot(a[0] - b[0], a[1] - b[1]) * mm < APART:
                raise HandleError(
                    f"Two drags start, or end, less than {APART:g} mm apart.", "Delete one of them."
                )

"""Moves of the mesh points that handles ask for, in millimetres on the canonical axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import singledispatchmethod

import numpy as np

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.topology import LEFT_EYE, LEFT_IRIS, RIGHT_EYE, RIGHT_IRIS
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.simulation.handles import (
    HANDLES,
    Bump,
    Motion,
    Points,
    Push,
    Still,
    Symmetry,
    Turn,
)
from appliance.pipeline.simulation.surface import Surface

_MIRROR = np.array([-1, 1, 1], np.float32)


@dataclass(frozen=True, slots=True)
class _Sway:
    """A move by a fixed vector at each point: ``per_unit`` (478, 3) mm for a value of 1."""

    per_unit: Float

    def move(self, shape: Float, value: float) -> Float:
        del shape
        return np.asarray(value * self.per_unit, np.float32)


@dataclass(frozen=True, slots=True)
class _Swing:
    """A turn about the x axis through the ``pivot``: ``weights`` (478,) 0-1."""

    weights: Float
    pivot: Points
    above: float

    def move(self, shape: Float, value: float) -> Float:
        arm = shape - shape[self.pivot].mean(axis=0) - np.array([0, self.above, 0], np.float32)
        angle = np.radians(-value)  # about x, which points to the subject's left: up is negative
        cos, sin = np.cos(angle), np.sin(angle)
        turned = np.column_stack(
            [arm[:, 0], cos * arm[:, 1] - sin * arm[:, 2], sin * arm[:, 1] + cos * arm[:, 2]]
        )
        return np.asarray(self.weights[:, None] * (turned - arm), np.float32)


@dataclass(frozen=True, slots=True)
class _Evening:
    """Towards the mean of the face and its mirror image."""

    mirror: Points

    def move(self, shape: Float, value: float) -> Float:
        mirrored = shape[self.mirror] * _MIRROR
        middle = (shape - mirrored)[:, 0].mean() / 2  # of the plane between the halves
        mirrored[:, 0] += 2 * middle
        return np.asarray(value / 100 * (mirrored - shape) / 2, np.float32)


class HandleMover:
    """Turns values of handles into a move of each mesh point.

    What depends on the canonical face alone is worked out once.
    """

    def __init__(self, canonical: Canonical) -> None:
        self._surface, self._mirror = Surface(canonical), canonical.mirror
        self._moves = {
            name: [self._prepared(motion) for motion in handle.motions]
            for name, handle in HANDLES.items()
        }

    def move(self, shape: Float, values: Mapping[str, float]) -> Float:
        """The move of each point of an aligned face, (478, 3) mm, for ``values`` by handle.

        ``shape``: (478, 3) mm on the canonical axes. Irises go with the lids around them.
        """
        total = np.zeros_like(shape)
        for name, value in values.items():
            for motion in self._moves[name]:
                total += motion.move(shape, value)
        for start, ring in ((RIGHT_IRIS, RIGHT_EYE), (LEFT_IRIS, LEFT_EYE)):
            total[start : start + 5] = total[ring].mean(axis=0)
        return total

    @singledispatchmethod
    def _prepared(self, motion: Motion) -> _Sway | _Swing | _Evening:
        raise TypeError(type(motion).__name__)

    @_prepared.register
    def _(self, motion: Push) -> _Sway:
        direction = np.array(motion.direction, np.float32)
        if motion.paired:
            left = self._mirror[motion.points]
            per_unit = np.outer(self._falling(motion, motion.points), direction)
            per_unit += np.outer(self._falling(motion, left), direction * _MIRROR)
        else:
            both = np.union1d(motion.points, self._mirror[motion.points])
            per_unit = np.outer(self._falling(motion, both), direction)
        for still in motion.still:
            per_unit *= 1 - self._held(still)[:, None]
        longest = np.linalg.norm(per_unit, axis=1).max()
        return _Sway(np.asarray(per_unit * (np.linalg.norm(direction) / longest), np.float32))

    @_prepared.register
    def _(self, motion: Bump) -> _Sway:
        x, y, z = self._surface.points.T
        hill = np.exp(
            -0.5 * ((y - motion.middle) / motion.height) ** 2 - 0.5 * (x / motion.width) ** 2
        )
        hill *= z > motion.depth
        return _Sway(np.outer(hill / hill.max(), motion.direction).astype(np.float32))

    @_prepared.register
    def _(self, motion: Turn) -> _Swing:
        both = np.union1d(motion.points, self._mirror[motion.points])
        weights = _fall_off(self._surface.distance(both), motion.reach)
        for still in motion.still:
            weights *= 1 - self._held(still)
        return _Swing(np.asarray(weights / weights.max(), np.float32), motion.pivot, motion.above)

    @_prepared.register
    def _(self, motion: Symmetry) -> _Evening:
        del motion
        return _Evening(self._mirror)

    def _falling(self, motion: Push, points: Points) -> Float:
        return _fall_off(self._surface.distance(points), motion.reach, motion.limit)

    def _held(self, still: Still) -> Float:
        both = np.union1d(still.points, self._mirror[still.points])
        return still.share * _fall_off(self._surface.distance(both), still.reach)


def _fall_off(distance: Float, reach: float, limit: float = 2.6) -> Float:
    """A Gaussian of standard deviation ``reach``, lowered to end at ``limit`` times the reach."""
    edge = np.exp(-0.5 * limit**2)
    bell = np.exp(-0.5 * (distance / reach) ** 2)
    return np.asarray(np.maximum(0, (bell - edge) / (1 - edge)), np.float32)

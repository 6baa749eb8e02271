"""What handles do to rendered heads, against what they should do, and points set on such heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model import perspective_pose
from appliance.pipeline.face_model.canonical import Canonical, signed_area
from appliance.pipeline.imaging.raster import Raster
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.media.canvas import Box
from appliance.pipeline.simulation.field import FieldSolver, WarpField, jacobian
from appliance.pipeline.simulation.mover import HandleMover
from appliance.pipeline.simulation.points import NAMED, SETS, PlacedPoints, PointSet, proposed
from appliance.pipeline.simulation.scale import Scale
from appliance.pipeline.simulation.view import View
from tests.pipeline.heads import DISTANCE, SCALE, SIDE, Head

SIZE = (SIDE, SIDE)
MM = perspective_pose.MM / SCALE
"""Millimetres of a pixel at the middle of a rendered head."""

KNOWN = Scale(MM, 0.03, "length")
MOVED = 0.05  # mm from which a pixel counts as moved
CLICK = 0.7  # mm, standard deviation on each axis


def known(head: Head, yaw: float) -> Scale:
    """The scale at the distance that the points of a ``head`` have on average, exactly."""
    nearer = -float(head.mesh(yaw)[:, 2].mean()) / SCALE
    return Scale(MM * (1 - nearer / DISTANCE), 0.01, "length")


@dataclass(frozen=True, slots=True)
class Displacement:
    """How well one move was made, over the pixels of the face that should move, or do.

    ``gain``: what was made of what was asked, 1 where all of it. ``mean`` and ``p95``: mm by which
    the displacement is off.
    """

    gain: float
    mean: float
    p95: float


@dataclass(frozen=True, slots=True)
class TrueMove:
    """What a move of a head truly does: ``shift`` (n, 2) mm at the ``covered`` (h, w) pixels."""

    shift: Float
    covered: NDArray[np.bool_]

    @property
    def longest(self) -> float:
        """Of any pixel, mm."""
        return float(np.hypot(*self.shift.T).max())


class DisplacementMeter:
    """Compares moves of a view's mesh with those of the true one."""

    def __init__(self, canonical: Canonical) -> None:
        self.canonical = canonical
        self._mover, self._solver = HandleMover(canonical), FieldSolver(canonical)

    def measure(
        self, head: Head, yaw: float, view: View, values: Mapping[str, float]
    ) -> Displacement:
        """What ``values`` by handle do to a ``head`` that is taken to lie as ``view`` has it."""
        return self.compare(self.true(head, yaw, values), view, values)

    def compare(
        self,
        truth: TrueMove,
        view: View,
        values: Mapping[str, float],
        *,
        asked: bool = False,
    ) -> Displacement:
        """The same against a ``truth`` that is known.

        ``asked``: over the pixels that should move alone, and not over those that go with them.
        """
        made = self.field(view, values).over(Box(0, 0, SIDE, SIDE))[0][truth.covered]
        made = np.asarray(made * np.float32(MM), np.float32)
        longest = np.hypot(*truth.shift.T)
        if not asked:
            longest = np.maximum(longest, np.hypot(*made.T))
        true, made = truth.shift[longest > MOVED], made[longest > MOVED]
        off = np.hypot(*(made - true).T)
        gain = float((made * true).sum() / max((true**2).sum(), 1e-9))
        return Displacement(gain, float(off.mean()), float(np.percentile(off, 95)))

    def least_jacobian(self, view: View, values: Mapping[str, float]) -> float:
        """The least share of its area that any place of the picture keeps."""
        field = self.field(view, values)
        return float(jacobian(field.shift, float(field.grid.matrix[0, 0])).min())

    def field(self, view: View, values: Mapping[str, float]) -> WarpField:
        """What a simulation does to a face that lies as ``view`` has it, but for its light."""
        after = view.moved(self.moved_by(view, values))
        return self._solver.solve(view.mesh, after, np.zeros(len(after), np.float32), MM)

    def moved_by(self, view: View, values: Mapping[str, float]) -> Float:
        """What a simulation moves the points of such a face by: (478, 3) mm."""
        return self._mover.move(view.shape, values)

    def move(self, head: Head, values: Mapping[str, float]) -> Float:
        """Of the mesh points of a ``head``: (478, 3) mm on the canonical axes."""
        return self._mover.move(head.shape * np.float32(perspective_pose.MM), values)

    def longest(self, head: Head, values: Mapping[str, float]) -> float:
        """The longest move of a mesh point in space, mm."""
        return float(np.linalg.norm(self.move(head, values), axis=1).max())

    def true(self, head: Head, yaw: float, values: Mapping[str, float]) -> TrueMove:
        """What ``values`` by handle truly do to a ``head``."""
        move = self.move(head, values)
        before, _ = head.surface(yaw)
        after, triangles = head.surface(yaw, move / np.float32(perspective_pose.MM))
        shown = triangles[signed_area(after[triangles][..., :2]) < 0]
        raster = Raster.draw(after[:, :2], after[:, 2][shown].mean(axis=1), shown, SIZE)
        shift = raster.cover().interpolate(np.asarray((after - before)[:, :2] * MM, np.float32))
        covered = raster.ids >= 0
        return TrueMove(shift[covered], covered)


def set_by_hand(head: Head, yaw: float, sets: tuple[PointSet, ...], draw: int) -> PlacedPoints:
    """The points of ``sets`` as somebody would set them, with noise; ``draw`` is its seed."""
    true = head.mesh(yaw)
    noise = np.random.default_rng([draw, round(yaw) % 360]).normal(0, CLICK / MM, (len(true), 2))
    clicked = true.copy()
    clicked[:, :2] += noise
    wanted = frozenset().union(*(SETS[name] for name in sets))
    places = proposed(clicked, SIZE, yaw).places
    return PlacedPoints(
        SIZE, {name: at for name, at in places.items() if name in wanted & NAMED.keys()}
    )

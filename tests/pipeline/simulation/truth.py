"""What a handle should do to a picture, on rendered heads whose shape is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.canonical import SKIRT_RING, Canonical, signed_area
from appliance.pipeline.face_model.perspective_pose import MM
from appliance.pipeline.face_model.shape import PoseEstimator
from appliance.pipeline.imaging.raster import Raster
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.media.canvas import Box
from appliance.pipeline.mesh_engine.source import MeshSource
from appliance.pipeline.simulation.field import WarpField
from appliance.pipeline.simulation.mover import HandleMover
from appliance.pipeline.simulation.scale import Scale
from tests.pipeline.heads import SIDE, Head, Rendered, projected

LEAST = 0.05  # mm: what should move by less is not compared
FEWEST = 50  # pixels that tell something


@dataclass(frozen=True, slots=True)
class Agreement:
    """Between what a field does and what it should do.

    ``gain``: 1 where all that was asked for is there. ``mean`` and ``p95``: of the error, mm.
    ``longest``: mm that a pixel should move.
    """

    gain: float
    mean: float
    p95: float
    longest: float


class TrueMoves:
    """One person's head, and where its pixels go when its shape is moved."""

    def __init__(self, canonical: Canonical, source: MeshSource) -> None:
        self._triangles = canonical.triangles[canonical.kind != SKIRT_RING]
        self._pose_estimator = PoseEstimator(canonical)
        self._mover = HandleMover(canonical)
        self._shape = source.shape.astype(np.float32)
        self._head = Head(canonical, source)

    def render(self, yaw: float) -> Rendered:
        """The head as it is."""
        return self._head.render(yaw)

    def scale(self, rendered: Rendered) -> Scale:
        """Of its picture, exactly."""
        pixels = self._pose_estimator.pose(rendered.face.mesh)[0]
        return Scale(MM / pixels, 0.01, "length")

    def compare(
        self, yaw: float, values: Mapping[str, float], field: WarpField
    ) -> Agreement | None:
        """How well ``field`` moves the pixels of the head in this pose; ``None`` if few move."""
        wanted, shown = self._wanted(yaw, values)
        mm = self.scale(self.render(yaw)).mm
        wanted *= mm
        made = field.over(Box(0, 0, SIDE, SIDE))[0] * mm
        length = np.hypot(wanted[..., 0], wanted[..., 1])
        kept = shown & (length > LEAST)
        if kept.sum() < FEWEST:
            return None
        error = np.linalg.norm(made[kept] - wanted[kept], axis=1)
        gain = (made[kept] * wanted[kept]).sum() / (wanted[kept] ** 2).sum()
        return Agreement(
            float(gain), float(error.mean()), float(np.percentile(error, 95)), float(length.max())
        )

    def _wanted(self, yaw: float, values: Mapping[str, float]) -> tuple[Float, NDArray[np.bool_]]:
        """By how many pixels each pixel was moved, (480, 480, 2), and where the face is."""
        move = self._mover.move(self._shape * np.float32(MM), values) / MM
        before = projected(self._shape, yaw)
        after = projected(self._shape + move, yaw)
        front = self._triangles[signed_area(after[self._triangles][..., :2]) < 0]
        depth = after[:, 2][front].mean(axis=1)
        raster = Raster.draw(after[:, :2], depth, front, (SIDE, SIDE))
        return raster.cover().interpolate((after - before)[:, :2]), raster.ids >= 0

"""Regions of a photo that were drawn by hand, changed together, each in its own way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.simulation.drawn_region import ALL, DrawnRegion
from appliance.pipeline.simulation.mean_shape import MeanShape
from appliance.pipeline.simulation.mirror import Mirror
from appliance.pipeline.simulation.view import View


class RegionChanger:
    """Changes regions; what depends on the canonical face alone is worked out once."""

    def __init__(self, canonical: Canonical) -> None:
        self._mirror, self._mean = Mirror(canonical), MeanShape(canonical)

    def change(self, canvas: Canvas, view: View, regions: Sequence[DrawnRegion]) -> Float | None:
        """Paint skin on ``canvas``, in place, and give the move of those whose shape changes.

        (478, 3) mm on the canonical axes, before the handles; ``None`` where no shape changes.
        Raises ``HandleError`` where a region cannot be, or would look wrong.
        """
        moves: list[Float] = []
        for region in regions:
            part = np.float32(region.share / ALL)
            if region.mode == "shape":
                moves.append(part * self._mirror.move(canvas, view, region.corners))
            elif region.mode == "mean":
                size = (canvas.width, canvas.height)
                moves.append(part * self._mean.move(view, region.corners, size))
            else:
                self._mirror.paint(canvas, view, region.corners, region.mode)
        return _longest(moves) if moves else None


def _longest(moves: Sequence[Float]) -> Float:
    """Of (478, 3) moves the longest of each point: regions may lie side by side."""
    stacked = np.stack(moves)
    at = np.linalg.norm(stacked, axis=2).argmax(axis=0)
    return np.asarray(stacked[at, np.arange(stacked.shape[1])], np.float32)

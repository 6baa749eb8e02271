"""Regions of a photo that are taken from the other half of the face, as a person asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import cv2
import numpy as np

from appliance.pipeline.imaging.types import Float
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.simulation.mirror import Mirror, Outline
from appliance.pipeline.simulation.view import View

RegionMode: TypeAlias = Literal["line", "region", "shape"]


@dataclass(frozen=True, slots=True)
class Region:
    """A polygon with the corners ``outline``, x, y in pixels, and what is taken of the other half.

    ``mode``: a ``line``'s fine structure, a ``region``'s skin, or the ``shape`` alone.
    """

    outline: Outline
    mode: RegionMode

    def area(self, mm: float) -> float:
        """In mm²; ``mm`` of a pixel. Of a polygon that does not cross itself."""
        corners = np.array(self.outline, np.float32)
        return float(cv2.contourArea(corners)) * mm**2


def mirrored(mirror: Mirror, canvas: Canvas, view: View, regions: Sequence[Region]) -> Float | None:
    """Paint lines and regions on ``canvas``, in place, and give the move of shapes.

    (478, 3) mm on the canonical axes, the sum of all shapes, before the handles; ``None`` without a
    shape. Raises ``HandleError`` where a region would look wrong.
    """
    moves = [
        mirror.move(canvas, view, region.outline) for region in regions if region.mode == "shape"
    ]
    for region in regions:
        if region.mode != "shape":
            mirror.paint(canvas, view, region.outline, region.mode)
    return np.asarray(np.sum(moves, axis=0), np.float32) if moves else None

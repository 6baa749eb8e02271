"""68 points of a face, as iBUG 300-W numbers them: 2DFAN4, Peppa-Wutz."""

from __future__ import annotations

import numpy as np

from appliance.inference.batch_scheduler import InferenceRequest, InferenceTask
from appliance.inference.batcher import Batcher
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import EYE_CORNERS
from appliance.pipeline.imaging.geometry import (
    invert,
    square_crop,
    transform,
    warp,
)
from appliance.pipeline.imaging.types import Float, Image

GRID = 64  # the network's points lie on a grid of this side over the crop
FACE_SHARE = 195 / 256  # of the crop that the face takes (Bulat and Tzimiropoulos, ICCV 2017)


class Landmarker68:
    """2DFAN4 (Bulat and Tzimiropoulos, ICCV 2017) or Peppa-Wutz (Peppa_Pig_Face_Landmark)."""

    def __init__(self, network: Batcher) -> None:
        self._network = network

    def find(self, image: Image, face: Face) -> InferenceTask[tuple[Float, float]]:
        """(68, 2) points of a face, in pixels of the picture, and their confidence, 0-1."""
        size = self._network.contract.image.side
        right, left = face.points[EYE_CORNERS]
        angle = float(np.arctan2(*(left - right)[::-1]))
        low, high = face.points.min(axis=0), face.points.max(axis=0)
        side = float((high - low).max()) / FACE_SHARE
        matrix = square_crop((low + high) / 2, side, angle, size)
        tensor = self._network.tensor(warp(image, matrix, size))
        found, *heat = yield InferenceRequest(self._network, tensor)
        points = found[0, :, :2] * np.float32(size / GRID)
        # The peaks of the heat maps, where there are any, are the better measure.
        confidence = heat[0][0].max(axis=(1, 2)) if heat else found[0, :, 2]
        return transform(points, invert(matrix)), float(np.clip(confidence.mean(), 0, 1))


def five_of_68(points: Float) -> Float:
    """Eye centres, nose tip and mouth corners: (5, 2), left ones first."""
    return np.stack(
        [points[36:42].mean(axis=0), points[42:48].mean(axis=0), *points[[30, 48, 54]]]
    ).astype(np.float32)

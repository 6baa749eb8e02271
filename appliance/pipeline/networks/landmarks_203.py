"""203 points of a face: LivePortrait's landmark network."""

from __future__ import annotations

import numpy as np

from appliance.inference.batch_scheduler import InferenceRequest, InferenceTask
from appliance.inference.batcher import Batcher
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import LANDMARKS_68, five_points
from appliance.pipeline.imaging.geometry import (
    invert,
    square_crop,
    transform,
    warp,
)
from appliance.pipeline.imaging.types import Float, Image

MARGIN = 1.5  # crop side over the extent of the mesh's points
LIFT = 0.1  # of the crop's side that it is moved up, to show the forehead


class Landmarker203:
    """Guo et al., "LivePortrait", 2024; crop and points as its landmark_runner.py has them."""

    def __init__(self, network: Batcher) -> None:
        self._network = network

    def find(self, image: Image, face: Face) -> InferenceTask[Float]:
        """(203, 2) points of a face, in pixels of the picture."""
        size = self._network.contract.image.side
        matrix = _crop(face, size)
        *_, found = yield InferenceRequest(
            self._network, self._network.tensor(warp(image, matrix, size))
        )
        return transform(found.reshape(-1, 2) * np.float32(size), invert(matrix))


def five_of_203(points: Float) -> Float:
    """Eye centres, nose tip and mouth corners: (5, 2), left ones first."""
    return np.stack(
        [
            points[[0, 6, 12, 18]].mean(axis=0),
            points[[24, 30, 36, 42]].mean(axis=0),
            *points[[201, 48, 66]],
        ]
    ).astype(np.float32)


def _crop(face: Face, size: int) -> Float:
    """Upright by the line from the eyes' middle to the mouth's, square around the points."""
    five = five_points(face.points)
    down = five[3:].mean(axis=0) - five[:2].mean(axis=0)
    angle = float(np.arctan2(*down[::-1])) - np.pi / 2
    upright = square_crop(np.zeros(2, np.float32), float(size), angle, size)
    turned = transform(face.points[LANDMARKS_68], upright)
    low, high = turned.min(axis=0), turned.max(axis=0)
    side = float((high - low).max()) * MARGIN
    centre = (low + high) / 2 - np.array([0, LIFT * side], np.float32)
    return square_crop(transform(centre[None], invert(upright))[0], side, angle, size)

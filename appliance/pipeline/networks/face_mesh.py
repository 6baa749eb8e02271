"""The 478-point mesh of a face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from appliance.inference.network import Network
from appliance.pipeline.face_model.face import Detection, Face
from appliance.pipeline.face_model.topology import EYE_CORNERS, OVAL
from appliance.pipeline.imaging.geometry import (
    invert,
    square_crop,
    transform,
    warp,
)
from appliance.pipeline.imaging.types import Float, Image

SIZE = 192
MARGIN = 1.5  # crop side over face extent (MediaPipe's face_landmark graph)
SURE = 1 - 1e-8  # score from which a face is upright; no other way up reached 1 - 3e-8
QUARTERS = (np.pi, np.pi / 2, -np.pi / 2)
# By how much the score of another way up must exceed that of the upright one, and what it must be,
# in logits. Of the sample portraits, turned by quarters, the right way is 10 above every other and
# at least 22. A head that looks down by 35 degrees scores 15 upright and 16 on its head, one in
# profile nothing upright and 2 on its side: both are rendered.
LYING_MARGIN, LYING = 5.0, 7.0


class FaceMeshEstimator:
    """MediaPipe's attention mesh (Grishchenko et al., 2020).

    ``subsets`` names, for the outputs ``lips``, ``left_eye`` and ``right_eye``, the mesh points
    they refine. Here "left" is the left of the picture, as in the model's own output names.
    """

    def __init__(self, network: Network, subsets: Mapping[str, Sequence[int]]) -> None:
        self._network = network
        self._subsets = [np.array(subsets[name]) for name in ("lips", "left_eye", "right_eye")]

    def estimate(self, image: Image, detection: Detection) -> Face:
        """The mesh of a detected face of an RGB picture; a second run refines the first."""
        right, left = detection.keypoints[:2]
        angle = float(np.arctan2(*(left - right)[::-1]))
        side = float(detection.box[2:].max()) * MARGIN

        def turned(turn: float) -> Face:
            crop = square_crop(detection.centre, side, angle + turn, SIZE)
            return self.follow(image, self._run(image, crop))

        face = turned(0)
        if face.score < SURE:
            # The detector also finds faces that lie or are upside down, but takes them for upright
            # ones; the mesh network scores a face that is the right way up far higher.
            other = max(map(turned, QUARTERS), key=lambda face: face.score)
            if other.logit >= max(face.logit + LYING_MARGIN, LYING):
                return other
        return face

    def follow(self, image: Image, last: Face) -> Face:
        """The mesh near that of the ``last`` frame, by a single run."""
        return self._run(image, mesh_crop(last.points))

    def _run(self, image: Image, matrix: Float) -> Face:
        crop = warp(image, matrix, SIZE)
        skin, lips, left_eye, right_eye, left_iris, right_iris, flag = self._network.run(
            self._network.tensor(crop)
        )
        mesh = np.empty((478, 3), np.float32)
        mesh[:468] = skin.reshape(468, 3)
        for subset, refined in zip(self._subsets, (lips, left_eye, right_eye), strict=True):
            mesh[subset, :2] = refined.reshape(-1, 2)
        for start, ring, iris in ((468, 33, left_iris), (473, 263, right_iris)):
            mesh[start : start + 5, :2] = iris.reshape(5, 2)
            mesh[start : start + 5, 2] = mesh[ring, 2]
        scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
        mesh[:, :2] = transform(mesh[:, :2], invert(matrix))
        mesh[:, 2] /= scale
        logit = float(
            np.clip(flag.ravel()[0], -30, 30)
        )  # float64: in float32 17 and 30 give the same
        return Face(mesh, float(1 / (1 + np.exp(-logit))))


def mesh_crop(points: Float) -> Float:
    """The 2×3 matrix to the crop that the mesh network takes around (478, 2) mesh points."""
    right, left = points[EYE_CORNERS]
    angle = float(np.arctan2(*(left - right)[::-1]))
    upright = square_crop(np.zeros(2, np.float32), float(SIZE), angle, SIZE)
    turned = transform(points[OVAL], upright)
    low, high = turned.min(axis=0), turned.max(axis=0)
    centre = transform(((low + high) / 2)[None], invert(upright))[0]
    return square_crop(centre, float((high - low).max()) * MARGIN, angle, SIZE)

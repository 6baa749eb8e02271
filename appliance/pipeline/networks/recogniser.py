"""Embeds faces, so that their identities can be compared."""

from __future__ import annotations

import numpy as np

from appliance.inference.batch_scheduler import InferenceRequest, InferenceTask, run_one
from appliance.inference.batcher import Batcher
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import five_points
from appliance.pipeline.imaging.geometry import aligned
from appliance.pipeline.imaging.types import Float, Image


class Recogniser:
    """SFace (Zhong et al., "SFace: Sigmoid-Constrained Hypersphere Loss", IEEE TIP, 2021), ArcFace.

    The starter pack's SFace is OpenCV Zoo's of December 2021.
    """

    def __init__(self, network: Batcher) -> None:
        self._network = network

    def embed(self, image: Image, face: Face) -> Float:
        """The unit-length embedding, (128,) or (512,), of a face of an RGB picture."""
        return unit(run_one(self.feature(image, five_points(face.points))))

    def feature(self, image: Image, five: Float) -> InferenceTask[Float]:
        """The network's own embedding, (128,) or (512,); ``five``: the face's (5, 2) points."""
        crop = aligned(image, five, self._network.contract.image)
        (feature,) = yield InferenceRequest(self._network, self._network.tensor(crop))
        return feature.reshape(-1)


def unit(embedding: Float) -> Float:
    """The vector or row, scaled to length 1."""
    return np.asarray(embedding / max(float(np.linalg.norm(embedding)), 1e-9), np.float32)


def similarity(a: Float, b: Float) -> float:
    """The cosine of two unit embeddings; SFace calls two faces the same person from 0.363."""
    return float(a @ b)

"""Embeds faces, so that their identities can be compared."""

from __future__ import annotations

import math

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
        return self.embed_crop(self.crop(image, face))

    def crop(self, image: Image, face: Face) -> Image:
        """What the network sees of a face of an RGB picture: (112, 112, 3) RGB, 0-255, its own."""
        return aligned(image, five_points(face.points), self._network.contract.image)

    def embed_crop(self, crop: Image) -> Float:
        """The unit-length embedding, (128,) or (512,), of what :meth:`crop` gave."""
        return unit(run_one(self._feature_of(crop)))

    def feature(self, image: Image, five: Float) -> InferenceTask[Float]:
        """The network's own embedding, (128,) or (512,); ``five``: the face's (5, 2) points."""
        return (yield from self._feature_of(aligned(image, five, self._network.contract.image)))

    def _feature_of(self, crop: Image) -> InferenceTask[Float]:
        (feature,) = yield InferenceRequest(self._network, self._network.tensor(crop))
        return feature.reshape(-1)


def unit(embedding: Float) -> Float:
    """The vector or row, scaled to length 1."""
    return np.asarray(embedding / max(float(np.linalg.norm(embedding)), 1e-9), np.float32)


def similarity(a: Float, b: Float) -> float:
    """The cosine of two unit embeddings; SFace calls two faces the same person from 0.363.

    -1 if it is no number, which a network of few bits can give for a strange picture: whatever
    compares it with a threshold finds two different people.
    """
    cosine = float(a @ b)
    return cosine if math.isfinite(cosine) else -1.0

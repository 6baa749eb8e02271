"""Who a face resembles: SFace."""

from __future__ import annotations

import numpy as np

from appliance.inference.session import Network
from appliance.pipeline.face import Face, Float, Image
from appliance.pipeline.geometry import similarity_matrix, warp
from appliance.pipeline.topology import five_points

SIZE = 112
# ArcFace's alignment template for a 112² crop (Deng et al., "ArcFace", 2019; InsightFace).
TEMPLATE = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ],
    np.float32,
)


class Recogniser:
    """SFace (Zhong et al., "SFace: Sigmoid-Constrained Hypersphere Loss", IEEE TIP, 2021).

    The file is OpenCV Zoo's of December 2021.
    """

    def __init__(self, network: Network) -> None:
        self._network = network

    def embed(self, image: Image, face: Face) -> Float:
        """The unit-length embedding, (128,), of a face of an RGB picture."""
        crop = warp(image, similarity_matrix(five_points(face.points), TEMPLATE), SIZE)
        (feature,) = self._network.run(self._network.tensor(crop))
        vector = feature.reshape(-1)
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)


def similarity(a: Float, b: Float) -> float:
    """The cosine of two unit embeddings; SFace calls two faces the same person from 0.363."""
    return float(a @ b)

"""68 points of a face, estimated from five: FAN-68-5."""

from __future__ import annotations

from appliance.inference.batch_scheduler import InferenceRequest, InferenceTask
from appliance.inference.batcher import Batcher
from appliance.inference.templates import FFHQ_512
from appliance.pipeline.imaging.geometry import invert, similarity_matrix, transform
from appliance.pipeline.imaging.types import Float


class Landmarks68From5:
    """FaceFusion's fan_68_5: for faces whose other points cannot be found."""

    def __init__(self, network: Batcher) -> None:
        self._network = network

    def complete(self, five: Float) -> InferenceTask[Float]:
        """(68, 2) points for (5, 2), in the same pixels."""
        matrix = similarity_matrix(five, FFHQ_512.points(1))
        (found,) = yield InferenceRequest(self._network, transform(five, matrix)[None])
        return transform(found[0], invert(matrix))

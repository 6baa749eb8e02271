"""Masks what hides a face: XSeg."""

from __future__ import annotations

import numpy as np

from appliance.inference.batch_scheduler import InferenceRequest, InferenceTask
from appliance.inference.batcher import Batcher
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.types import Float, Image

SOFTNESS = 5.0  # sigma of the Gaussian, in pixels of the crop, as FaceFusion has it


class Occluder:
    """XSeg (Liu et al., "DeepFaceLab", 2021)."""

    def __init__(self, network: Batcher) -> None:
        self._network = network
        self._size = (network.contract.image.side,) * 2

    def mask(self, crop: Image) -> InferenceTask[Float]:
        """(h, w): 1 where an aligned (h, w, 3) crop shows the face, 0 where something hides it."""
        small = images.resized(crop, self._size)
        (found,) = yield InferenceRequest(self._network, self._network.tensor(small))
        side = (crop.shape[1], crop.shape[0])
        return softened(images.resized(np.clip(found[0, ..., 0], 0, 1), side))


def softened(mask: Float) -> Float:
    """An (h, w) mask, 0-1, eroded and faded at its border: values below one half become 0."""
    smooth = images.blurred(mask, SOFTNESS)
    return np.asarray((np.clip(smooth, 0.5, 1) - 0.5) * 2, np.float32)

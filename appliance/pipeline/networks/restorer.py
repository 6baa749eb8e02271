"""Redraws a face more sharply: GFPGAN, CodeFormer, RestoreFormer++, GPEN."""

from __future__ import annotations

import numpy as np

from appliance.inference.batch_scheduler import InferenceRequest, InferenceTask
from appliance.inference.batcher import Batcher
from appliance.inference.contract import ImageInput
from appliance.inference.families.restorers import WEIGHT
from appliance.pipeline.imaging.types import Image


class Restorer:
    """Wang et al., "GFP-GAN", 2021; Zhou et al., "CodeFormer", 2022; and others like them.

    ``weight``: 0-1, for the files that take one.
    """

    def __init__(self, network: Batcher, weight: float = 0.5) -> None:
        self._network = network
        self._others = {}
        if network.takes(WEIGHT):
            self._others[WEIGHT] = np.array([weight], np.float64)

    @property
    def input(self) -> ImageInput:
        """The aligned crop it takes."""
        return self._network.contract.image

    def restore(self, crop: Image) -> InferenceTask[Image]:
        """An aligned (side, side, 3) crop of the input's size, restored."""
        (result, *_) = yield InferenceRequest(
            self._network, self._network.tensor(crop), self._others
        )
        return self._network.contract.picture.image(result)

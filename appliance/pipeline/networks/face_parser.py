"""Labels the part of a face that each pixel shows: BiSeNet."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np

from appliance.inference.batch_scheduler import InferenceRequest, InferenceTask
from appliance.inference.batcher import Batcher
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.networks.occluder import softened

Part: TypeAlias = Literal[
    "skin",
    "left-eyebrow",
    "right-eyebrow",
    "left-eye",
    "right-eye",
    "glasses",
    "nose",
    "mouth",
    "upper-lip",
    "lower-lip",
]

# CelebAMask-HQ's classes (Lee et al., "MaskGAN", 2020) in the order of the published BiSeNet.
PARTS: Mapping[Part, int] = MappingProxyType(
    {
        "skin": 1,
        "left-eyebrow": 2,
        "right-eyebrow": 3,
        "left-eye": 4,
        "right-eye": 5,
        "glasses": 6,
        "nose": 10,
        "mouth": 11,
        "upper-lip": 12,
        "lower-lip": 13,
    }
)
FACE: frozenset[Part] = frozenset(PARTS) - {"glasses"}


class FaceParser:
    """BiSeNet (Yu et al., 2018) trained to parse faces. ``parts``: those that may change."""

    def __init__(self, network: Batcher, parts: Collection[Part] = FACE) -> None:
        self._classes = [PARTS[part] for part in parts]
        self._network = network
        self._size = (network.contract.image.side,) * 2

    def mask(self, crop: Image) -> InferenceTask[Float]:
        """(h, w): 1 where an aligned (h, w, 3) crop shows one of the parts, fading to 0."""
        small = images.resized(crop, self._size)
        (classes,) = yield InferenceRequest(self._network, self._network.tensor(small))
        shown = np.isin(classes[0].argmax(axis=0), self._classes)
        side = (crop.shape[1], crop.shape[0])
        return softened(images.resized(shown.astype(np.float32), side))

"""A face changed by a generator; the crop may have more pixels than its network takes."""

from __future__ import annotations

import numpy as np

from appliance.inference.batch_scheduler import InferenceRequest, InferenceTask
from appliance.inference.batcher import Batcher
from appliance.inference.session import Tensor
from appliance.pipeline.imaging.types import Image


class Generator:
    """Any family of ``inference.families.generators``: the contract says how each wants its input.

    Simon Chen et al., "SimSwap", 2020; InsightFace's inswapper; GHOST (Groshev et al., 2022); …
    """

    def __init__(self, network: Batcher) -> None:
        self._network = network
        _, source = network.contract.inputs
        self._source = source.name
        self.side = network.contract.image.side
        """Pixels along an edge of the crop it takes."""

    def swap(self, crop: Image, source: Tensor) -> InferenceTask[Image]:
        """An aligned (s, s, 3) crop with ``source``'s face; s is a multiple of the network's side.

        A larger crop is deinterleaved into pictures of every nth pixel of every nth row. Each
        shows the whole face at the size that the network was trained on; interleaved again, the
        results have the detail of all of them.
        """
        parts = deinterleave(crop, crop.shape[0] // self.side)
        tensors = np.concatenate([self._network.tensor(part) for part in parts])
        (drawn, *_) = yield InferenceRequest(self._network, tensors, {self._source: source})
        picture = self._network.contract.picture
        return interleave(
            [picture.image(drawn[number : number + 1]) for number in range(len(drawn))]
        )


def deinterleave(crop: Image, times: int) -> list[Image]:
    """The ``times``² pictures of every nth pixel of a crop, row by row."""
    return [
        np.ascontiguousarray(crop[y::times, x::times]) for y in range(times) for x in range(times)
    ]


def interleave(parts: list[Image]) -> Image:
    """Undoes :func:`apart`."""
    times = round(len(parts) ** 0.5)
    side = parts[0].shape[0] * times
    crop = np.empty((side, side, 3), np.uint8)
    for number, part in enumerate(parts):
        crop[number // times :: times, number % times :: times] = part
    return crop

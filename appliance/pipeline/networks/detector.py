"""Finds faces in a picture."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from appliance.inference.families.detectors import SIDE
from appliance.inference.network import Network
from appliance.pipeline.face_model.face import Detection
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.networks.detector_decoding import DECODINGS, Candidates


class Detector:
    """Any family of ``inference.families.detectors``.

    The starter pack's is YuNet (Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector",
    2023), OpenCV Zoo's file of March 2023.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._decoding = DECODINGS[network.contract.family]

    @property
    def provider(self) -> str:
        """The execution provider that runs it."""
        return self._network.provider

    def detect(self, image: Image) -> tuple[Detection, ...]:
        """Faces in an RGB picture of any size, best first, in its own pixels.

        The (h, w, 3) picture is letter-boxed top left into 640² and never enlarged.
        """
        height, width = image.shape[:2]
        scale = min(1.0, SIDE / max(height, width))
        box = np.zeros((SIDE, SIDE, 3), np.uint8)
        fitted = (max(1, round(width * scale)), max(1, round(height * scale)))
        box[: fitted[1], : fitted[0]] = cv2.resize(image, fitted, interpolation=cv2.INTER_AREA)
        outputs = self._network.run(self._network.tensor(box))
        return self._best(self._decoding.decode(outputs, self._decoding.score), scale)

    def is_certain(self, found: Detection) -> bool:
        """Whether a face that was found in a part of a large picture needs no second look."""
        return found.score >= self._decoding.certain

    def look_again(self, image: Image, found: Detection) -> Detection | None:
        """``found`` as ``image`` shows it, its surroundings; ``None`` if that shows no face there.

        ``image``: (h, w, 3) RGB, enlarged here to 640 pixels. ``found``: in its pixels.
        """
        scale = SIDE / max(image.shape[:2])
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        size = [max(1, round(length * scale)) for length in image.shape[1::-1]]
        near: Any = cv2.resize(image, size, interpolation=way)
        for one in self.detect(near):
            again = Detection(one.box / scale, one.keypoints / scale, one.score)
            off = float(np.linalg.norm(again.centre - found.centre))
            if one.score >= self._decoding.confirmed and off < found.box[2] / 2:
                return again
        return None

    def _best(self, found: Candidates, scale: float) -> tuple[Detection, ...]:
        kept = cv2.dnn.NMSBoxes(
            found.boxes.tolist(),
            found.scores.tolist(),
            self._decoding.score,
            self._decoding.overlap,
        )
        shrunk = np.float32(scale)
        return tuple(
            Detection(found.boxes[at] / shrunk, found.points[at] / shrunk, float(found.scores[at]))
            for at in np.asarray(kept, int).reshape(-1)
        )

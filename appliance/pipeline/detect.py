"""Where the faces are: YuNet."""

from __future__ import annotations

import cv2
import numpy as np

from appliance.inference.session import Network
from appliance.pipeline.face import Detection, Float, Image

SIZE = 640  # the graph's fixed input
STRIDES = (8, 16, 32)


class Detector:
    """YuNet (Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023).

    The file is OpenCV Zoo's of March 2023. ``score``: the least that counts, 0-1. ``overlap``: of
    two boxes that overlap by more than this, intersection over union, the weaker is dropped.
    """

    def __init__(self, network: Network, score: float = 0.6, overlap: float = 0.3) -> None:
        self._network = network
        self._score = score
        self._overlap = overlap
        self._anchors = {stride: _anchor_grid(stride) for stride in STRIDES}

    def detect(self, image: Image) -> tuple[Detection, ...]:
        """Faces in an RGB picture of any size, best first, in its own pixels.

        The picture is letter-boxed top left into 640² and never enlarged.
        """
        height, width = image.shape[:2]
        scale = min(1.0, SIZE / max(height, width))
        box = np.zeros((SIZE, SIZE, 3), np.uint8)
        fitted = (max(1, round(width * scale)), max(1, round(height * scale)))
        box[: fitted[1], : fitted[0]] = cv2.resize(image, fitted, interpolation=cv2.INTER_AREA)
        outputs = self._network.run(self._network.tensor(box))
        return self._decode(outputs, scale)

    def _decode(self, outputs: tuple[Float, ...], scale: float) -> tuple[Detection, ...]:
        rows = []
        for level, stride in enumerate(STRIDES):
            cls, obj, box, kps = (outputs[kind * len(STRIDES) + level][0] for kind in range(4))
            scores = np.sqrt(cls[:, 0].clip(0, 1) * obj[:, 0].clip(0, 1))
            found = np.flatnonzero(scores >= self._score)
            anchors = self._anchors[stride][found]
            centre = (anchors + box[found, :2]) * stride
            extent = np.exp(box[found, 2:].clip(max=10)) * stride
            points = (anchors[:, None] + kps[found].reshape(-1, 5, 2)) * stride
            rows.append(
                np.hstack(
                    [centre - extent / 2, extent, points.reshape(-1, 10), scores[found, None]]
                )
            )
        table = np.vstack(rows).astype(np.float32)
        boxes, scores = table[:, :4].tolist(), table[:, 14].tolist()
        kept = cv2.dnn.NMSBoxes(boxes, scores, self._score, self._overlap)
        return tuple(
            Detection(row[:4] / scale, row[4:14].reshape(5, 2) / scale, float(row[14]))
            for row in table[np.asarray(kept, int).reshape(-1)]
        )


def _anchor_grid(stride: int) -> Float:
    cells = np.arange(SIZE // stride, dtype=np.float32)
    x, y = np.meshgrid(cells, cells)
    return np.stack([x.ravel(), y.ravel()], axis=1)

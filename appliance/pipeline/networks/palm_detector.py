"""Finds palms in a small square picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from appliance.inference.network import Network
from appliance.pipeline.imaging.types import Float, Image

SIZE = 192
# Cells of a side of each grid of anchors, and anchors of a cell: the four layers of MediaPipe's
# palm_detection graph have strides 8, 16, 16, 16 and two anchors each.
GRIDS = ((24, 2), (12, 6))
# Union share from which two boxes are one palm (MediaPipe's min_suppression_threshold).
OVERLAP = 0.3
WRIST, MIDDLE_KNUCKLE = 0, 2


@dataclass(frozen=True, slots=True)
class Palm:
    """A palm in a picture, in its pixels.

    ``centre``: (2,) x, y of the box, ``side``: its longer side. ``up``: (2,), from the wrist to the
    knuckle of the middle finger. ``score``: 0-1.
    """

    centre: Float
    side: float
    up: Float
    score: float


class PalmDetector:
    """MediaPipe's palm detector (Zhang et al., "MediaPipe Hands", 2020), the full form."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._anchors = _anchors()

    def find(self, crop: Image, least: float) -> tuple[Palm, ...]:
        """Palms in a (192, 192, 3) RGB picture with a score of ``least`` or more, best first."""
        boxes, logits = self._network.run(self._network.tensor(crop))
        scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0].astype(np.float64), -50, 50)))
        likely = np.flatnonzero(scores >= least)
        if not len(likely):
            return ()
        rows = boxes[0, likely].reshape(-1, 9, 2)
        rows[:, 2:] += self._anchors[likely, None]
        centres, sizes = rows[:, 0] + self._anchors[likely], np.abs(rows[:, 1])
        corners = np.hstack([centres - sizes / 2, sizes])
        kept = cv2.dnn.NMSBoxes(corners.tolist(), scores[likely].tolist(), least, OVERLAP)
        return tuple(
            Palm(
                centre=centres[at],
                side=float(sizes[at].max()),
                up=rows[at, 2 + MIDDLE_KNUCKLE] - rows[at, 2 + WRIST],
                score=float(scores[likely[at]]),
            )
            for at in np.asarray(kept, int).reshape(-1)
        )


def _anchors() -> Float:
    """The centres of all anchors in pixels: (2016, 2)."""
    grids = []
    for cells, anchors in GRIDS:
        middle = (np.arange(cells, dtype=np.float32) + 0.5) * np.float32(SIZE / cells)
        x, y = np.meshgrid(middle, middle)
        grids.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), anchors, axis=0))
    return np.concatenate(grids)

"""From a detector's output tensors to candidates, by family."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from appliance.inference.families.detectors import SIDE, STRIDES
from appliance.pipeline.imaging.types import Float

Outputs: TypeAlias = tuple[Float, ...]


@dataclass(frozen=True, slots=True)
class Candidates:
    """In pixels of the letter-box.

    ``boxes``: (n, 4) x, y, width, height. ``points``: (n, 5, 2). ``scores``: (n,) 0-1.
    """

    boxes: Float
    points: Float
    scores: Float


def yunet(outputs: Outputs, least: float) -> Candidates:
    """One anchor a cell; centre and size of the box and the points are relative to it.

    Yu, Peng and Wu; the decoding is OpenCV's (face_detect.cpp).
    """
    found = []
    for level, stride in enumerate(STRIDES):
        cls, obj, box, kps = (outputs[kind * len(STRIDES) + level][0] for kind in range(4))
        scores = np.sqrt(cls[:, 0].clip(0, 1) * obj[:, 0].clip(0, 1))
        kept = np.flatnonzero(scores >= least)
        anchors = _cells(stride)[kept]
        centre = (anchors + box[kept, :2]) * stride
        extent = np.exp(box[kept, 2:].clip(max=10)) * stride
        points = (anchors[:, None] + kps[kept].reshape(-1, 5, 2)) * stride
        found.append((np.hstack([centre - extent / 2, extent]), points, scores[kept]))
    return _joined(found)


def anchored(outputs: Outputs, least: float) -> Candidates:
    """Two anchors a cell, at its corner; distances to the box's four sides, and to the points.

    Guo et al., "SCRFD", 2021; InsightFace's RetinaFace of buffalo_l gives the same.
    """
    found = []
    for level, stride in enumerate(STRIDES):
        scores, sides, kps = (outputs[kind * len(STRIDES) + level] for kind in range(3))
        kept = np.flatnonzero(scores[:, 0] >= least)
        anchors = np.repeat(_cells(stride), 2, axis=0)[kept]
        low, high = anchors - sides[kept, :2], anchors + sides[kept, 2:]
        points = anchors[:, None] + kps[kept].reshape(-1, 5, 2)
        boxes = np.hstack([low, high - low]) * stride
        found.append((boxes, points * stride, scores[kept, 0]))
    return _joined(found)


def yolo_face(outputs: Outputs, least: float) -> Candidates:
    """Columns of centre, size, score and five points with a confidence each, in pixels.

    Ultralytics' YOLOv8-pose with five points.
    """
    rows = outputs[0][0].T
    rows = rows[rows[:, 4] >= least]
    points = rows[:, 5:].reshape(-1, 5, 3)[..., :2]
    boxes = np.hstack([rows[:, :2] - rows[:, 2:4] / 2, rows[:, 2:4]])
    return Candidates(boxes, points, rows[:, 4])


@dataclass(frozen=True, slots=True)
class Decoding:
    """``score``: the least that counts, 0-1.

    ``overlap``: of two boxes that overlap by more than this, intersection over union, the weaker
    is dropped. ``certain`` and ``confirmed``: what a face that only part of a picture shows must
    score, there or at a second, nearer look.
    """

    decode: Callable[[Outputs, float], Candidates]
    score: float = 0.5
    overlap: float = 0.4
    certain: float = 1.0
    confirmed: float = 0.6


DECODINGS: Mapping[str, Decoding] = MappingProxyType(
    {
        # The last two by 26 false faces in gravel, grass, type and wheels, enlarged to 1920 to 9000
        # pixels (0.82 at most in a tile, 0.80 from nearer), and 46 doubtful ones of the portraits,
        # tilted, darkened or narrowed, 40 to 70 pixels wide (0.83 and more from nearer, but one).
        "yunet": Decoding(yunet, score=0.6, overlap=0.3, certain=0.88, confirmed=0.82),
        "scrfd": Decoding(anchored),
        "retinaface": Decoding(anchored),
        "yolo-face": Decoding(yolo_face),
    }
)
"""By family."""


def _cells(stride: int) -> Float:
    """Column and row of every cell of the letter-box, row by row: (n, 2)."""
    cells = np.arange(SIDE // stride, dtype=np.float32)
    x, y = np.meshgrid(cells, cells)
    return np.stack([x.ravel(), y.ravel()], axis=1)


def _joined(found: list[tuple[Float, Float, Float]]) -> Candidates:
    boxes, points, scores = (np.concatenate(part) for part in zip(*found, strict=True))
    return Candidates(boxes, points, scores)

"""The clip's hand, cut out along its outline, laid before the faces of others.

The hand is cut off by the lower edge of its frame, so a composite ends there as well: what lies
beyond that line, wherever the hand comes from, is left out of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.imaging.geometry import similarity_matrix
from appliance.pipeline.imaging.types import Float, Image
from tests.pipeline.hands.outlines import hand_of

# Linear factors that take the clip's skin to a dark and to a light one.
DARK, LIGHT = (0.50, 0.40, 0.36), (1.25, 1.22, 1.2)
OWN = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Cut:
    """The hand of one frame. ``image``: the frame; ``hand``: (h, w) its outline; ``face``."""

    image: Image
    hand: NDArray[np.bool_]
    face: Face

    @classmethod
    def of(cls, number: int, image: Image, face: Face) -> Cut:
        return cls(image, hand_of(number, image.shape[:2]), face)


@dataclass(frozen=True)
class Placing:
    """How a hand is laid before a face.

    ``quarters``: turns by 90° around the face, so that it comes from the left, from above, from
    the right. ``factor``: its size over that before its own face. ``tone``: RGB factors.
    """

    mirrored: bool = False
    quarters: int = 0
    factor: float = 1.0
    tone: tuple[float, float, float] = OWN


@dataclass(frozen=True)
class Composite:
    """``image`` with a hand before ``face``; ``hand``: (h, w) where."""

    image: Image
    hand: NDArray[np.bool_]
    face: Face


def laid(cut: Cut, target: Image, face: Face, placing: Placing = Placing()) -> Composite:
    """``target`` with the hand before ``face``, as it is before its own."""
    matrix = _matrix(cut, face, placing)
    height, width = target.shape[:2]
    size = (width, height)
    toned = np.clip(cut.image * np.array(placing.tone, np.float32), 0, 255).astype(np.uint8)
    drawn: Any = cv2.warpAffine(
        toned, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    alpha: Any = cv2.warpAffine(cut.hand.astype(np.float32), matrix, size, flags=cv2.INTER_LINEAR)
    alpha = cv2.GaussianBlur(alpha, (0, 0), 0.7)[..., None]
    image = np.rint(target + alpha * (drawn.astype(np.float32) - target)).astype(np.uint8)
    hand = alpha[..., 0] > 0.5
    left, top, right, bottom = _kept(cut, matrix, placing.quarters, size)
    return Composite(
        np.ascontiguousarray(image[top:bottom, left:right]),
        hand[top:bottom, left:right],
        face.moved(-left, -top),
    )


def _matrix(cut: Cut, face: Face, placing: Placing) -> Float:
    """The 2×3 matrix from the cut's frame to the target's picture."""
    centre, middle = cut.face.points.mean(axis=0), face.points.mean(axis=0)
    fitted = similarity_matrix(cut.face.points, face.points)
    scale = placing.factor * float(np.sqrt(abs(np.linalg.det(fitted[:, :2]))))
    turn = np.pi / 2 * placing.quarters
    axes = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]], np.float32)
    mirror = np.diag([-1.0 if placing.mirrored else 1.0, 1.0])
    linear = scale * axes @ mirror
    shift = middle - linear @ centre
    return np.hstack([linear, shift[:, None]]).astype(np.float32)


def _kept(
    cut: Cut, matrix: Float, quarters: int, size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the picture up to the line at which the hand is cut off."""
    height, width = cut.image.shape[:2]
    x, y = (matrix[:, :2] @ np.array([width / 2, height - 1], np.float32) + matrix[:, 2]).tolist()
    left, top, right, bottom = 0, 0, *size
    match quarters % 4:
        case 0:
            bottom = min(bottom, int(y))
        case 1:
            left = max(left, int(x) + 1)
        case 2:
            top = max(top, int(y) + 1)
        case _:
            right = min(right, int(x))
    return left, top, right, bottom

"""Similarities and crops. Points are float32 rows x, y in pixels from the top left corner."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from appliance.inference.contract import ImageInput
from appliance.pipeline.imaging.types import Float, Image


def umeyama(
    source: Float, target: Float, weights: Float | None = None
) -> tuple[float, Float, Float]:
    """The similarity that carries ``source`` onto ``target`` with the least weighted squared error.

    Both are (n, d). Returns scale, rotation (d, d) and translation (d,), so that
    ``target ≈ scale · source @ rotation.T + translation``.
    S. Umeyama, "Least-squares estimation of transformation parameters between two point
    patterns", IEEE PAMI 13(4), 1991, eq. 38-43.
    """
    share = np.full(len(source), 1.0 / len(source)) if weights is None else weights / weights.sum()
    mean_s, mean_t = share @ source, share @ target
    s, t = source - mean_s, target - mean_t
    u, singular, vt = np.linalg.svd((t * share[:, None]).T @ s)
    sign = np.ones(source.shape[1])
    if np.linalg.det(u @ vt) < 0:
        sign[-1] = -1.0
    rotation = (u * sign) @ vt
    scale = float((singular * sign).sum() / (share @ (s * s).sum(axis=1)))
    translation = mean_t - scale * rotation @ mean_s
    return scale, rotation.astype(np.float32), translation.astype(np.float32)


def similarity_matrix(source: Float, target: Float) -> Float:
    """:func:`umeyama` in the plane as the 2×3 matrix that ``cv2.warpAffine`` takes."""
    scale, rotation, translation = umeyama(source, target)
    return np.hstack([scale * rotation, translation[:, None]]).astype(np.float32)


def square_crop(centre: Float, side: float, angle: float, size: int) -> Float:
    """The 2×3 matrix from a picture to a ``size``² crop of a square turned by ``angle`` rad."""
    scale = size / side
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[cos, sin], [-sin, cos]])
    shift = np.full(2, size / 2) - linear @ centre
    return np.hstack([linear, shift[:, None]]).astype(np.float32)


def transform(points: Float, matrix: Float) -> Float:
    """(n, 2) points through a 2×3 matrix."""
    return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def invert(matrix: Float) -> Float:
    """The inverse of a 2×3 matrix: (2, 3)."""
    return np.asarray(cv2.invertAffineTransform(matrix), np.float32)


def shrunk(image: Image, factor: int) -> Image:
    """The (h, w, 3) picture at 1/``factor`` of its size: each pixel is the mean of ``factor``².

    Up to ``factor`` - 1 rows and columns at the far edges are left out.
    """
    height, width = (max(factor, side // factor * factor) for side in image.shape[:2])
    if factor <= 1 or min(image.shape[:2]) < factor:
        return image
    size = (width // factor, height // factor)
    small: Any = cv2.resize(image[:height, :width], size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def shrunk_points(points: Float, factor: int) -> Float:
    """Where (n, 2) ``points`` lie once a picture is :func:`shrunk`; pixel centres are integers."""
    return np.asarray((points + 0.5) / factor - 0.5, np.float32)


def warp(image: Image, matrix: Float, size: int) -> Image:
    """A (size, size, 3) crop through a 2×3 matrix; shrunk first where that prevents aliasing."""
    factor = min(shrinkage(matrix), *image.shape[:2])
    return warp_shrunk(shrunk(image, factor), factor, matrix, size)


def shrinkage(matrix: Float) -> int:
    """By which whole factor a picture is best shrunk before it goes through a 2×3 matrix."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    return max(1, int(1 / max(scale, 1e-6)))


def warp_shrunk(small: Image, factor: int, matrix: Float, size: int) -> Image:
    """The (size, size, 3) crop through a 2×3 matrix of a picture that is ``small`` at 1/factor."""
    # A pixel of the small picture lies at factor · (x + ½) - ½ of the large one.
    shift = matrix[:, :2] @ np.full(2, (factor - 1) / 2, np.float32) + matrix[:, 2]
    small_matrix = np.hstack([matrix[:, :2] * factor, shift[:, None]]).astype(np.float32)
    warped: Any = cv2.warpAffine(
        small, small_matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, np.uint8)


def alignment(five: Float, taker: ImageInput, side: int) -> Float:
    """The 2×3 matrix to a ``side``² crop of the face with the (5, 2) points ``five``.

    ``taker``: the input of a network that takes aligned faces. Raises ValueError for another.
    """
    if taker.template is None:
        raise ValueError(f"{taker.name} takes no aligned face")
    return similarity_matrix(five, taker.template.points(side))


def aligned(image: Image, five: Float, taker: ImageInput) -> Image:
    """The crop of the face with the (5, 2) points ``five`` that a network takes."""
    return warp(image, alignment(five, taker, taker.side), taker.side)


def smoothstep(values: Float, low: float, high: float) -> Float:
    """0 below ``low``, 1 above ``high``, between them Hermite's smooth cubic; any shape."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def ramp(value: float, low: float, high: float) -> float:
    """:func:`smoothstep` of one number."""
    t = min(max((value - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)

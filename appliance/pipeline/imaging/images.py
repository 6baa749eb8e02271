"""OpenCV's image operations with types: the result has the dtype and axes of the input."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.imaging.types import Float, Image

AREA = cv2.INTER_AREA

AnyImage = TypeVar("AnyImage", NDArray[np.uint8], NDArray[np.float32], NDArray[np.int16])


def resized(
    picture: AnyImage, size: tuple[int, int], interpolation: int = cv2.INTER_LINEAR
) -> AnyImage:
    """(h, w) or (h, w, c) at ``size`` (w, h)."""
    if 0 in size:
        return np.zeros((size[1], size[0], *picture.shape[2:]), picture.dtype)
    return _like(picture, cv2.resize(picture, size, interpolation=interpolation))


def remapped(picture: AnyImage, at: Float, interpolation: int = cv2.INTER_LINEAR) -> AnyImage:
    """The picture's values at (h, w, 2) places x, y; its border pixels extend beyond it."""
    if 0 in at.shape:
        return np.zeros((*at.shape[:2], *picture.shape[2:]), picture.dtype)
    nothing = np.empty(0, np.float32)
    # remap does this conversion itself, only more slowly.
    whole, part = cv2.convertMaps(at, nothing, cv2.CV_16SC2)
    return _like(
        picture, cv2.remap(picture, whole, part, interpolation, borderMode=cv2.BORDER_REPLICATE)
    )


def transformed(picture: AnyImage, matrix: Float, size: tuple[int, int]) -> AnyImage:
    """``size`` (w, h) pixels, each from where the 2×3 ``matrix`` maps it; 0 beyond the edge."""
    if 0 in size:
        return np.zeros((size[1], size[0], *picture.shape[2:]), picture.dtype)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return _like(picture, cv2.warpAffine(picture, matrix, size, flags=flags))


def blurred(picture: AnyImage, sigma: float) -> AnyImage:
    """(h, w) or (h, w, c) smoothed by a Gaussian of ``sigma`` pixels."""
    return _like(picture, cv2.GaussianBlur(picture, (0, 0), sigma))


def blurred_bytes(picture: NDArray[np.uint8], sigma: float) -> Float:
    """(h, w) smoothed by a Gaussian of ``sigma`` pixels, which ends at three of them."""
    kernel = cv2.getGaussianKernel(2 * round(3 * sigma) + 1, sigma, cv2.CV_32F)
    return np.asarray(cv2.sepFilter2D(picture, cv2.CV_32F, kernel, kernel), np.float32)


def dilated(picture: AnyImage, side: int) -> AnyImage:
    """(h, w) or (h, w, c): the largest value within a square of ``side`` pixels."""
    return _like(picture, cv2.dilate(picture, np.ones((side, side), np.uint8)))


def opened(picture: AnyImage, side: int) -> AnyImage:
    """(h, w) or (h, w, c) without bright specks smaller than a square of ``side`` pixels."""
    kernel = np.ones((side, side), np.uint8)
    return _like(picture, cv2.morphologyEx(picture, cv2.MORPH_OPEN, kernel))


def darker_lines(picture: Float, width: int) -> Float:
    """How much darker lines up to ``width`` pixels are than their surroundings: (h, w), ≥ 0."""
    kernel = np.ones((width, width), np.uint8)
    return _like(picture, cv2.morphologyEx(picture, cv2.MORPH_BLACKHAT, kernel))


def with_alpha(picture: Image, alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An (h, w, 3) picture with an (h, w) alpha channel, 0-255: (h, w, 4)."""
    return np.asarray(cv2.merge([picture, alpha]), np.uint8)


def over(background: Image, drawn: NDArray[np.uint8]) -> Image:
    """``drawn`` (h, w, 4) composited over ``background`` (h, w, 3) by its alpha, 0-255."""
    share = cv2.extractChannel(drawn, 3).astype(np.float32)
    share *= np.float32(1 / 255)
    colours = cv2.cvtColor(drawn, cv2.COLOR_BGRA2BGR)
    rest: Any = cv2.subtract(np.ones_like(share), share)
    # blendLinear divides by the sum of the weights plus 1e-5: the byte stays the same at weight 1.
    return np.asarray(cv2.blendLinear(colours, background, share, rest), np.uint8)


def grey_like(picture: Image, original: Image) -> Image:
    """The (h, w, 3) picture, turned to grey if the ``original`` is grey everywhere."""
    # A sample of the pixels is tested before all of them.
    for part in (original[::16, ::16], original):
        if (part != part[..., :1]).any():
            return picture
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.merge([luma, luma, luma]), np.uint8)


def _like(picture: AnyImage, result: Any) -> AnyImage:
    """Restores the last axis of one channel, which OpenCV drops."""
    return cast("AnyImage", result if result.ndim == picture.ndim else result[..., None])

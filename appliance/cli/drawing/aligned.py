"""Lays one photo of a face over another."""

from __future__ import annotations

import cv2
import numpy as np

from appliance.pipeline.imaging.types import Float, Image

_WARM, _COLD = np.array([224, 122, 31], np.float32), np.array([0, 110, 150], np.float32)


def laid_over(image: Image, places: Float, wanted: Float, size: tuple[int, int]) -> Image:
    """``image``, (h, w, 3) RGB, such that its ``places`` come nearest to the ``wanted`` ones.

    Both (n, 2) pixels, of the image and of the result, which is of ``size`` (w, h). By an affine
    map, which takes back size, place and tilt, and of a small turn what lies in the picture.
    """
    known = np.column_stack([places, np.ones(len(places))])
    matrix = np.linalg.lstsq(known, wanted, rcond=None)[0].T
    return np.asarray(
        cv2.warpAffine(image, matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )


def fringes(one: Image, other: Image) -> Image:
    """Two pictures of one place in one, (h, w, 3) RGB: grey where they are alike.

    What is dark in ``one`` alone is orange, and what is in the ``other`` alone is blue. Their
    brightness is made alike before.
    """
    first, second = (_grey(image) for image in (one, other))
    second = np.clip(second * (first.mean() / max(float(second.mean()), 1e-3)), 0, 1)
    in_one, in_other = (np.clip(gap, 0, 1)[..., None] for gap in (second - first, first - second))
    both = np.maximum(first, second)[..., None] * 255
    mixed = both * (1 - in_one - in_other) + in_one * _WARM + in_other * _COLD
    return np.asarray(np.clip(mixed, 0, 255), np.uint8)


def _grey(image: Image) -> Float:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    return np.asarray(0.35 + 0.65 * cv2.GaussianBlur(grey, (0, 0), 1.0), np.float32)

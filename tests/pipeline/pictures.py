"""Pictures made of the portraits, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from appliance.pipeline.face import Face, Float, Image
from appliance.pipeline.geometry import transform
from appliance.pipeline.media.photo import Photo
from appliance.pipeline.topology import eye_distance

GREY = 128


def pixels_of(photo: Photo) -> Image:
    """A copy of an 8-bit photo's pixels."""
    return np.array(photo.pixels, np.uint8)


def cell(photo: Photo, side: int) -> Image:
    """The photo in a grey square of ``side`` pixels, top left, as large as fits."""
    pixels = pixels_of(photo)
    scale = side / max(pixels.shape[:2])
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    square = np.full((side, side, 3), GREY, np.uint8)
    square[: size[1], : size[0]] = cv2.resize(pixels, size, interpolation=way)
    return square


def mosaic(photos: Sequence[Photo], columns: int, side: int) -> Image:
    """The photos side by side in rows, each in a :func:`cell`."""
    cells = [cell(photo, side) for photo in photos]
    cells += [np.full((side, side, 3), GREY, np.uint8)] * (-len(cells) % columns)
    rows = [np.hstack(cells[start : start + columns]) for start in range(0, len(cells), columns)]
    return np.vstack(rows)


def turned(photo: Photo, degrees: float) -> tuple[Photo, Float]:
    """The photo turned about its middle on a canvas it fits, and the 2×3 matrix that did it."""
    height, width = photo.pixels.shape[:2]
    side = int(np.ceil(np.hypot(height, width)))
    matrix: Any = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    matrix[:, 2] += [(side - width) / 2, (side - height) / 2]
    whole: Any = cv2.warpAffine(
        pixels_of(photo), matrix, (side, side), borderMode=cv2.BORDER_REPLICATE
    )
    return Photo(np.asarray(whole, np.uint8)), matrix.astype(np.float32)


def error(found: Face, wanted: Face, matrix: Float | None = None) -> float:
    """The mean distance of two meshes in eye distances, ``wanted`` first put through a matrix."""
    points = wanted.points if matrix is None else transform(wanted.points, matrix)
    off = np.linalg.norm(found.points - points, axis=1)
    return float(off.mean()) / eye_distance(points)

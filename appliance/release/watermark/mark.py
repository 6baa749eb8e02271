"""What is added to a picture: the tile, as large as the picture asks, as strong as it hides.

A cell is the shorter side divided by 256, so that a picture that was scaled as a whole is read like
the one that left. The strength follows how busy the picture is around a cell, for texture hides
noise (contrast masking: Watson 1993, Podilchuk and Zeng 1998); a picture that hides much gets no
more than what keeps the whole at the wanted PSNR.
"""

from __future__ import annotations

import math
from typing import Any, Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.errors import OutputError
from appliance.release.watermark.pattern import TILE, Signs

Plane: TypeAlias = NDArray[np.float32]
"""(h, w)."""

Sixteenths: TypeAlias = NDArray[np.int16]

Unfit: TypeAlias = Literal["picture-too-small", "picture-too-narrow"]
"""Why a picture cannot leave."""

CELLS = 256  # cells along the shorter side of an uncut picture
SMALLEST_SIDE = 320  # pixels; below, JPEG's quantisation takes what a cell of so few pixels holds
WIDEST = 8  # times the shorter side; a longer strip is no picture

_BASE = 0.45  # levels of strength where a picture is smooth
_BY_ACTIVITY = 0.28  # and a level of local deviation adds so much
_STRONGEST = 4.0  # levels
_RMS = 1.90  # levels of deviation over all cells; about 44 dB, for cells are smoothed
# A picture of few pixels is quantised more coarsely for its cells: it gets a stronger mark, fully
# so at _SMALL pixels along its shorter side, and not at all at _LARGE.
_SMALL, _LARGE = 512, 768
_SMALL_RMS = 2.25  # levels; about 42.5 dB
_SMALL_GAIN = 1.6
# The mark is computed in integers, which are fast: levels * 16 * 32.
_PATTERN_UNIT, _STRENGTH_UNIT = 16, 32
_UNIT = _PATTERN_UNIT * _STRENGTH_UNIT


def unfit_for_mark(width: int, height: int) -> Unfit | None:
    """Why a picture of this size cannot hold a mark, if it cannot."""
    if min(width, height) < SMALLEST_SIDE:
        return "picture-too-small"
    if max(width, height) > WIDEST * min(width, height):
        return "picture-too-narrow"
    return None


def check_size(width: int, height: int) -> None:
    """Raises ``OutputError`` if a picture of this size cannot hold a mark."""
    unfit = unfit_for_mark(width, height)
    if unfit == "picture-too-small":
        hint = f"Release it at {SMALLEST_SIDE} pixels or more along the shorter side."
        raise OutputError("The picture is too small to hold a watermark.", hint)
    if unfit == "picture-too-narrow":
        hint = f"Release a picture that is at most {WIDEST} times as long as wide."
        raise OutputError("The picture is too narrow to hold a watermark.", hint)


def spread(tile: Signs, width: int, height: int) -> Sixteenths:
    """``tile`` repeated over a picture and smoothed between the middles of cells: (height, width).

    In sixteenths, about -35 to 35.
    """
    cell = min(width, height) / CELLS
    rows, columns = int(np.ceil(height / cell - 1e-6)), int(np.ceil(width / cell - 1e-6))
    repeated = np.tile(tile, (-(-rows // TILE), -(-columns // TILE)))[:rows, :columns]
    cells = np.ascontiguousarray(repeated, np.float32) * _PATTERN_UNIT
    whole: Any = cv2.resize(cells, None, fx=cell, fy=cell, interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.rint(whole[:height, :width]), np.int16)


def marked(
    luma: NDArray[Any], pattern: Sixteenths, white: float, gain: float = 1.0
) -> NDArray[Any]:
    """What to add to a picture of (h, w) ``luma``, 0 to ``white``, in its own units, as (h, w).

    ``gain``: how much stronger than what hides well the mark may get to reach its PSNR.
    """
    deeper = int(white).bit_length() - 8  # bits beyond the eight that the mark is computed in
    dim: Any = cv2.convertScaleAbs(luma, alpha=2.0**-deeper) if deeper else luma
    height, width = luma.shape
    strong: Any = cv2.resize(_strength(dim, gain), (width, height), interpolation=cv2.INTER_LINEAR)
    product: NDArray[Any] = np.multiply(pattern, strong, out=strong)
    unit = _UNIT >> deeper
    product += unit // 2
    product >>= unit.bit_length() - 1
    return product


def _strength(luma: NDArray[np.uint8], gain: float) -> NDArray[np.int16]:
    """How strong the mark may be, in 32nds of a level, coarser than ``luma`` by some factor."""
    small = _reduced(luma, max(1, round(min(luma.shape) / CELLS / 2)))
    rough: Any = cv2.absdiff(small, cv2.blur(small, (5, 5)))
    busy: Any = cv2.blur(_reduced(rough, 2).astype(np.float32), (5, 5))
    strong: Any = np.minimum(_BASE + _BY_ACTIVITY * busy, _STRONGEST)
    rms = math.sqrt(float(cv2.mean(strong * strong)[0]))
    few = min(1.0, max(0.0, (_LARGE - min(luma.shape)) / (_LARGE - _SMALL)))
    most = _RMS + few * (_SMALL_RMS - _RMS)
    gain *= 1 + few * (_SMALL_GAIN - 1)
    return np.asarray(np.rint(strong * (_STRENGTH_UNIT * min(gain, most / rms))), np.int16)


def _reduced(plane: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Means of ``factor`` x ``factor`` samples; what is left at the edges is left out."""
    height, width = plane.shape[0] // factor, plane.shape[1] // factor
    whole = plane[: height * factor, : width * factor]
    means: Any = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(means, np.uint8)

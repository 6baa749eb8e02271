"""Conversion of a video's samples to RGB and back: matrix, range and depth."""

from __future__ import annotations

import av
import numpy as np
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

# ITU-T H.273 matrix coefficients: Kr, Kb.
_LUMA = {
    1: (0.2126, 0.0722),  # BT.709
    4: (0.30, 0.11),  # FCC
    5: (0.299, 0.114),  # BT.470BG = BT.601
    6: (0.299, 0.114),  # SMPTE 170M = BT.601
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020, non-constant luminance
    10: (0.2627, 0.0593),  # BT.2020, constant luminance: treated as non-constant
}
_SWSCALE = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
_LIMITED, _FULL = 1, 2  # AVColorRange


def matrix_code(frame: av.VideoFrame) -> int:
    """The H.273 matrix of ``frame``; if untagged or unknown, what players assume for its size.

    A wrong assumption does no harm to what is kept: reading and writing use the same matrix.
    """
    if frame.colorspace in _LUMA:
        return frame.colorspace
    return 1 if frame.width >= 1280 or frame.height > 576 else 6


def swscale_matrix(frame: av.VideoFrame) -> Colorspace:
    """The matrix of ``frame`` by the scaler's name."""
    return _SWSCALE[matrix_code(frame)]


def is_full_range(frame: av.VideoFrame) -> bool:
    """Whether ``frame`` has full range. Untagged grey and RGB have, untagged YUV has not."""
    name = frame.format.name
    if name.startswith("yuvj") or frame.color_range == _FULL:
        return True
    return frame.color_range != _LIMITED and not name.startswith(("yuv", "nv"))


def rgb_to_ycbcr_matrix(code: int, full: bool, depth: int) -> NDArray[np.float64]:
    """(3, 4): from RGB 0-255 to Y, Cb, Cr of ``depth`` bits; ``code`` is the H.273 matrix."""
    kr, kb = _LUMA[code]
    luma = np.array([kr, 1 - kr - kb, kb])
    blue = (np.array([0.0, 0.0, 1.0]) - luma) / (2 * (1 - kb))
    red = (np.array([1.0, 0.0, 0.0]) - luma) / (2 * (1 - kr))
    unit = 1 << (depth - 8)
    peak = (1 << depth) - 1
    y_scale, c_scale, black = (peak, peak, 0) if full else (219 * unit, 224 * unit, 16 * unit)
    linear = np.stack([luma * y_scale, blue * c_scale, red * c_scale]) / 255
    return np.column_stack([linear, [black, 128 * unit, 128 * unit]])


def invert_affine(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """The (3, 4) affine map that undoes ``affine``."""
    back = np.linalg.inv(affine[:, :3])
    return np.column_stack([back, -back @ affine[:, 3]])

"""What a picture says for and against each sign: its fine detail, made equally loud everywhere.

Correlation with a pattern is the best detector in white noise. A picture is no white noise, so its
broad parts are taken off, the rest is divided by how strong it is around there, and what still
sticks out is bounded: a hard edge counts no more than a faint grain (whitening before correlation:
Depovere, Kalker and Linnartz 1998).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.release.watermark.mark import CELLS, Plane

PER_CELL = 2  # samples across a cell of an uncut picture
SIDE = CELLS * PER_CELL
"""Samples along the shorter side of a picture, whatever its size."""

_BROAD = 1.5  # samples; sigma of what is taken off
_AROUND = 3.0  # samples; sigma of the neighbourhood by whose strength votes are divided
_FAINT = 0.7  # levels that count as noise
_BOUND = 2.5  # a vote's largest size, in deviations of its neighbourhood


def votes_of(luma: NDArray[Any], white: float) -> Plane:
    """The votes of (h, w) ``luma``, 0 to ``white``: 512 samples along the shorter side."""
    factor = SIDE / min(luma.shape)
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    small: Any = cv2.resize(luma, None, fx=factor, fy=factor, interpolation=way)
    small = np.multiply(small, 255 / white, dtype=np.float32)
    fine = small - cv2.GaussianBlur(small, (0, 0), _BROAD)
    around = np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), _AROUND) + _FAINT**2)
    return np.asarray(np.clip(fine / around, -_BOUND, _BOUND), np.float32)

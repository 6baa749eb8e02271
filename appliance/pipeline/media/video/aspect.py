"""The shape of a video's pixels, as its container or its codec says it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import hypot

from appliance.pipeline.media.pixel_aspect import SQUARE, known_aspect
from appliance.pipeline.media.video.reader import VideoReader

# As FFmpeg's reader of MP4 has it: scales that differ by less are the same.
_SAME_SCALE = 0.01


def sample_aspect(reader: VideoReader) -> Fraction:
    """Width of a stored pixel over its height, for an encoder; 0 if nothing says it.

    Known after the first frame. A display matrix with two scales counts as such a ratio.
    """
    stated = reader.stream.sample_aspect_ratio or Fraction(0)
    matrix = reader.display_matrix
    if matrix is None or not reader.orientation.transpose or not has_two_scales(matrix):
        return stated
    # FFmpeg takes the scales along the sides of the upright picture, not of the stored one. What
    # the pixels themselves say comes first, as there.
    across, down = _scales(matrix)
    is_from_matrix = abs(stated * Fraction(across) / Fraction(down) - 1) <= _SAME_SCALE
    return 1 / stated if stated and is_from_matrix else stated


def pixel_aspect(reader: VideoReader) -> Fraction:
    """Width of a stored pixel over its height, as far as it counts; known after the first frame."""
    return known_aspect(sample_aspect(reader) or SQUARE)


def has_two_scales(matrix: Sequence[int]) -> bool:
    """Whether a display matrix shows stored pixels wider or higher than they are."""
    across, down = _scales(matrix)
    return bool(across and down) and abs(across / down - 1) > _SAME_SCALE


def with_one_scale(matrix: Sequence[int]) -> tuple[int, ...]:
    """A quarter turn of two scales, without them: the pixels' aspect says it already."""
    if not has_two_scales(matrix):
        return tuple(matrix)
    one = 1 << 16
    a, b, u, c, d, v, x, y, w = matrix
    turn = [0 if not value else one if value > 0 else -one for value in (a, b, c, d)]
    return (turn[0], turn[1], u, turn[2], turn[3], v, x, y, w)


def _scales(matrix: Sequence[int]) -> tuple[float, float]:
    """How many times longer a row and a column of the stored picture are shown, times 65536."""
    a, b, _, c, d = matrix[:5]
    return hypot(a, b), hypot(c, d)

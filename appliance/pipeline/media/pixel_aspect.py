"""Pixels that are shown wider or higher than they are: which ratios count, and what they mean."""

from __future__ import annotations

from fractions import Fraction

SQUARE = Fraction(1)

# A smaller difference is not seen, and encoders round ratios by as much.
_TOLERANCE = Fraction(1, 100)
# Beyond it is what a damaged or crafted header says: the most unequal in use is 2.4 (DVCPRO HD with
# an anamorphic lens, fax at 204 by 98 dots an inch).
_MOST = 8
# Of a ratio that is computed with: 64:45, of wide PAL, is the finest in use. Any other is met to
# 1/4096.
_MAX_DENOMINATOR = 64


def known_aspect(ratio: Fraction | None) -> Fraction:
    """Width of a pixel over its height, as far as it counts: 1 for what is as good as square.

    ``ratio``: as a file says it; zero and ``None`` mean that it does not. A file's nonsense counts
    as square too.
    """
    if not ratio or abs(ratio - 1) <= _TOLERANCE or not Fraction(1, _MOST) <= ratio <= _MOST:
        return SQUARE
    return ratio


def stretch(ratio: Fraction) -> tuple[Fraction, Fraction]:
    """How many times wider and higher a picture is shown: one is 1, the other is more.

    A side is stretched rather than the other one shrunk, so that no detail is lost.
    """
    if ratio >= 1:
        return ratio.limit_denominator(_MAX_DENOMINATOR), SQUARE
    return SQUARE, (1 / ratio).limit_denominator(_MAX_DENOMINATOR)


def displayed_size(width: int, height: int, ratio: Fraction) -> tuple[int, int]:
    """Width and height in square pixels of a picture whose pixels have the aspect ``ratio``."""
    across, down = stretch(ratio)
    return round(width * across), round(height * down)

"""The luminance of a face by scale: Gaussian bands on the canonical plane."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from appliance.pipeline.appearance.look.planes import BROAD, FINE, to_side
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.types import Float

SIGMAS = (1.5, 3.0, 6.0, 12.0, 24.0)  # texels of the fine plane: 0.12 to 1.92 cm of a face
FINE_BANDS = 2  # that need the fine plane
ELSEWHERE = np.float32(0.03)  # weight of places that do not count, so that they have a mean too
BLOCKS = 64  # a side of the plane, whose energies are compared
REGIONAL = 0.05  # weight of the whole face's energy in a place's
OUTLIER = 3.0  # standard deviations beyond which a value counts as if it were there
MAD = 1.48  # a normal distribution's standard deviation over its median absolute deviation


@dataclass(frozen=True, slots=True)
class Bands:
    """Log luminance as a sum of bands, of which all but the first two are on the broad plane.

    ``details``: five, each (s, s): below the first of ``SIGMAS``, then between each and the next.
    ``rest``: what is smoother. ``smooth``: on the fine plane, all but the first band.
    """

    details: tuple[Float, ...]
    rest: Float
    smooth: Float

    @classmethod
    def of(cls, luma: Float, weight: Float) -> Bands:
        """The bands of a picture on the fine plane; it is smoothed by its ``weight``, 0-1.

        A normalised convolution (Knutsson and Westin, 1993): what has no weight, such as a brow,
        does not darken the skin next to it.
        """
        weight = np.maximum(weight, ELSEWHERE)
        lit = luma * weight
        reaches = SIGMAS[:FINE_BANDS]
        fine = [images.blurred(lit, one) / images.blurred(weight, one) for one in reaches]
        lit, weight = to_side(lit, BROAD), to_side(weight, BROAD)
        reaches = tuple(sigma * BROAD / FINE for sigma in SIGMAS[FINE_BANDS:])
        broad = [smoothed(lit, one) / smoothed(weight, one) for one in reaches]
        steps = ([luma, *fine], [to_side(fine[-1], BROAD), *broad])
        details = [sharp - soft for lows in steps for sharp, soft in pairwise(lows)]
        return cls(tuple(details), broad[-1], fine[0])


def smoothed(picture: Float, sigma: float) -> Float:
    """A Gaussian of ``sigma`` texels, computed on fewer texels where they show all of it."""
    side, factor = picture.shape[0], 1
    while sigma / factor >= 4 and factor < 8:
        factor *= 2
    if factor == 1:
        return images.blurred(picture, sigma)
    small = images.resized(picture, (side // factor, side // factor), cv2.INTER_AREA)
    # The mean of a block is itself a low-pass, of variance (1 - 1 / factor²) / 12 in its own sides.
    own = (1 - factor**-2) / 12
    small = images.blurred(small, float(np.sqrt((sigma / factor) ** 2 - own)))
    return images.resized(small, (side, side))


def mean(values: Float, weight: Float) -> float:
    """The weighted mean; 0 without any weight."""
    return float(np.vdot(values, weight)) / max(float(weight.sum()), 1e-6)


def bounded(band: Float, weight: Float) -> Float:
    """The band with its outliers, over where ``weight`` is above one half, pulled in."""
    seen = np.abs(band[weight > 0.5])
    if not seen.size:
        return band
    limit = OUTLIER * MAD * float(np.median(seen))
    return np.clip(band, -limit, limit)


def local_energy(squares: Float, weight: Float, reach: float) -> Float:
    """The weighted mean of a band's ``squares``, (s, s), around each place: (``BLOCKS``,) * 2.

    ``reach``: of the neighbourhood, in blocks.
    """
    squares = to_side(squares * weight, BLOCKS)
    total = to_side(weight, BLOCKS)
    whole = float(squares.sum()) / max(float(total.sum()), 1e-3)
    share = images.blurred(total, reach) + REGIONAL
    return np.asarray((images.blurred(squares, reach) + REGIONAL * whole) / share, np.float32)

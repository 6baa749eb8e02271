"""How far a colour is from skin."""

from __future__ import annotations

import numpy as np

from appliance.pipeline.face import Float
from appliance.pipeline.tone import LUMA

HAIR = (0.35, 0.75)  # the distance from which a place of the forehead is hair, and is surely hair


def distance_from_skin(off: Float) -> Float:
    """The distance, in natural-log units, of colours ``off`` (…, 3) log RGB from the skin's own.

    Darkness counts in full, brightness half (skin shines), a shift of hue twice.
    """
    luma = off @ LUMA
    hue = np.linalg.norm(off - luma[..., None], axis=-1)
    return np.asarray(np.hypot(np.where(luma < 0, luma, luma / 2), 2 * hue), np.float32)


def median_colour(colours: Float, weights: Float) -> Float:
    """Channel by channel, the :func:`weighted_median` of (n, 3) colours: (3,)."""
    return np.array([weighted_median(channel, weights) for channel in colours.T], np.float32)


def weighted_median(values: Float, weights: Float) -> float:
    """The value with half of the weight on either side."""
    order = np.argsort(values)
    rising = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(rising, rising[-1] / 2)])

"""The distance of colours from skin."""

from __future__ import annotations

import numpy as np

from appliance.pipeline.appearance.tone import LUMA
from appliance.pipeline.imaging.types import Float

HAIR = (0.35, 0.75)  # distances at which a place of the forehead may be hair, and surely is


def distance_from_skin(off: Float) -> Float:
    """The distance, in natural-log units, of colours ``off`` (…, 3) log RGB from the skin's own.

    Darkness counts in full, brightness half (skin shines), a shift of hue twice.
    """
    luma = off @ LUMA
    hue = np.linalg.norm(off - luma[..., None], axis=-1)
    return np.asarray(np.hypot(np.where(luma < 0, luma, luma / 2), 2 * hue), np.float32)


def median_colour(colours: Float, weights: Float) -> Float:
    """The weighted median of each channel of (n, c) colours, weights (n,): (c,)."""
    order = np.argsort(colours, axis=0)
    rising = np.cumsum(weights[order], axis=0)
    middle = np.argmax(rising >= rising[-1] / 2, axis=0)
    channels = np.arange(colours.shape[1])
    return np.asarray(colours[order[middle, channels], channels], np.float32)

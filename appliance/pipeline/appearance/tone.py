"""Colours as natural logarithms, in which light is added and not multiplied."""

from __future__ import annotations

import numpy as np

from appliance.pipeline.imaging.types import Float

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
BLACK = np.float32(4.0)  # added to 0-255 colours before a logarithm, so that black stays finite


def log_colour(colour: Float) -> Float:
    """The natural log of colours, 0-255, of any shape; finite at black."""
    return np.asarray(np.log(colour + BLACK), np.float32)

"""Adapts a source's flattened texture to one target: highlights and contrast.

Apart from its detail the texture has the colour ``tone`` everywhere; the target's light is
multiplied in later. Two things must not be multiplied: a highlight is light that the skin reflects
without taking on its colour, so it keeps its absolute strength; and a face photographed in hard
light must not bring more contrast than the target's light causes.
"""

from __future__ import annotations

import numpy as np

from appliance.pipeline.imaging.types import Float

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
BLACK = np.float32(4.0)  # added to 0-255 colours before a logarithm, so that black stays finite
LEAST_CONTRAST = 0.75  # below this share of its own contrast a face looks painted


def log_colour(colour: Float) -> Float:
    """The natural log of colours, 0-255, of any shape; finite at black."""
    return np.asarray(np.log(colour + BLACK), np.float32)


def contrast(colours: Float, light: Float, weight: Float) -> float:
    """Root mean square of the log-luminance detail over the skin: 0 for a smooth face.

    ``colours`` (n, 3) 0-255, ``light`` (n, 3) log RGB, ``weight`` (n,).
    """
    detail = np.minimum(np.abs((log_colour(colours) - light) @ LUMA), 0.5)
    return float(np.sqrt(weight @ detail**2 / max(float(weight.sum()), 1e-6)))


def toned(texture: Float, tone: Float, feature: Float, gain: Float, ratio: float) -> Float:
    """The (h, w, 3) texture as it is to be multiplied by a light whose mean gain is ``gain`` (3,).

    ``tone`` (3,) log RGB, ``feature`` (h, w, 1) 1 on lips, brows and eyes, whose contrast is their
    own, 0 on skin. ``ratio`` the target's contrast over the source's.
    """
    ratio = float(np.clip(ratio, LEAST_CONTRAST, 1.0))
    base = np.asarray(np.exp(tone) - BLACK, np.float32)
    shine = np.asarray(np.minimum(1.0, 1.0 / gain), np.float32)
    dark = np.minimum(texture, base)
    bright = (texture - dark) * shine
    if ratio == 1:
        return np.asarray(dark + bright, np.float32)
    # (dark / base) ** ratio · base with black kept above zero; exp and log are faster in numpy.
    soft = np.exp(np.log(dark + BLACK) * ratio + tone * (1 - ratio)) - BLACK
    skin = np.asarray(soft + bright * ratio, np.float32)
    return np.asarray(skin + feature * (dark + bright - skin), np.float32)

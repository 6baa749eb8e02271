"""Faces made of noise, as the canonical plane would show them."""

from __future__ import annotations

import numpy as np

from appliance.pipeline.appearance.look.planes import FINE
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.types import Float

SCALES = (0.0, 2.0, 4.0, 8.0, 16.0)  # texels: the smoothness of noise that fills each band


def noise(seed: int, sigma: float, strength: float) -> Float:
    """Noise with that standard deviation, smooth over ``sigma`` texels: (256, 256)."""
    plain = np.random.default_rng(seed).normal(0, 1, (FINE, FINE)).astype(np.float32)
    smooth = images.blurred(plain, sigma) if sigma else plain
    return np.asarray(strength * smooth / smooth.std(), np.float32)


def surface(seed: int, strength: float) -> Float:
    """Log luminance with noise of the same strength at every scale: (256, 256)."""
    parts = [noise(seed + place, sigma, strength) for place, sigma in enumerate(SCALES)]
    return np.asarray(np.sum(parts, axis=0), np.float32)


def grey(luma: Float) -> Float:
    """Log luminance as log RGB without colour: (256, 256, 3)."""
    return np.repeat(luma[..., None], 3, axis=2)

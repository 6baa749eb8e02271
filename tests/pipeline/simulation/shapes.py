"""Shapes that no mesh network drew: what patients have and its heads have not.

Each is a move of the points of a face, in cm on the canonical axes, as a formula of where they lie
on the canonical face. None is made of the handles' own hills and falls-off, and some are finer than
the mesh: heads of them test handles on noses and chins that the 478 points do not wholly tell.
Sizes are by eye on photographs; the swelling is the 7 mm that swellings of tooth abscesses have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from appliance.pipeline.imaging.types import Float

Shape: TypeAlias = Callable[[Float], Float]
"""From (n, 3) places of the canonical face, cm, to their move, (n, 3) cm."""

_UP, _OUT = np.array([0, 1, 0]), np.array([0, 0, 1])


def _hill(
    rest: Float, middle: tuple[float, float, float], size: tuple[float, float, float]
) -> Float:
    away = ((rest - np.array(middle)) / np.array(size)) ** 2
    return np.asarray(np.exp(-0.5 * away.sum(axis=1)), np.float32)


def _plain(rest: Float) -> Float:
    return np.zeros_like(rest)


def _humped(rest: Float) -> Float:
    """A dorsal hump of 3 mm with a saddle of 1.5 mm below it, and a tip that hangs by 2 mm."""
    hump = 0.30 * _hill(rest, (0, 1.9, 6.2), (0.42, 0.45, 1.2))
    saddle = 0.15 * _hill(rest, (0, 0.5, 6.6), (0.45, 0.35, 1.2))
    tip = 0.20 * _hill(rest, (0, -0.7, 7.5), (0.9, 0.7, 1.3))
    return np.asarray(np.outer(hump - saddle, _OUT) - np.outer(tip, _UP), np.float32)


def _deviated(rest: Float) -> Float:
    """A nose like a C: its bridge 3 mm to the subject's left, its tip 2 mm to the right."""
    nose = 1 / (1 + np.exp(-(rest[:, 2] - 5.2) / 0.25)) * np.exp(-0.5 * (rest[:, 0] / 1.6) ** 2)
    nose *= np.exp(-0.5 * ((rest[:, 1] - 1.0) / 1.8) ** 4)
    across = 0.05 + 0.25 * np.cos((rest[:, 1] - 1.6) * np.pi / 2.6)
    return np.asarray(np.outer(nose * across, [1, 0, 0]), np.float32)


def _uneven(rest: Float) -> Float:
    """A jaw that is 6 mm wider on the left, and a chin 4 mm to the right."""
    angle = 0.6 * _hill(rest, (6.2, -5.4, -0.8), (2.0, 2.2, 2.8))
    chin = 0.4 * _hill(rest, (0, -7.6, 5.0), (2.0, 1.9, 2.6))
    return np.asarray(np.outer(angle - chin, [1, 0, 0]) - np.outer(0.3 * angle, _UP), np.float32)


def _swollen(rest: Float) -> Float:
    """A right cheek that stands out by 7 mm, as over an abscess of a tooth."""
    cheek = 0.7 * _hill(rest, (-4.4, -2.6, 3.6), (1.7, 1.6, 2.2))
    return np.asarray(np.outer(cheek, [-0.7, 0, 0.7]), np.float32)


def _receding(rest: Float) -> Float:
    """A chin that lies 8 mm back and 3 mm high, with a lower lip that follows it."""
    chin = _hill(rest, (0, -7.9, 4.8), (2.6, 2.1, 3.0))
    return np.asarray(np.outer(0.3 * chin, _UP) - np.outer(0.8 * chin, _OUT), np.float32)


SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "plain": _plain,
        "humped": _humped,
        "deviated": _deviated,
        "uneven jaw": _uneven,
        "swollen cheek": _swollen,
        "receding chin": _receding,
    }
)
"""All by name; the first leaves a face as it is."""

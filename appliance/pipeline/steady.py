"""A filter against jitter that does not lag behind motion."""

from __future__ import annotations

import numpy as np

from appliance.pipeline.face import Float


class OneEuro:
    """The 1 € filter (Casiez, Roussel and Vogel, CHI 2012), for an array at a time.

    ``cutoff``: Hz at rest, lower is steadier. ``slope``: how much the cut-off rises with speed,
    per unit a second; values are best given in a unit of the object's own size.
    """

    def __init__(self, cutoff: float = 1.5, slope: float = 8.0, speed_cutoff: float = 2.0) -> None:
        self._cutoff = cutoff
        self._slope = slope
        self._speed_cutoff = speed_cutoff
        self._value: Float | None = None
        self._speed: Float | None = None

    def smooth(self, value: Float, seconds: float) -> Float:
        """The next value, ``seconds`` after the last, of the same shape every time."""
        if self._value is None or self._speed is None or seconds <= 0:
            self._value, self._speed = value, np.zeros_like(value)
            return value
        speed = (value - self._value) / seconds
        share = _share(np.float32(self._speed_cutoff), seconds)
        self._speed = self._speed + share * (speed - self._speed)
        # One cut-off for a point, by how fast it moves as a whole.
        pace = np.linalg.norm(self._speed, axis=-1, keepdims=True)
        share = _share(self._cutoff + self._slope * pace, seconds)
        self._value = np.asarray(self._value + share * (value - self._value), np.float32)
        return self._value


def _share(cutoff: Float | np.float32, seconds: float) -> Float:
    lag = 1 / (2 * np.pi * cutoff)
    return np.asarray(1 / (1 + lag / seconds), np.float32)

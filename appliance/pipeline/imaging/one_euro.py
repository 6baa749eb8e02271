"""The 1 € filter: takes jitter out of what moves, without lag."""

from __future__ import annotations

import numpy as np

from appliance.pipeline.imaging.types import Float


class OneEuro:
    """The 1 € filter (Casiez, Roussel and Vogel, CHI 2012) for the rows of an array.

    ``cutoff``: (n,), Hz at rest for each row; lower is steadier. ``slope``: its rise with speed,
    in Hz for one unit a second; values are best given in a unit of the object's own size.
    ``speed_cutoff``: Hz.
    """

    def __init__(self, cutoff: Float, slope: float, speed_cutoff: float) -> None:
        self._cutoff = cutoff[:, None]
        self._slope = slope
        self._speed_cutoff = speed_cutoff
        self._speed: Float = np.zeros((len(cutoff), 1), np.float32)

    def smooth(self, expected: Float, measured: Float, seconds: float) -> Float:
        """(n, d), between what was ``expected`` and what is ``measured``, both (n, d).

        ``seconds``: since the last call; if it is not positive, ``measured`` is the result.
        """
        if seconds <= 0:
            return measured
        off = measured - expected
        share = _share(np.full(1, self._speed_cutoff, np.float32), seconds)
        self._speed = self._speed + share * (off / seconds - self._speed)
        pace = np.linalg.norm(self._speed, axis=1, keepdims=True)
        share = _share(self._cutoff + self._slope * pace, seconds)
        return np.asarray(expected + share * off, np.float32)


def _share(cutoff: Float, seconds: float) -> Float:
    """The weight, 0-1, of a new value in a low-pass filter of ``cutoff`` Hz, of any shape."""
    return np.asarray(1 / (1 + 1 / (2 * np.pi * cutoff * seconds)), np.float32)

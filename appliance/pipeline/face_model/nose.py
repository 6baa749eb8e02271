"""The wings and nostrils of a nose: seen at a grazing angle from the front, and yet seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.imaging.types import Float

# cm of the canonical face from its middle: how far to either side, down and up the nose reaches.
ASIDE, BELOW, ABOVE = 2.6, -3.2, 1.2
GAP = 0.7  # cm: half the width of a gap that is closed: a wing, but not the far side of a nose


class NoseCloser:
    """Closes small gaps on the nose: a place between well seen ones counts as they do.

    What is left out there, between two that are drawn, would show as a rim of the target's own
    around the source's nostril.
    """

    def __init__(self, canonical: Canonical) -> None:
        x, y = canonical.xyz[:, 0], canonical.xyz[:, 1]
        self._nose = np.flatnonzero((np.abs(x) < ASIDE) & (y > BELOW) & (y < ABOVE))
        near = np.linalg.norm(canonical.xyz[:, None] - canonical.xyz[None], axis=2) < GAP
        self._around = _rows(near, np.arange(len(near)))
        self._of_nose = _rows(near, self._nose)

    def closed(self, values: Float) -> Float:
        """(478,) values with their small gaps on the nose closed (a morphological closing)."""
        highest = values[self._around].max(axis=1)
        result = values.copy()
        result[self._nose] = highest[self._of_nose].min(axis=1)
        return result


def _rows(near: NDArray[np.bool_], points: NDArray[np.intp]) -> NDArray[np.intp]:
    """What is ``near``, (n, n), each of ``points``, (m,): (m, k), filled up with the point."""
    rows = [np.flatnonzero(near[point]) for point in points]
    table = np.tile(points[:, None], (1, max(map(len, rows))))
    for filled, row in zip(table, rows, strict=True):
        filled[: len(row)] = row
    return table

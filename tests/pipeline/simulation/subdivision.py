"""A finer mesh through the same points, as if the surface between them were smooth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.imaging.types import Float


@dataclass(frozen=True, slots=True)
class Finer:
    """A mesh of which each triangle is four.

    ``smooth`` and ``straight``: (m, n) matrices that give the m finer points from the n old ones,
    which come first: on a smooth surface through them, and on straight edges. ``triangles``:
    (4t, 3).
    """

    smooth: Float
    straight: Float
    triangles: NDArray[np.int32]

    @classmethod
    def of(cls, triangles: NDArray[np.int32], count: int) -> Finer:
        """By C. Loop's scheme (1987), turned round so that the old points stay where they are.

        ``count``: of the old points; those in no triangle stay alone.
        """
        ends, opposite = _edges(triangles)
        smooth = np.zeros((count + len(ends), count))
        straight = np.zeros_like(smooth)
        smooth[:count], straight[:count] = _vertices(ends, opposite, count), np.eye(count)
        for row, (two, others) in enumerate(zip(ends, opposite, strict=True), start=count):
            straight[row, list(two)] = 1 / 2
            smooth[row, list(two)] = 3 / 8 if len(others) == 2 else 1 / 2
            if len(others) == 2:
                smooth[row, others] = 1 / 8
        at = {two: number for number, two in enumerate(ends, start=count)}
        split = []
        for a, b, c in triangles.tolist():
            ab, bc, ca = (at[min(i, j), max(i, j)] for i, j in ((a, b), (b, c), (c, a)))
            split += [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
        through = smooth @ np.linalg.inv(smooth[:count])
        return cls(
            through.astype(np.float32), straight.astype(np.float32), np.array(split, np.int32)
        )


def _edges(triangles: NDArray[np.int32]) -> tuple[list[tuple[int, int]], list[list[int]]]:
    found: dict[tuple[int, int], list[int]] = {}
    for a, b, c in triangles.tolist():
        for i, j, third in ((a, b, c), (b, c, a), (c, a, b)):
            found.setdefault((min(i, j), max(i, j)), []).append(third)
    return list(found), list(found.values())


def _vertices(
    ends: list[tuple[int, int]], opposite: list[list[int]], count: int
) -> NDArray[np.float64]:
    near: list[set[int]] = [set() for _ in range(count)]
    rim: list[set[int]] = [set() for _ in range(count)]
    for (a, b), others in zip(ends, opposite, strict=True):
        for one, other in ((a, b), (b, a)):
            near[one].add(other)
            if len(others) != 2:
                rim[one].add(other)
    rows = np.eye(count)
    for point in range(count):
        around, share = list(near[point]), 3 / 8
        if rim[point]:
            around, share = list(rim[point]), 1 / 4
        elif len(around) == 3:
            share = 9 / 16
        if around:
            rows[point, point] = 1 - share
            rows[point, around] = share / len(around)
    return rows

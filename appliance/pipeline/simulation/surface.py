"""Distances along the surface of the canonical face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.canonical import SKIRT_RING, Canonical
from appliance.pipeline.face_model.perspective_pose import MM
from appliance.pipeline.face_model.topology import POINTS
from appliance.pipeline.imaging.types import Float


class Surface:
    """The canonical face as a graph: its points, joined along edges and across pairs of triangles.

    Paths across a pair of triangles take away most of the error of walking along edges alone.
    """

    def __init__(self, canonical: Canonical) -> None:
        inside = canonical.kind != SKIRT_RING
        triangles = canonical.triangles[inside]
        pairs = np.vstack([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
        ends = np.unique(np.sort(np.vstack([pairs, _across(triangles)]), axis=1), axis=0)
        self._ends = np.vstack([ends, ends[:, ::-1]])
        self.points = np.asarray(canonical.xyz * MM, np.float32)
        gaps = self.points[self._ends[:, 0]] - self.points[self._ends[:, 1]]
        self._lengths = np.linalg.norm(gaps, axis=1)

    def distance(self, seeds: NDArray[np.intp]) -> Float:
        """From each mesh point to the nearest of ``seeds``, along the surface: (478,) mm."""
        reached = np.full(POINTS, np.inf)
        reached[seeds] = 0
        while True:  # Bellman and Ford: at most as many rounds as a path has edges
            nearer = reached.copy()
            np.minimum.at(nearer, self._ends[:, 1], reached[self._ends[:, 0]] + self._lengths)
            if np.array_equal(nearer, reached):
                return reached.astype(np.float32)
            reached = nearer


def _across(triangles: NDArray[np.int32]) -> NDArray[np.int32]:
    """The two points opposite each edge that two triangles share: (n, 2)."""
    opposite: dict[tuple[int, int], int] = {}
    found = []
    for a, b, c in triangles.tolist():
        for one, other, third in ((a, b, c), (b, c, a), (c, a, b)):
            edge = (min(one, other), max(one, other))
            if edge in opposite:
                found.append((opposite[edge], third))
            opposite[edge] = third
    return np.array(found, np.int32)

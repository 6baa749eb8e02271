"""Raised brows: how far they are above where people commonly have them."""

from __future__ import annotations

import numpy as np

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.regions import distance_to
from appliance.pipeline.face_model.topology import POINTS, indices
from appliance.pipeline.imaging.geometry import smoothstep
from appliance.pipeline.imaging.types import Float

# Of the right brow, its lower and its upper edge, then the corners of its eye.
BROW = indices("46 53 52 65 55 70 63 105 66 107")
CORNERS = indices("33 133")
# cm above the average up to which a brow's height over the eye is the person's own. Over 21 people,
# two photos of each, it has a standard deviation of 0.19 cm, between the photos of one person of
# 0.11; what is left, 0.15, is between people, and this is twice as much. Low brows may be a frown,
# but are taken for the person's own: they are much of a likeness.
OWN = 0.3
REACH = (0.4, 1.3)  # cm from a brow over which skin moves with it; lids do not


class BrowRaise:
    """Makes what the brows of an aligned shape are raised by a move of the mesh."""

    def __init__(self, canonical: Canonical) -> None:
        self._sides = [(BROW, CORNERS), (canonical.mirror[BROW], canonical.mirror[CORNERS])]
        self._usual = self._heights(canonical.xyz)
        self._weights = np.stack(
            [1 - smoothstep(distance_to(canonical, brow), *REACH) for brow, _ in self._sides]
        )

    @property
    def weights(self) -> Float:
        """How far each mesh point moves with the brows: (478,), 0-1."""
        return np.asarray(self._weights.max(axis=0), np.float32)

    def move(self, shape: Float) -> Float:
        """What raises brows as those of a (478, 3) shape are raised: (478, 3) cm.

        Nothing as long as they may be at rest.
        """
        raised = np.maximum(self._heights(shape) - self._usual - OWN, 0)
        move = np.zeros((POINTS, 3), np.float32)
        move[:, 1] = raised @ self._weights
        return move

    def _heights(self, shape: Float) -> Float:
        """Of the right and the left brow over its eye: (2,) cm."""
        heights = [shape[brow, 1].mean() - shape[eye, 1].mean() for brow, eye in self._sides]
        return np.array(heights, np.float32)

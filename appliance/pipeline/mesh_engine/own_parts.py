"""Which parts of the target's face stay its own, because its expression is not the source's."""

from __future__ import annotations

import numpy as np

from appliance.pipeline.face_model.canonical import (
    LEFT_EYE_HOLE,
    MOUTH_HOLE,
    RIGHT_EYE_HOLE,
    Canonical,
)
from appliance.pipeline.face_model.expression_gap import ExpressionGap
from appliance.pipeline.face_model.regions import fold_weights, lip_weights, orbit_weights
from appliance.pipeline.face_model.topology import LEFT_EYE, OUTER_LIPS, RIGHT_EYE
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.types import Float

RECOLOURED = 0.2  # gap from which what is let through has the source's colour in full
# How much of a smile's fold is the target's where its mouth is. All of it would cost likeness.
FOLDED = 0.5


class OwnParts:
    """How far the source is drawn at each place, given the gap between two expressions."""

    def __init__(self, canonical: Canonical) -> None:
        self._kind = canonical.kind
        self._uv = canonical.uv[None]
        self._smile = np.maximum(lip_weights(canonical), FOLDED * fold_weights(canonical))
        self._orbits = orbit_weights(canonical)

    def drawn(self, gap: ExpressionGap) -> Float:
        """At each mesh point: (478,), 0-1.

        Lips and lids that do something else stay, and half of the folds that a smile draws.
        """
        lids = np.array(gap.lids, np.float32) @ self._orbits
        return np.asarray((1 - lids) * (1 - gap.mouth * self._smile), np.float32)

    def recolouring(self, gap: ExpressionGap, trust: Float, visibility: Float) -> Float:
        """How far lips, right iris and left iris take the source's colour: (3,), 0-1.

        ``trust``: (478,) how far a mesh point may change, 0-1. ``visibility``: (s, s), see
        :mod:`appliance.pipeline.appearance.visibility`; a hand before a mouth is not painted.
        """
        seen = images.remapped(visibility, self._uv * visibility.shape[0] - 0.5)[0]
        gaps = np.array([gap.mouth, *gap.eyeballs], np.float32)
        rings = (OUTER_LIPS, RIGHT_EYE, LEFT_EYE)
        may = [trust[ring].mean() * seen[ring].min() for ring in rings]
        return np.asarray(np.minimum(gaps / RECOLOURED, 1) * may, np.float32)

    def openings(self, gap: ExpressionGap) -> Float:
        """In each triangle: (t,), 0-1. Not in the mouth: teeth and tongue are the target's own."""
        by_kind = np.ones(int(self._kind.max()) + 1, np.float32)
        by_kind[MOUTH_HOLE] = 0
        by_kind[[RIGHT_EYE_HOLE, LEFT_EYE_HOLE]] -= gap.eyeballs
        return by_kind[self._kind]

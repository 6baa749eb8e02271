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
from appliance.pipeline.face_model.regions import orbit_weights
from appliance.pipeline.imaging.types import Float


class OwnParts:
    """How far the source is drawn at each place, given the gap between two expressions."""

    def __init__(self, canonical: Canonical) -> None:
        self._kind = canonical.kind
        self._orbits = orbit_weights(canonical)

    def drawn(self, gap: ExpressionGap) -> Float:
        """At each mesh point: (478,), 0-1. Lids that close or open another way stay as they are."""
        return np.asarray(1 - np.array(gap.lids, np.float32) @ self._orbits, np.float32)

    def openings(self, gap: ExpressionGap) -> Float:
        """In each triangle: (t,), 0-1. Not in the mouth: teeth and tongue are the target's own."""
        by_kind = np.ones(int(self._kind.max()) + 1, np.float32)
        by_kind[MOUTH_HOLE] = 0
        by_kind[[RIGHT_EYE_HOLE, LEFT_EYE_HOLE]] -= gap.lids
        return by_kind[self._kind]

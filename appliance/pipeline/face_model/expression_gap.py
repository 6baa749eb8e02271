"""How far the expressions of two faces are apart, part by part.

Where they are, no photo of the source shows what the target's face does, and the target's own
pixels are the honest answer. Each measure is smooth in the mesh, so what follows from it fades in.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.pipeline.face_model.topology import eye_openness
from appliance.pipeline.imaging.geometry import ramp
from appliance.pipeline.imaging.types import Float

# Differences of lid openness, in eye distances, from which lids are apart, and surely are. Eyes
# that look into the camera differ by up to 0.045 in portraits, a wide and a closed one by 0.1.
LIDS = (0.04, 0.08)


@dataclass(frozen=True, slots=True)
class ExpressionGap:
    """0 where two faces do the same, 1 where one tells nothing of the other.

    ``lids``: of the right and the left eye.
    """

    lids: tuple[float, float]

    @classmethod
    def between(cls, one: Float, other: Float) -> ExpressionGap:
        """Of two aligned shapes, (478, 3) canonical cm."""
        pairs = zip(eye_openness(one[:, :2]), eye_openness(other[:, :2]), strict=True)
        right, left = (ramp(abs(a - b), *LIDS) for a, b in pairs)
        return cls((right, left))

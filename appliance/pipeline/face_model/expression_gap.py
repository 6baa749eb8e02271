"""How far the expressions of two faces are apart, part by part.

Where they are, no photo of the source shows what the target's face does, and the target's own
pixels are the honest answer. Each measure is smooth in the mesh, so what follows from it fades in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from appliance.pipeline.face_model.topology import (
    LEFT_EYE,
    RIGHT_EYE,
    eye_openness,
    gaze,
    mouth_openness,
)
from appliance.pipeline.imaging.geometry import ramp
from appliance.pipeline.imaging.types import Float

# Differences of lid openness, in eye distances, from which lids are apart, and surely are. Eyes
# that look into the camera differ by up to 0.045 in portraits, a wide and a closed one by 0.1.
LIDS = (0.04, 0.08)
SQUEEZED = (0.015, 0.06)  # the same, from which an iris would be squeezed or stretched to an oval
# Differences of gaze, in widths of an eye. People who look into the camera differ by up to 0.04.
GAZES = (0.05, 0.17)
# Differences of the mouth at which its gap, in eye distances, and its width, in cm, count in full.
MOUTH_GAP, MOUTH_WIDTH = 0.12, 1.2
# How much of a difference of widths is expression: mouths of one person vary by 0.71 cm (standard
# deviation, 107 photos of 20 people), those of different people by 0.51 more.
EXPRESSED = 0.66
MOUTHS = (0.2, 0.8)  # shares of those from which mouths are apart, and surely are
HIDDEN = (0.05, 0.3)  # covered shares of an eye's rim from which its lids are guessed


@dataclass(frozen=True, slots=True)
class ExpressionGap:
    """0 where two faces do the same, 1 where one tells nothing of the other.

    ``mouth``: between a smile and a closed mouth, say. ``lids`` and ``eyeballs``: of the right and
    the left eye.
    """

    mouth: float
    lids: tuple[float, float]
    eyeballs: tuple[float, float]

    @classmethod
    def between(cls, one: Float, other: Float) -> ExpressionGap:
        """Of two aligned shapes, (478, 3) canonical cm."""
        pairs = zip(eye_openness(one[:, :2]), eye_openness(other[:, :2]), strict=True)
        right, left = (abs(a - b) for a, b in pairs)
        aside = ramp(float(np.linalg.norm(gaze(one) - gaze(other))), *GAZES)
        return cls(
            mouth=_mouths_apart(one, other),
            lids=(ramp(right, *LIDS), ramp(left, *LIDS)),
            eyeballs=(max(ramp(right, *SQUEEZED), aside), max(ramp(left, *SQUEEZED), aside)),
        )

    def behind(self, covered: Float) -> ExpressionGap:
        """The same where hands hide mesh points: (478,) ``covered``, 0-1.

        What it does not see the mesh network guesses, and a hidden eye is open to it. Both lids
        move together, so of a hidden one that much is known as of the other.
        """
        right, left = (ramp(float(covered[eye].mean()), *HIDDEN) for eye in (RIGHT_EYE, LEFT_EYE))
        lids = self.lids
        known = (max(lids[1], left), max(lids[0], right))
        return replace(
            self,
            lids=(
                lids[0] + right * max(known[0] - lids[0], 0),
                lids[1] + left * max(known[1] - lids[1], 0),
            ),
        )


def _mouths_apart(one: Float, other: Float) -> float:
    gap = abs(mouth_openness(one[:, :2]) - mouth_openness(other[:, :2]))
    width = abs(float(np.linalg.norm(one[61] - one[291]) - np.linalg.norm(other[61] - other[291])))
    return ramp(max(gap / MOUTH_GAP, EXPRESSED * width / MOUTH_WIDTH), *MOUTHS)

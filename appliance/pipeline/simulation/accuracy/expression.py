"""Whether a face has the same expression in two photos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from appliance.errors import HandleError
from appliance.pipeline.face_model.topology import eye_distance, indices, mouth_openness
from appliance.pipeline.imaging.types import Float

GAP, BREADTH = 0.05, 0.06
"""Eye distances by which the mouth may be open, or broad, otherwise: of 90 mm, 4.5 and 5.4."""

_CORNERS = indices("61 291")


@dataclass(frozen=True, slots=True)
class Expression:
    """Of a mouth: the ``gap`` of the inner lips and its ``breadth``, over the eye distance.

    Read from the network's mesh, which sees an expression well.
    """

    gap: float
    breadth: float

    @classmethod
    def of(cls, points: Float) -> Self:
        """Of a face's (478, 2) points."""
        right, left = points[_CORNERS]
        breadth = float(np.linalg.norm(left - right)) / max(eye_distance(points), 1e-6)
        return cls(mouth_openness(points), breadth)


def check_expressions(before: Expression, later: Expression) -> None:
    """Raises ``HandleError`` where they differ: a smile widens the nose and lowers its tip."""
    if abs(before.gap - later.gap) > GAP or abs(before.breadth - later.breadth) > BREADTH:
        raise HandleError(
            "The expression differs between the photos, and would count as an operation.",
            "Use two photos of the face at rest, with the mouth closed.",
        )

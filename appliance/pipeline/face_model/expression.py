"""Expression, as opposed to identity: linear moves of brows, cheeks, lips and jaw.

The moves are built on the canonical face, each a smooth displacement around its muscle's insertion,
after the action units of Ekman and Friesen's Facial Action Coding System (1978). No face was used
to fit them, so they contain no person's likeness.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.topology import POINTS, SKIN_POINTS
from appliance.pipeline.imaging.types import Float

MOUTH_LINE = -4.27  # cm: between the lips of the canonical face
HINGE = np.array([0.0, 0.0, -2.0])  # cm: the axis the lower jaw turns about, ear to ear

X, Y, Z = np.eye(3, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Moves:
    """Moves of the mesh and how much of them is expression.

    ``basis``: (n, 478, 3), each move 1 cm at its largest. ``deviation``: (n,) cm, how far people
    commonly use it; the smaller, the more of such a difference is taken for identity.
    """

    basis: Float
    deviation: Float


def expression_moves(canonical: Canonical) -> Moves:
    """The moves of jaw, mouth corners, lips, cheeks and brows."""
    xyz = canonical.xyz
    upper = (xyz[:, 1] > MOUTH_LINE).astype(np.float32)
    lower = 1 - upper

    def near(point: int, reach: float) -> Float:
        gaps = np.linalg.norm(xyz - xyz[point], axis=1)
        return np.asarray(np.exp(-0.5 * (gaps / reach) ** 2), np.float32)

    jaw = 1 / (1 + np.exp((xyz[:, 1] - MOUTH_LINE) / 0.25))
    moves = [(np.cross(X, xyz - HINGE) * jaw[:, None], 0.5)]
    moves += [(jaw[:, None] * axis, 0.15) for axis in (X, Z)]
    for corner in (61, 291):
        moves += [(near(corner, 1.7)[:, None] * axis, 0.3) for axis in (X, Y, Z)]
    for lip, side in ((13, upper), (14, lower), (0, upper), (17, lower)):
        moves += [((near(lip, 1.2) * side)[:, None] * axis, 0.2) for axis in (Y, Z)]
    for cheek in (50, 280, 205, 425):
        moves += [(near(cheek, 1.6)[:, None] * axis, 0.05) for axis in (X, Y, Z)]
    for brow in (55, 285, 105, 334, 70, 300):
        moves += [(near(brow, 1.3)[:, None] * axis, 0.05) for axis in (X, Y)]
    basis = np.stack([move for move, _ in moves]).astype(np.float32)
    basis[:, SKIN_POINTS:] = 0  # gaze is the eyeball's, not the skin's
    basis /= np.linalg.norm(basis, axis=2).max(axis=1)[:, None, None]
    return Moves(basis, np.array([deviation for _, deviation in moves], np.float32))


class Neutraliser:
    """Removes from the difference of two faces what their expressions explain.

    Ridge regression: an expression is expected to move points by its ``deviation``, identity by
    about ``residual`` cm.
    """

    def __init__(self, canonical: Canonical, residual: float = 0.4) -> None:
        moves = expression_moves(canonical)
        self._basis = moves.basis.reshape(len(moves.basis), -1)
        gram = self._basis @ self._basis.T + np.diag((residual / moves.deviation) ** 2)
        self._solver = np.linalg.solve(gram, self._basis).astype(np.float32)

    def neutralise(self, difference: Float) -> Float:
        """A (478, 3) difference in canonical cm without its expression part."""
        flat = difference.reshape(-1)
        coefficients = self._solver @ flat
        return np.asarray((flat - coefficients @ self._basis).reshape(POINTS, 3), np.float32)

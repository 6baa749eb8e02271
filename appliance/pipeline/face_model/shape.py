"""How a target's mesh moves toward a source's shape, and how squarely a mesh faces the camera."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.brows import BrowRaise
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.expression import Neutraliser
from appliance.pipeline.face_model.expression_gap import ExpressionGap
from appliance.pipeline.face_model.regions import region_weights
from appliance.pipeline.face_model.topology import (
    INNER_LIPS,
    LEFT_EYE,
    LEFT_IRIS,
    OUTER_LIPS,
    RIGHT_EYE,
    RIGHT_IRIS,
    SKIN_POINTS,
)
from appliance.pipeline.imaging.geometry import umeyama
from appliance.pipeline.imaging.types import Float

# Upper and lower point of the same place of a lid or an inner lip, in ring order.
LID_PAIRS = tuple(
    (int(ring[i]), int(ring[-i])) for ring in (RIGHT_EYE, LEFT_EYE) for i in range(1, 8)
)
LIP_PAIRS = tuple((int(INNER_LIPS[1 + i]), int(INNER_LIPS[19 - i])) for i in range(9))
_LIDS, _LIPS = np.array(LID_PAIRS), np.array(LIP_PAIRS)
# How much of what the lips' form differs by is expression where mouths are wholly apart: what is
# left after the expression moves varies by 0.194 cm between photos of one person, by 0.207 cm
# between those of different people (107 photos of 20).
OWN_LIPS = np.float32(0.87)


class PoseEstimator:
    """Fits the canonical face to meshes by their rigid parts: nose, forehead, some of the rest."""

    def __init__(self, canonical: Canonical) -> None:
        self._rigid, self._xyz = rigid_weights(canonical), canonical.xyz

    def pose(self, mesh: Float) -> tuple[float, Float, Float]:
        """Scale, rotation (3, 3) and shift (3,) from canonical cm to the (478, 3) mesh's pixels."""
        return umeyama(self._xyz, mesh, self._rigid)

    def to_canonical(self, mesh: Float, pose: tuple[float, Float, Float] | None = None) -> Float:
        """A (478, 3) mesh in canonical cm, its pose and size removed: (478, 3).

        ``pose``: that of the mesh, if the caller has it.
        """
        scale, rotation, translation = pose or self.pose(mesh)
        return np.asarray((mesh - translation) @ rotation / scale, np.float32)


def rigid_weights(canonical: Canonical) -> Float:
    """How far each mesh point stays where it is whatever the expression: (478,), 0 to 1."""
    part = region_weights(canonical)
    rigid = part["nose"] + part["forehead"] + 0.3 * part["cheeks"] + 0.3 * part["eyes"]
    rigid[SKIN_POINTS:] = 0
    return np.asarray(rigid, np.float32)


class ShapeTransfer:
    """The difference of two aligned shapes that is identity, not expression."""

    def __init__(self, canonical: Canonical) -> None:
        self._neutraliser = Neutraliser(canonical)
        self._brows = BrowRaise(canonical)
        self.brows = self._brows.weights
        """How far each mesh point moves with the brows: (478,), 0-1."""
        self._lips = np.clip(1.5 * region_weights(canonical)["lips"], 0, 1)[:, None]

    def difference(
        self, source: Float, target: Float, *, gap: ExpressionGap | None = None
    ) -> Float:
        """Canonical cm to add to ``target`` for ``source``'s shape: (478, 3), both aligned.

        ``gap``: between their expressions, if the caller has it.
        """
        gap = gap or ExpressionGap.between(source, target)
        moved = self._neutraliser.neutralise(source - target) + self._brows.move(target)
        # Between a smile and a closed mouth the outline of the lips is expression nearly to the
        # last point: then they mostly keep the target's own form and move as a whole.
        whole = moved[OUTER_LIPS].mean(axis=0)
        moved += self._lips * OWN_LIPS * gap.mouth * (whole - moved)
        # Equal moves of both sides leave every opening as the target has it.
        upper, lower = _LIPS.T
        moved[_LIPS] = ((moved[upper] + moved[lower]) / 2)[:, None]
        # The upper lid alone opens an eye. Half of its move would tear the lower one off the skin
        # below it, and draw the lashes of a closed eye out.
        upper, lower = _LIDS.T
        share = np.repeat((1 - np.array(gap.lids)) / 2, 7).astype(np.float32)[:, None]
        moved[_LIDS] = (moved[lower] + share * (moved[upper] - moved[lower]))[:, None]
        for start, ring in ((RIGHT_IRIS, RIGHT_EYE), (LEFT_IRIS, LEFT_EYE)):
            moved[start : start + 5] = moved[ring].mean(axis=0)
        return moved


def facing(mesh: Float, triangles: NDArray[np.int32]) -> Float:
    """How squarely the surface at each mesh point faces the camera: (478,), 1 frontal, ≤ 0 away."""
    used = triangles[(triangles < len(mesh)).all(axis=1)]
    a, b, c = mesh[used[:, 0]], mesh[used[:, 1]], mesh[used[:, 2]]
    normals = np.cross(b - a, c - a)
    at = used.T.ravel()
    total = np.column_stack(
        [np.bincount(at, np.tile(axis, 3), minlength=len(mesh)) for axis in normals.T]
    )
    # Seen from the camera z points away, so a surface that faces it has a normal of negative z.
    return np.asarray(-total[:, 2] / np.maximum(np.linalg.norm(total, axis=1), 1e-9), np.float32)

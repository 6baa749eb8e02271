"""The canonical face: the mesh at rest, its triangles, its texture plane, its regions.

Lengths are centimetres; x to the subject's left, y up, z out of the face.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.topology import (
    INNER_LIPS,
    LEFT_EYE,
    LEFT_IRIS,
    OVAL,
    POINTS,
    RIGHT_EYE,
    RIGHT_IRIS,
    SKIN_POINTS,
)
from appliance.pipeline.imaging.raster import neighbours
from appliance.pipeline.imaging.types import Float

SKIRT = (1.15, 1.35)  # rings around the oval, as multiples of its distance from the face's centre
SKIN, RIGHT_EYE_HOLE, LEFT_EYE_HOLE, MOUTH_HOLE, SKIRT_RING = range(5)


@dataclass(frozen=True, slots=True)
class Canonical:
    """The canonical face, its eyes triangulated around the iris, a skirt around its oval.

    Vertices are the 478 mesh points, then 36 points for each ring of the skirt.
    ``xyz``: (478, 3) cm. ``uv``: (478, 2) in the unit square. ``triangles``: (n, 3) vertices, of
    negative :func:`signed_area` in a picture where they face the camera.
    ``kind``: (n,) what each triangle covers. ``adjacent``: (n, 3) the triangle across each side.
    ``mirror``: (478,) the point on the other side.
    """

    xyz: Float
    uv: Float
    triangles: NDArray[np.int32]
    kind: NDArray[np.int32]
    adjacent: NDArray[np.int32]
    mirror: NDArray[np.intp]

    @classmethod
    def load(cls, data: bytes) -> Canonical:
        """From the model pack's ``.npz``: ``xyz`` (468, 3), ``uv`` (468, 2), ``tri`` (898, 3)."""
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            xyz, uv = arrays["xyz"].astype(np.float32), arrays["uv"].astype(np.float32)
            skin = arrays["tri"].astype(np.int32)
        for ring in (RIGHT_EYE, LEFT_EYE):  # the irises follow the skin, right first
            xyz = np.vstack([xyz, np.repeat(xyz[ring].mean(axis=0)[None], 5, axis=0)])
            uv = np.vstack([uv, np.repeat(uv[ring].mean(axis=0)[None], 5, axis=0)])
        parts = [(skin[~(_within(skin, RIGHT_EYE) | _within(skin, LEFT_EYE))], SKIN)]
        parts.append((_fan(RIGHT_EYE, RIGHT_IRIS), RIGHT_EYE_HOLE))
        parts.append((_fan(LEFT_EYE, LEFT_IRIS), LEFT_EYE_HOLE))
        for number in range(len(SKIRT)):
            inner = OVAL if number == 0 else _skirt(number - 1)
            parts.append((_band(inner, _skirt(number)), SKIRT_RING))
        triangles = np.vstack([part for part, _ in parts]).astype(np.int32)
        kind = np.concatenate([np.full(len(part), value, np.int32) for part, value in parts])
        kind[_within(triangles, INNER_LIPS)] = MOUTH_HOLE
        drawn = kind != SKIRT_RING
        wrong = np.zeros(len(triangles), np.bool_)
        wrong[drawn] = signed_area(uv[triangles[drawn]]) > 0
        triangles[wrong] = triangles[wrong][:, ::-1]
        return cls(xyz, uv, triangles, kind, neighbours(triangles), _mirror(xyz))


def signed_area(corners: Float) -> Float:
    """Twice the area of (n, 3, 2) triangles, (n,); the sign gives their orientation."""
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], np.float32)


def with_skirt(points: Float) -> Float:
    """(478, d) mesh points followed by the skirt rings around their oval."""
    oval = points[OVAL]
    centre = oval.mean(axis=0)
    rings = [centre + factor * (oval - centre) for factor in SKIRT]
    return np.vstack([points, *rings]).astype(np.float32)


def _skirt(ring: int) -> NDArray[np.intp]:
    return POINTS + ring * len(OVAL) + np.arange(len(OVAL))


def _within(triangles: NDArray[np.int32], ring: NDArray[np.intp]) -> NDArray[np.bool_]:
    return np.asarray(np.isin(triangles, ring).all(axis=1))


def _fan(ring: NDArray[np.intp], centre: int) -> NDArray[np.int32]:
    following = np.roll(ring, -1)
    return np.stack([ring, following, np.full(len(ring), centre)], axis=1).astype(np.int32)


def _band(inner: NDArray[np.intp], outer: NDArray[np.intp]) -> NDArray[np.int32]:
    inner_next, outer_next = np.roll(inner, -1), np.roll(outer, -1)
    return np.vstack(
        [
            np.stack([inner, inner_next, outer], axis=1),
            np.stack([inner_next, outer_next, outer], axis=1),
        ]
    ).astype(np.int32)


def _mirror(xyz: Float) -> NDArray[np.intp]:
    flipped = xyz[:SKIN_POINTS] * np.array([-1, 1, 1], np.float32)
    distance = np.linalg.norm(xyz[:SKIN_POINTS, None] - flipped[None], axis=2)
    # Both irises are numbered in the same direction in a picture: the point on the right of one
    # mirrors the point on the left of the other.
    turned = np.array([0, 3, 2, 1, 4])
    return np.concatenate([distance.argmin(axis=1), LEFT_IRIS + turned, RIGHT_IRIS + turned])

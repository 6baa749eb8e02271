"""How a head is turned, from where its mesh lies in the picture alone, seen in perspective.

Here x and y alone count, as a camera at the distance of a portrait sees them: neither the depth of
the mesh, which is the network's guess, nor the nearness of the nose passes for a turn. What is
fitted in space (:class:`appliance.pipeline.face_model.shape.PoseEstimator`) is what the engines'
limits are in.

On rendered heads (``tests/pipeline/heads.py``) of five people, 32 poses of each, the true mesh is
read to within 2.4 degrees of yaw and 5 of pitch, since people are not shaped like the canonical
face. The rest is the network's mesh, which turns less than the head:

==================================  ====  ====  ====  ====  ====  ====  ====  ====
truly turned by, degrees               0    10    20    30    40    45    50    60
yaw read from its mesh, the mean       0   9.7    19    26    35    39    43    50
the same, fitted in space              0   9.4    18    26    34    38    42    48
pitch read upwards, the mean        -0.5   9.4    19    26    33   n/a    42   n/a
==================================  ====  ====  ====  ====  ====  ====  ====  ====
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.shape import rigid_weights
from appliance.pipeline.imaging.geometry import umeyama
from appliance.pipeline.imaging.types import Float

# Millimetres of a canonical centimetre: what adults' faces measure where the visible iris is
# 11.7 mm wide. On frontal portraits the mesh's irises give 8.7 to 9.3.
MM = 9.15
# From the camera to the head, in canonical cm: 1 m, from which portraits in clinics are taken. From
# 0.8 m or 1.5 m the same meshes are read up to 0.9 degrees otherwise.
DISTANCE = 1000.0 / MM
RIGID = 0.25  # share of a point that expressions leave in place, from which it counts
ROUNDS = 3  # until the focal length agrees with the distance to a thousandth


@dataclass(frozen=True, slots=True)
class HeadPose:
    """A head before the camera.

    ``yaw`` towards the right of the picture, ``pitch`` upwards, ``roll`` clockwise, in degrees.
    ``rotation``: (3, 3), from the canonical axes to the camera's: x to the right, y down, z away
    from it. ``shift``: (3,) where the canonical origin lies on those, in canonical cm. ``focal``:
    the focal length in pixels for which that holds; over ``DISTANCE`` it is the pixels of a
    canonical cm at the head.
    """

    yaw: float
    pitch: float
    roll: float
    rotation: Float
    shift: Float
    focal: float

    @property
    def scale(self) -> float:
        """Pixels of a canonical cm at the distance of the canonical origin."""
        return self.focal / DISTANCE


class PerspectivePose:
    """Fits the canonical face's rigid points to where they lie in a picture."""

    def __init__(self, canonical: Canonical) -> None:
        self._xyz, self._weights = canonical.xyz, rigid_weights(canonical)
        self._rigid = np.flatnonzero(self._weights > RIGID)

    def of(self, mesh: Float, size: tuple[int, int]) -> HeadPose:
        """The pose of the head whose (478, 3) ``mesh`` lies in a picture of ``size`` (w, h).

        The camera is taken to look at the middle of the picture. Only x and y are fitted; with z
        the fit begins.
        """
        scale, rotation, _ = umeyama(self._xyz, mesh, self._weights)
        return fitted(self._xyz[self._rigid], mesh[self._rigid, :2], size, rotation, scale)


def fitted(
    solid: Float, places: Float, size: tuple[int, int], rotation: Float, scale: float
) -> HeadPose:
    """The pose in which (n, 3) points of a head lie nearest to (n, 2) ``places`` of a picture.

    ``solid``: on the canonical axes, in canonical cm. ``size``: (w, h) of the picture, at whose
    middle the camera looks. By Levenberg and Marquardt from a (3, 3) ``rotation`` and a ``scale``
    in pixels of a canonical cm; n is 4 and more, and not all in one plane. Where the iteration ends
    behind the camera, the focal length is infinite.
    """
    middle = (np.array(size, np.float64) - 1) / 2
    model, seen = solid.astype(np.float64), places.astype(np.float64)
    turn = cv2.Rodrigues(rotation.astype(np.float64))[0]
    across = (seen.mean(axis=0) - middle) / scale - (model @ rotation.T).mean(axis=0)[:2]
    shift: Any = np.append(across, DISTANCE).reshape(3, 1)
    focal = scale * DISTANCE
    nothing: Any = None
    for _ in range(ROUNDS):
        camera = np.array([[focal, 0, middle[0]], [0, focal, middle[1]], [0, 0, 1.0]])
        _, turn, shift = cv2.solvePnP(
            model, seen, camera, nothing, turn, shift, useExtrinsicGuess=True,
            flags=cv2.SOLVEPNP_ITERATIVE,
        )  # fmt: skip
        if shift[2, 0] <= 0:
            focal = np.inf
            break
        nearer = DISTANCE / float(shift[2, 0])
        focal *= nearer
        shift = shift * nearer ** np.array([[0.0], [0.0], [1.0]])
    found = np.asarray(cv2.Rodrigues(turn)[0], np.float32)
    return HeadPose(*angles(found), found, np.asarray(shift[:, 0], np.float32), float(focal))


def angles(rotation: Float) -> tuple[float, float, float]:
    """Yaw, pitch and roll, in degrees as ``HeadPose`` has them, of a (3, 3) rotation."""
    left, out = rotation[:, 0], rotation[:, 2]
    return (
        float(np.degrees(np.arctan2(out[0], -out[2]))),
        float(np.degrees(np.arcsin(np.clip(-out[1], -1, 1)))),
        float(np.degrees(np.arctan2(left[1], left[0]))),
    )

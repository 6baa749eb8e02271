"""A head in front of a camera: found from points in its picture, and laid back into it.

Heads are a metre away, and the camera looks at the middle of the picture, as for
:mod:`appliance.pipeline.face_model.perspective_pose`. Lengths in space are mm, of a face as large
as the canonical one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from appliance.pipeline.face_model import perspective_pose
from appliance.pipeline.imaging.types import Float

FRONT = (0.0,)
ANY_SIDE = (0.0, -45.0, 45.0, -75.0, 75.0)
"""Degrees of yaw from which the search of a head's pose may start."""

DISTANCE = perspective_pose.DISTANCE * perspective_pose.MM
"""Millimetres from the camera to the head."""


@dataclass(frozen=True, slots=True)
class Stance:
    """How a head stands before the camera.

    ``rotation``: (3, 3) and ``shift``: (3,) mm, from the canonical axes to the camera's: x to the
    right, y down, z away. ``focal``: pixels. ``centre``: (2,) of the picture, pixels. ``error``:
    root mean square of the distance between the points and where they should lie, mm.
    """

    rotation: Float
    shift: Float
    focal: float
    centre: Float
    error: float

    @property
    def mm(self) -> float:
        """Of a pixel at the head."""
        return float(self.shift[2]) / self.focal

    def laid(self, solid: Float) -> Float:
        """Where (n, 3) points of the head lie in the picture: (n, 3) pixels, z from their mean."""
        seen = solid @ self.rotation.T + self.shift
        across = seen[:, :2] * (self.focal / seen[:, 2:]) + self.centre
        return np.column_stack([across, (seen[:, 2] - seen[:, 2].mean()) / self.mm]).astype(
            np.float32
        )

    def lifted(self, places: Float, like: Float) -> Float:
        """(n, 2) pixels as points of the head, as deep as ``like``, (n, 3) points of it: (n, 3)."""
        depth = (like @ self.rotation.T + self.shift)[:, 2:]
        seen = np.column_stack([(places - self.centre) * (depth / self.focal), depth])
        return np.asarray((seen - self.shift) @ self.rotation, np.float32)


def standing(size: tuple[int, int], height: float, yaw: float) -> Stance:
    """A head in the middle of a picture of ``size`` (w, h), turned by ``yaw`` degrees.

    ``height``: mm that the picture shows from top to bottom at the head's distance.
    """
    centre = np.asarray((np.array(size) - 1) / 2, np.float32)
    shift = np.array([0, 0, DISTANCE], np.float32)
    focal = DISTANCE * size[1] / height
    return Stance(np.asarray(_facing(yaw), np.float32), shift, focal, centre, 0.0)


def stance(
    solid: Float, places: Float, size: tuple[int, int], starts: Sequence[float] = FRONT
) -> Stance:
    """The stance in which (n, 3) points of a head lie nearest to (n, 2) ``places`` of a picture.

    ``size``: (w, h). From each of ``starts``, since from far off the
    iteration may end in another pose; n is 4 and more, and not all in one plane.
    """
    found = [_from_start(solid, places, size, start) for start in starts]
    return min(found, key=lambda one: one.error)


def _facing(yaw: float) -> Any:
    upright = cv2.Rodrigues(np.array([np.pi, 0, 0]))[0]
    return upright @ cv2.Rodrigues(np.array([0, np.radians(yaw), 0]))[0]


def _from_start(solid: Float, places: Float, size: tuple[int, int], yaw: float) -> Stance:
    facing = _facing(yaw)
    cm = np.asarray(solid / perspective_pose.MM, np.float32)
    spread = np.linalg.norm(np.ptp(places, axis=0)) / np.linalg.norm(
        np.ptp(cm @ facing.T, axis=0)[:2]
    )
    pose = perspective_pose.fitted(cm, places, size, facing, float(spread))
    centre = np.asarray((np.array(size) - 1) / 2, np.float32)
    if not np.isfinite(pose.focal):  # behind the camera
        return Stance(np.eye(3, dtype=np.float32), np.ones(3, np.float32), 1, centre, np.inf)
    shift = np.asarray(pose.shift * perspective_pose.MM, np.float32)
    one = Stance(pose.rotation, shift, pose.focal, centre, 0.0)
    gaps = one.laid(solid)[:, :2] - places
    error = float(np.sqrt((gaps**2).sum(axis=1).mean()) * one.mm)
    return Stance(one.rotation, one.shift, one.focal, centre, error)

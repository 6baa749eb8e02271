"""Views of the canonical face in any pose, without a network."""

from __future__ import annotations

import numpy as np

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.perspective_pose import MM
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.simulation.scale import Scale
from appliance.pipeline.simulation.view import View

PIXEL = 0.5  # mm
SIZE = (480, 600)


def view_of(
    canonical: Canonical,
    yaw: float = 0.0,
    *,
    pitch: float = 0.0,
    roll: float = 0.0,
    error: float = 0.0,
) -> View:
    """The canonical face before the camera. ``error``: of the scale, as a share."""
    y, p, r = np.radians([yaw, pitch, roll])
    turn = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    nod = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    tilt = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    rotation: Float = np.asarray(tilt @ np.diag([1, -1, -1]) @ turn @ nod, np.float32)
    shape = np.asarray(canonical.xyz * MM, np.float32)
    centre = (np.array(SIZE, np.float32) - 1) / 2
    mesh = np.asarray(shape @ rotation.T / PIXEL, np.float32)
    mesh[:, :2] += centre
    scale = Scale(PIXEL, error, "length")
    return View(mesh, shape, rotation, yaw, pitch, roll, scale, np.asarray(centre, np.float32))

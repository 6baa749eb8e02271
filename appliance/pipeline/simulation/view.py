"""How a face lies before the camera, and where moved points of it come to lie in the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.regions import region_weights
from appliance.pipeline.face_model.shape import PoseEstimator
from appliance.pipeline.face_model.topology import SKIN_POINTS
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.simulation.scale import Scale
from appliance.pipeline.simulation.surface import MM_PER_CM

DISTANCE = 1000.0
"""Millimetres from the camera to the face: what guides of clinical photography ask for."""


@dataclass(frozen=True, slots=True)
class View:
    """A face before the camera.

    ``mesh``: (478, 3) as the picture shows it, pixels. ``shape``: (478, 3) the same in mm on the
    canonical axes. ``rotation``: (3, 3) from these axes to those of the picture: x to the right, y
    down, z away from the camera. ``yaw``: degrees towards the subject's left, ``pitch`` upwards,
    ``roll`` clockwise. ``centre``: (2,) of the picture, pixels.
    """

    mesh: Float
    shape: Float
    rotation: Float
    yaw: float
    pitch: float
    roll: float
    scale: Scale
    centre: Float

    def moved(self, move: Float) -> Float:
        """The mesh after a ``move``, (478, 3) mm on the canonical axes: (478, 3) pixels.

        In perspective: what comes nearer also moves away from the picture's middle.
        """
        shift = np.asarray(move @ self.rotation.T / self.scale.mm, np.float32)
        depth = DISTANCE / self.scale.mm + self.mesh[:, 2] - self.mesh[:, 2].mean()
        nearness = (depth / (depth + shift[:, 2]))[:, None]
        across = self.centre + (self.mesh[:, :2] + shift[:, :2] - self.centre) * nearness
        return np.column_stack([across, self.mesh[:, 2] + shift[:, 2]]).astype(np.float32)


class ViewEstimator:
    """Finds the view of a mesh by x and y alone: the network's depth flattens a turned face."""

    def __init__(self, canonical: Canonical) -> None:
        part = region_weights(canonical)
        rigid = part["nose"] + part["forehead"] + 0.3 * part["cheeks"] + 0.3 * part["eyes"]
        rigid[SKIN_POINTS:] = 0
        self._rigid = np.flatnonzero(rigid > 0.25)
        self._model = canonical.xyz * np.float32(MM_PER_CM)
        self._pose_estimator = PoseEstimator(canonical)

    def view(self, mesh: Float, size: tuple[int, int], scale: Scale | None = None) -> View:
        """The view of a (478, 3) mesh in a picture of ``size`` (w, h), pixels.

        ``scale``: where it is known; else it is taken from the face.
        """
        centre = np.asarray((np.array(size) - 1) / 2, np.float32)
        pixels = self._pose_estimator.pose(mesh)[0]
        rotation = self._rotation(mesh, centre, MM_PER_CM / pixels)
        yaw, pitch, roll = _angles(rotation)
        scale = scale or Scale.of_face(mesh, pixels, yaw)
        shape = self._pose_estimator.to_canonical(mesh) * np.float32(pixels * scale.mm)
        return View(mesh, shape, rotation, yaw, pitch, roll, scale, centre)

    def _rotation(self, mesh: Float, centre: Float, mm: float) -> Float:
        focal = DISTANCE / mm
        camera = np.array([[focal, 0, centre[0]], [0, focal, centre[1]], [0, 0, 1]])
        places: Any = mesh[self._rigid, :2].astype(np.float64)
        model: Any = self._model[self._rigid].astype(np.float64)
        nothing: Any = None
        # From a frontal face at the camera's distance the iteration finds the way in every pose.
        turn, shift = np.array([np.pi, 0.0, 0.0]), np.array([0.0, 0.0, DISTANCE])
        _, turn, _ = cv2.solvePnP(
            model, places, camera, nothing, turn, shift, useExtrinsicGuess=True,
            flags=cv2.SOLVEPNP_ITERATIVE,
        )  # fmt: skip
        return np.asarray(cv2.Rodrigues(turn)[0], np.float32)


def _angles(rotation: Float) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees."""
    right, forward = rotation[:, 0], rotation[:, 2]
    yaw = np.arctan2(forward[0], -forward[2])
    pitch = np.arctan2(-forward[1], np.hypot(forward[0], forward[2]))
    roll = np.arctan2(right[1], right[0] / max(np.cos(yaw), 0.2))
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))

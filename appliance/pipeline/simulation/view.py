"""How a face lies before the camera, and where moved points of it come to lie in the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.perspective_pose import DISTANCE, MM, PerspectivePose
from appliance.pipeline.face_model.shape import PoseEstimator
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.simulation.scale import Scale

_AWAY = DISTANCE * MM  # millimetres from the camera to the face


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

        In perspective: what comes nearer also moves away from the picture's middle, and a move of
        the tip of the nose, 3 cm nearer than the face is on average, shows as 3 % more. The scale
        is that of this average distance; the irises lie 5 mm behind it.
        """
        shift = np.asarray(move @ self.rotation.T / self.scale.mm, np.float32)
        away, depth = _depth(self.mesh, self.scale.mm)
        straight = (self.mesh[:, :2] - self.centre) * depth + shift[:, :2] * away
        across = self.centre + straight / (depth + shift[:, 2:])
        return np.column_stack([across, self.mesh[:, 2] + shift[:, 2]]).astype(np.float32)

    def scaled(self, by: float) -> View:
        """The same face in a copy of the picture whose sides are ``by`` times as long."""
        mesh = self.mesh * np.float32(by)
        mesh[:, :2] += np.float32((by - 1) / 2)  # the middle of the first pixel is at 0
        centre = np.asarray(self.centre * by + (by - 1) / 2, np.float32)
        scale = replace(self.scale, mm=self.scale.mm / by)
        return replace(self, mesh=mesh, scale=scale, centre=centre)


class ViewEstimator:
    """Finds the view of a mesh."""

    def __init__(self, canonical: Canonical) -> None:
        self._pose = PerspectivePose(canonical)
        self._aligned = PoseEstimator(canonical)

    def view(self, mesh: Float, size: tuple[int, int], scale: Scale | None = None) -> View:
        """The view of a (478, 3) mesh in a picture of ``size`` (w, h), pixels.

        ``scale``: where it is known; else it is taken from the face.
        """
        pose = self._pose.of(mesh, size)
        pixels = self._aligned.pose(mesh)[0]
        scale = scale or Scale.of_face(mesh, pixels, pose.yaw)
        centre = np.asarray((np.array(size) - 1) / 2, np.float32)
        flat = _without_perspective(mesh, centre, scale.mm)
        flat_pixels = self._aligned.pose(flat)[0]
        shape = self._aligned.to_canonical(flat) * np.float32(flat_pixels * scale.mm)
        return View(mesh, shape, pose.rotation, pose.yaw, pose.pitch, pose.roll, scale, centre)


def _depth(mesh: Float, mm: float) -> tuple[float, Float]:
    """From the camera to the face on average, and to each point of it, (478, 1), pixels."""
    away = _AWAY / mm
    return away, (away + mesh[:, 2] - mesh[:, 2].mean())[:, None]


def _without_perspective(mesh: Float, centre: Float, mm: float) -> Float:
    """A (478, 3) mesh as large everywhere as it is at its average distance: (478, 3) pixels."""
    away, depth = _depth(mesh, mm)
    middle = np.append(centre, mesh[:, 2].mean())
    return np.asarray(middle + (mesh - middle) * depth / away, np.float32)

"""The mesh bent onto points that were set by hand, or the canonical face where there is no mesh.

The mesh network flattens faces that turn away: at 60 degrees of yaw its nose lies 5 to 17 mm off,
and what a handle does there is a fraction of what was asked. Its *shape* of the face is better than
where it lays it. So that shape is posed again, by the bent mesh as the camera sees it, and bent
onto the points; its depth is that of the posed shape and never the network's own.

Between the points the mesh's errors are predicted from those at the points (simple kriging, which
is interpolation by radial basis functions that allows for the noise of the points). Of the kernels
that were tried on rendered heads, exponentials, Gaussians, Matérn's and distance itself, all of 25
to 80 mm, none is better by more than the draw of the points; this one fades to nothing, so that
five points of the nose leave eyes and chin as the network has them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from appliance.errors import InputError
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.perspective_pose import MM, RIGID, angles
from appliance.pipeline.face_model.shape import PoseEstimator, rigid_weights
from appliance.pipeline.imaging.geometry import smoothstep
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.simulation.camera import ANY_SIDE, Stance, stance, standing
from appliance.pipeline.simulation.points import NAMED, PlacedPoints
from appliance.pipeline.simulation.scale import Scale
from appliance.pipeline.simulation.view import View

CORRELATED = 40.0
"""Millimetres over which the mesh's error falls to a third of what it is at a point."""

CLICK, MESH = 0.7, 2.2
"""Millimetres, standard deviations: of a point set by hand, and of the mesh before."""

ROUNDS = 2
"""How often the shape is posed and bent: a third round overshoots by 5 degrees at 60."""

ALONE = 7
"""Points without a mesh that a pose may be taken from: six unknowns, and some to check them by."""

SHOWN = 330.0
"""Millimetres that a clinical photo of a head shows from top to bottom, more or less."""

EXPLAINED = (0.05, 0.3)
"""Shares of the variance between which the network's places give way to what the points tell."""

ONE_SIDED = 60.0
"""Degrees of yaw from which points without a mesh may be of one half of the face and the middle:
below, they read a head turned by 60 as 40."""

UNLIKE = 12.0
"""Millimetres, root mean square, by which points may miss the shape of a face; people's miss by 2
to 4."""

_POPULATION = 0.1  # error of a scale that is taken from the size of adults' faces


class MeshBender:
    """Bends meshes onto points; what depends on the canonical face alone is worked out once."""

    def __init__(self, canonical: Canonical) -> None:
        self._rigid = np.flatnonzero(rigid_weights(canonical) > RIGID)
        self._solid = canonical.xyz * np.float32(MM)
        self._pose_estimator = PoseEstimator(canonical)

    def view(self, points: PlacedPoints, mesh: Float | None, scale: Scale | None = None) -> View:
        """The view of a face by its points.

        ``mesh``: (478, 3) of the network's; ``None`` where it found no face. ``scale``: where it is
        known; else the irises' of the mesh, or adults'. Raises ``InputError`` where the points are
        too few or do not fit a face.
        """
        if mesh is None:
            solid, stands = self._solid, self._alone(points)
            laid = self._bent(stands.laid(solid), points)
        else:
            solid = self._pose_estimator.to_canonical(mesh) * np.float32(MM)
            laid = self._bent(mesh, points)
            for _ in range(ROUNDS):
                stands = stance(self._solid[self._rigid], laid[self._rigid, :2], points.size)
                _check(stands.laid(solid), points, stands.mm)
                laid = self._bent(stands.laid(solid), points)
            known = self._known(points)[:, None]
            laid[:, :2] = known * laid[:, :2] + (1 - known) * mesh[:, :2]
        yaw, pitch, roll = angles(stands.rotation)
        pixels = MM / stands.mm
        if scale is None and mesh is not None:
            scale = Scale.of_face(mesh, pixels, yaw)
        scale = scale or Scale(stands.mm, _POPULATION, "population")
        shape = stands.lifted(laid[:, :2], solid) * np.float32(scale.mm / stands.mm)
        return View(laid, shape, stands.rotation, yaw, pitch, roll, scale, stands.centre)

    def standard(self, size: tuple[int, int], yaw: float) -> Float:
        """The canonical face in the middle of a picture of ``size`` (w, h): (478, 3) pixels.

        To begin with where the network finds no face. ``yaw``: degrees.
        """
        return standing(size, SHOWN, yaw).laid(self._solid)

    def _alone(self, points: PlacedPoints) -> Stance:
        if len(points.places) < ALONE:
            raise InputError(
                "No face was found, and the points are too few to go without one.",
                "Set all points of the face that the photo shows.",
            )
        stands = stance(self._solid[points.indices], points.pixels, points.size, ANY_SIDE)
        _check(stands.laid(self._solid), points, stands.mm)
        sides = {NAMED[name].side for name in points.places} - {"middle"}
        if len(sides) < 2 and abs(angles(stands.rotation)[0]) < ONE_SIDED:
            raise InputError(
                "No face was found, and points of one half do not tell how far it is turned.",
                "Set a point of the other half too, such as the inner end of its brow.",
            )
        return stands

    def _bent(self, laid: Float, points: PlacedPoints) -> Float:
        """(478, 3) with x and y moved onto the points, depth as it is."""
        at = points.indices
        marked = self._solid[at]
        near = _kernel(marked, marked) + (CLICK / MESH) ** 2 * np.eye(len(at))
        errors = np.linalg.solve(near, points.pixels - laid[at, :2])
        bent = laid.copy()
        bent[:, :2] += _kernel(self._solid, marked) @ errors
        return bent

    def _known(self, points: PlacedPoints) -> Float:
        """How far the points tell of each place of the face: (478,), 0-1.

        By the share of the error's variance that they explain there.
        """
        marked = self._solid[points.indices]
        near, far = _kernel(marked, marked), _kernel(self._solid, marked)
        noisy = near + (CLICK / MESH) ** 2 * np.eye(len(marked))
        explained = np.einsum("ni,in->n", far, np.linalg.solve(noisy, far.T))
        return smoothstep(np.asarray(explained, np.float32), *EXPLAINED)


def _kernel(one: Float, other: Float) -> NDArray[np.float64]:
    """How alike the errors are at (n, 3) and (m, 3) places of the face, mm: (n, m), 1 and less."""
    apart = np.linalg.norm(one[:, None] - other[None], axis=2).astype(np.float64)
    return np.asarray(np.exp(-apart / CORRELATED))


def _check(laid: Float, points: PlacedPoints, mm: float) -> None:
    gaps = laid[points.indices, :2] - points.pixels
    off = float(np.sqrt((gaps**2).sum(axis=1).mean()) * mm)
    if not off < UNLIKE:
        raise InputError(
            "The points do not fit a face: one of them may be at the place of another.",
            "Compare each point's place with its name.",
        )

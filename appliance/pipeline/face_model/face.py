"""One face in one picture: as the detector and as the mesh network found it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.pipeline.face_model.topology import OVAL
from appliance.pipeline.imaging.types import Float

LEAST_SHARE = 1e-13  # of a score or its rest, as the mesh network's is clipped


@dataclass(frozen=True, slots=True)
class Detection:
    """A detector's finding, in pixels of the picture it was given.

    ``box``: (4,) x, y, width, height. ``keypoints``: (5, 2) in the order of the picture: left eye,
    right eye, nose, left and right mouth corner. ``score``: 0-1.
    """

    box: Float
    keypoints: Float
    score: float

    @property
    def centre(self) -> Float:
        """Of the box: (2,) x, y."""
        return self.box[:2] + self.box[2:] / np.float32(2)

    def moved(self, x: float, y: float) -> Detection:
        """The same finding in a picture whose origin lies (-``x``, -``y``) pixels away."""
        corner = np.array([x, y], np.float32)
        box = self.box + np.append(corner, [0, 0]).astype(np.float32)
        return Detection(box, self.keypoints + corner, self.score)


@dataclass(frozen=True, slots=True)
class Face:
    """A face with its 478-point mesh.

    ``mesh``: (478, 3), x and y in pixels of the upright picture, z in the same unit, negative
    towards the camera, its zero free. ``score``: 0-1, the mesh network's belief that it is a face.
    """

    mesh: Float
    score: float

    @property
    def points(self) -> Float:
        """The mesh without depth: (478, 2)."""
        return self.mesh[:, :2]

    @property
    def logit(self) -> float:
        """The score before the sigmoid, which tells high ones apart: 5 is 0.993, 10 is 0.99995."""
        return float(np.log(max(self.score, LEAST_SHARE) / max(1 - self.score, LEAST_SHARE)))

    @property
    def extent(self) -> float:
        """The longer side of the face's oval, in pixels."""
        return float(np.ptp(self.points[OVAL], axis=0).max())

    def moved(self, x: float, y: float) -> Face:
        """The same face in a picture whose origin lies (-``x``, -``y``) pixels away."""
        mesh = self.mesh.copy()
        mesh[:, :2] += np.array([x, y], np.float32)
        return Face(mesh, self.score)

    def enlarged(self, factor: int) -> Face:
        """The same face in a picture ``factor`` times the size: undoes :meth:`shrunk`."""
        mesh = self.mesh * np.float32(factor)
        mesh[:, :2] += (factor - 1) / 2
        return Face(mesh, self.score)

    def shrunk(self, factor: int) -> Face:
        """The same face in a picture 1/``factor`` the size; pixel centres are at whole numbers."""
        mesh = self.mesh / np.float32(factor)
        mesh[:, :2] += 0.5 / factor - 0.5
        return Face(mesh, self.score)

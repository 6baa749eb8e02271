"""Landmarks without jitter that do not lag: they move with the picture, then towards the mesh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Face, Float, Image
from appliance.pipeline.face_model.regions import shares
from appliance.pipeline.face_model.topology import SKIN_POINTS, eye_distance
from appliance.pipeline.imaging.geometry import (
    invert,
    similarity_matrix,
    transform,
    warp,
)

PATCH = 192  # pixels a side of the grey patch in which the motion of the picture is measured
PATCH_EYE_DISTANCE = 48.0  # … and the eye distance there
FACE_OF_PATCH = (slice(48, 144), slice(48, 144))
ANOTHER_FACE = 0.1  # mean change of brightness, 0-1, of the face held still that is a cut
RESCALED = 1.3  # growth of a face beyond which the patch takes a new scale
FLOW_WINDOW = (15, 15)
FLOW_ERROR = (
    0.6  # pixels of the patch from the common motion beyond which a point's flow is not believed
)
LEAST_POINTS = 12

# Hz at rest: how fast each part may be drawn to the mesh once the head's motion is taken out.
REST_CUTOFF = {
    "lips": 6.0,
    "eyes": 6.0,
    "brows": 2.0,
    "jaw": 1.5,
    "cheeks": 0.8,
    "nose": 0.5,
    "forehead": 0.5,
}
SLOPE = 15.0  # rise of the cut-off, Hz for a speed of one eye distance a second
SPEED_CUTOFF = 2.0  # Hz: of the speed itself


class OneEuro:
    """The 1 € filter (Casiez, Roussel and Vogel, CHI 2012) for the rows of an array.

    ``cutoff``: Hz at rest, lower is steadier, one for each row. ``slope``: how much it rises with
    speed, for each unit a second; values are best given in a unit of the object's own size.
    """

    def __init__(
        self, cutoff: Float, slope: float = SLOPE, speed_cutoff: float = SPEED_CUTOFF
    ) -> None:
        self._cutoff = cutoff[:, None]
        self._slope = slope
        self._speed_cutoff = speed_cutoff
        self._speed: Float = np.zeros((len(cutoff), 1), np.float32)

    def smooth(self, expected: Float, measured: Float, seconds: float) -> Float:
        """Between what was ``expected`` and what is ``measured``, (n, d), ``seconds`` later."""
        if seconds <= 0:
            return measured
        off = measured - expected
        share = _share(np.full(1, self._speed_cutoff, np.float32), seconds)
        self._speed = self._speed + share * (off / seconds - self._speed)
        pace = np.linalg.norm(self._speed, axis=1, keepdims=True)
        share = _share(self._cutoff + self._slope * pace, seconds)
        return np.asarray(expected + share * off, np.float32)


def _share(cutoff: Float, seconds: float) -> Float:
    return np.asarray(1 / (1 + 1 / (2 * np.pi * cutoff * seconds)), np.float32)


@dataclass(frozen=True, slots=True)
class CropView:
    """A cut-out of a frame, shrunk by a whole ``factor``.

    ``corner``: (2,) x, y, in the picture, of its first pixel before it was shrunk.
    """

    image: Image
    corner: Float
    factor: int

    def inside(self, face: Face) -> Face:
        """A face of the picture as the cut-out shows it."""
        return face.moved(*-self.corner).shrunk(self.factor)

    def outside(self, face: Face) -> Face:
        """A face of the cut-out in the picture."""
        return face.enlarged(self.factor).moved(*self.corner)


@dataclass(frozen=True, slots=True)
class _Patch:
    """A face small and grey. ``matrix``: 2×3, from the picture to the patch."""

    gray: NDArray[np.uint8]
    matrix: Float

    @classmethod
    def cut(cls, view: CropView, centre: Float, scale: float) -> _Patch:
        """At ``scale`` around ``centre`` (2,), both of the picture."""
        # A whole shift, so that a face at rest is sampled alike from frame to frame.
        shift = np.round(PATCH / 2 - centre * scale)
        linear = np.eye(2, dtype=np.float32) * np.float32(scale)
        # A pixel of the view lies at factor · (x + ½) - ½ + corner of the picture.
        first = (view.factor - 1) / 2 + view.corner
        local = np.column_stack([linear * view.factor, shift + first * scale])
        patch = warp(view.image, local.astype(np.float32), PATCH)
        gray: Any = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY)
        return cls(gray, np.column_stack([linear, shift]).astype(np.float32))


class LandmarkStabiliser:
    """Follows one face of a video.

    From frame to frame the points first move as the picture under them does (Lucas and Kanade,
    1981, pyramidal, on the skin that does not move by itself), which is far steadier than the mesh
    network; then each is drawn to where the network sees it, fast where faces move, slowly where
    they are bone.
    """

    def __init__(self, face: Canonical) -> None:
        parts = shares(face)
        cutoff = sum(parts[name] * np.float32(hertz) for name, hertz in REST_CUTOFF.items())
        cutoff = np.asarray(cutoff, np.float32)
        cutoff[SKIN_POINTS:] = REST_CUTOFF["eyes"]
        calm = parts["nose"] + parts["forehead"] + parts["cheeks"]
        calm[SKIN_POINTS:] = 0
        self._anchors: NDArray[np.intp] = np.flatnonzero(calm > 0.6)
        self._filter = OneEuro(cutoff)
        self._scale = 0.0
        self._mesh: Float | None = None
        self._patch: _Patch | None = None

    def is_another(self, face: Face, view: CropView) -> bool:
        """Whether the next frame, which ``view`` shows, has another shot's face in this place.

        Held still, a face changes by 0.01 to 0.03 of full brightness from frame to frame; from one
        sample portrait to another it is 0.17 and more.
        """
        if self._patch is None:
            return False
        patch = _Patch.cut(view, face.points.mean(axis=0), self._scale)
        change = cv2.absdiff(patch.gray[FACE_OF_PATCH], self._patch.gray[FACE_OF_PATCH])
        return float(np.mean(change)) / 255 > ANOTHER_FACE

    def steady(self, face: Face, view: CropView, seconds: float) -> Face:
        """The face of the next frame, ``seconds`` later, without jitter.

        ``face`` is the mesh network's, in pixels of the picture; ``view`` shows it.
        """
        unit = eye_distance(face.points)
        wanted = PATCH_EYE_DISTANCE / unit
        if not wanted / RESCALED < self._scale < wanted * RESCALED:
            self._scale, self._patch = wanted, None
        patch = _Patch.cut(view, face.points.mean(axis=0), self._scale)
        mesh = face.mesh
        if self._mesh is not None:
            expected = self._mesh
            if self._patch is not None:
                expected = _moved(self._mesh, *self._flow(self._mesh, self._patch, patch))
            mesh = self._filter.smooth(expected / unit, face.mesh / unit, seconds) * unit
        self._mesh, self._patch = mesh, patch
        return Face(mesh, face.score)

    def _flow(self, mesh: Float, last: _Patch, patch: _Patch) -> tuple[Float, Float]:
        """Where anchors of the last frame's mesh were and where they are now, in the picture."""
        points = mesh[self._anchors, :2]
        before = transform(points, last.matrix)
        guess = transform(points, patch.matrix)
        result: Any = cv2.calcOpticalFlowPyrLK(
            last.gray,
            patch.gray,
            before,
            guess,
            winSize=FLOW_WINDOW,
            maxLevel=2,
            flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        )
        found = result[1].ravel() == 1
        return points[found], transform(result[0][found], invert(patch.matrix))


def _moved(mesh: Float, before: Float, after: Float) -> Float:
    """A mesh moved by the similarity that most of the ``before`` and ``after`` points share."""
    limit = FLOW_ERROR / PATCH_EYE_DISTANCE * eye_distance(mesh[:, :2])
    matrix = _common_motion(before, after, limit)
    if matrix is None:
        return mesh
    scale = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    moved = [transform(mesh[:, :2], matrix), mesh[:, 2] * scale]
    return np.column_stack(moved).astype(np.float32)


def _common_motion(before: Float, after: Float, error: float) -> Float | None:
    """The similarity most points agree on; ``None`` where too few do."""
    for _ in range(3):
        if len(before) < LEAST_POINTS:
            return None
        matrix = similarity_matrix(before, after)
        off = np.linalg.norm(transform(before, matrix) - after, axis=1)
        agree = off <= max(error, float(np.median(off)) * 1.5)
        if agree.all():
            break
        before, after = before[agree], after[agree]
    return matrix

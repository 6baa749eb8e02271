"""Landmarks without jitter or lag: they move with the picture, then towards the network's mesh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.regions import region_weights
from appliance.pipeline.face_model.topology import SKIN_POINTS, eye_distance
from appliance.pipeline.imaging.geometry import (
    invert,
    similarity_matrix,
    transform,
    warp,
)
from appliance.pipeline.imaging.one_euro import OneEuro
from appliance.pipeline.imaging.types import Float, Image

# Pixels a side of the grey patch in which the motion of the picture is measured, the eye distance
# there, and the part of it that the face fills.
PATCH = 192
PATCH_EYE_DISTANCE = 48.0
FACE_OF_PATCH = (slice(48, 144), slice(48, 144))
# Mean absolute change of brightness, 0-1, of the aligned face that counts as another face.
ANOTHER_FACE = 0.1
# Growth of a face beyond which the patch takes a new scale.
RESCALED = 1.3
# Pixels of the patch.
FLOW_WINDOW = (15, 15)
# Pixels of the patch by which a point's flow may differ from the common motion.
FLOW_ERROR = 0.6
# Points that the common motion must rest on.
LEAST_POINTS = 12

# Cut-off in Hz, at rest: how fast each part may follow the network's mesh once the motion of the
# head is taken out.
REST_CUTOFF = {
    "lips": 6.0,
    "eyes": 6.0,
    "brows": 2.0,
    "jaw": 1.5,
    "cheeks": 0.8,
    "nose": 0.5,
    "forehead": 0.5,
}
# Rise of the cut-off, in Hz for a speed of one eye distance a second.
SLOPE = 15.0
# Cut-off in Hz of the low-pass filter of that speed.
SPEED_CUTOFF = 2.0


@dataclass(frozen=True, slots=True)
class CropView:
    """A crop of a frame, shrunk by a whole ``factor``.

    ``image``: (h, w, 3) RGB, 0-255. ``corner``: (2,) x, y of its first pixel in the picture.
    """

    image: Image
    corner: Float
    factor: int

    def to_crop(self, face: Face) -> Face:
        """A face of the picture in pixels of the crop."""
        return face.moved(*-self.corner).shrunk(self.factor)

    def to_picture(self, face: Face) -> Face:
        """A face of the crop in pixels of the picture."""
        return face.enlarged(self.factor).moved(*self.corner)


@dataclass(frozen=True, slots=True)
class _Patch:
    """A small grey picture of a face.

    ``gray``: (``PATCH``, ``PATCH``), 0-255. ``matrix``: (2, 3), from the picture to the patch.
    """

    gray: NDArray[np.uint8]
    matrix: Float

    @classmethod
    def cut(cls, crop: CropView, centre: Float, scale: float) -> _Patch:
        """The patch at ``scale`` around ``centre``, (2,) in pixels of the picture."""
        # A shift by whole pixels: a face at rest is sampled at the same places in every frame.
        shift = np.round(PATCH / 2 - centre * scale)
        linear = np.eye(2, dtype=np.float32) * np.float32(scale)
        # Pixel x of the crop is at factor · (x + ½) - ½ + corner in the picture.
        first = (crop.factor - 1) / 2 + crop.corner
        local = np.column_stack([linear * crop.factor, shift + first * scale])
        patch = warp(crop.image, local.astype(np.float32), PATCH)
        gray: Any = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY)
        return cls(gray, np.column_stack([linear, shift]).astype(np.float32))


class LandmarkStabiliser:
    """Takes the jitter out of one face's landmarks, frame by frame.

    From frame to frame the points first move as the picture under them does (Lucas and Kanade,
    1981, pyramidal, on skin over bone), which is far steadier than the mesh network. Then each
    approaches the place that the network gives: fast where faces move, slowly where skin is over
    bone.
    """

    def __init__(self, canonical: Canonical) -> None:
        parts = region_weights(canonical)
        cutoff = sum(parts[name] * np.float32(hertz) for name, hertz in REST_CUTOFF.items())
        cutoff = np.asarray(cutoff, np.float32)
        cutoff[SKIN_POINTS:] = REST_CUTOFF["eyes"]
        calm = parts["nose"] + parts["forehead"] + parts["cheeks"]
        calm[SKIN_POINTS:] = 0
        self._anchors: NDArray[np.intp] = np.flatnonzero(calm > 0.6)
        self._filter = OneEuro(cutoff, SLOPE, SPEED_CUTOFF)
        self._scale = 0.0
        self._mesh: Float | None = None
        self._patch: _Patch | None = None
        self._next: tuple[Face, CropView, float, _Patch] | None = None

    def is_another_face(self, face: Face, crop: CropView) -> bool:
        """Whether ``face``, of the next frame, belongs to another shot than the faces before.

        ``crop`` shows it. Once aligned, a face changes by 0.01 to 0.03 of full brightness from
        frame to frame; from one sample portrait to another the change is 0.17 and more.
        """
        if self._patch is None:
            return False
        patch = self._cut(face, crop)
        change = cv2.absdiff(patch.gray[FACE_OF_PATCH], self._patch.gray[FACE_OF_PATCH])
        return float(np.mean(change)) / 255 > ANOTHER_FACE

    def stabilise(self, face: Face, crop: CropView, seconds: float) -> Face:
        """The face of the next frame, ``seconds`` later, without jitter.

        ``face`` is the mesh network's, in pixels of the picture; ``crop`` shows it.
        """
        unit = eye_distance(face.points)
        wanted = PATCH_EYE_DISTANCE / unit
        if not wanted / RESCALED < self._scale < wanted * RESCALED:
            self._scale, self._patch = wanted, None
        patch = self._cut(face, crop)
        mesh = face.mesh
        if self._mesh is not None:
            expected = self._mesh
            if self._patch is not None:
                expected = _moved(self._mesh, *self._flow(self._mesh, self._patch, patch))
            mesh = self._filter.smooth(expected / unit, face.mesh / unit, seconds) * unit
        self._mesh, self._patch = mesh, patch
        return Face(mesh, face.score)

    def _cut(self, face: Face, crop: CropView) -> _Patch:
        """The patch of the next frame's ``face``, cut once for both questions about it."""
        if self._next is not None:
            known, shown, scale, patch = self._next
            if known is face and shown is crop and scale == self._scale:
                return patch
        patch = _Patch.cut(crop, face.points.mean(axis=0), self._scale)
        self._next = (face, crop, self._scale, patch)
        return patch

    def _flow(self, mesh: Float, last: _Patch, patch: _Patch) -> tuple[Float, Float]:
        """Where skin over bone was and where it is now: twice (n, 2), in pixels of the picture.

        ``mesh``: (478, 3), of the last frame.
        """
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
    """``mesh``, (478, 3), moved by the similarity that takes most ``before`` to ``after``.

    ``before`` and ``after``: (n, 2), in pixels. Unchanged if too few of them agree.
    """
    limit = FLOW_ERROR / PATCH_EYE_DISTANCE * eye_distance(mesh[:, :2])
    matrix = _common_motion(before, after, limit)
    if matrix is None:
        return mesh
    scale = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    moved = [transform(mesh[:, :2], matrix), mesh[:, 2] * scale]
    return np.column_stack(moved).astype(np.float32)


def _common_motion(before: Float, after: Float, error: float) -> Float | None:
    """The similarity, (2, 3), that most points agree on; ``None`` if too few do.

    ``error``: pixels by which a point may differ from it.
    """
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

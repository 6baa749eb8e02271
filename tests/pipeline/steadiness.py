"""How much a face in a video flickers once its motion is taken out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import OVAL, SKIN_POINTS
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import similarity_matrix
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo

SIZE = 192  # pixels a side of the crop that a face is held still in
FILL = 0.9  # of it


def meshes(pipeline: Pipeline, frames: Sequence[Image]) -> list[Face]:
    """The face of each frame, found in the first and followed from then on, without smoothing."""
    face = pipeline.analyser.faces(Photo(frames[0]).canvas)[0]
    found = []
    for frame in frames:
        face = pipeline.analyser.mesh_estimator.follow(frame, face)
        found.append(face)
    return found


def flicker(frames: Sequence[Image], faces: Sequence[Face]) -> float:
    """The mean change of the face, in levels of 0-255, from a frame to the next.

    Each frame is warped by the similarity that carries its own mesh onto the first one's.
    """
    rest = _rest(faces[0])
    mask = _oval(rest)
    crops = [_still(frame, face, rest) for frame, face in zip(frames, faces, strict=True)]
    changes = [np.abs(after - before)[mask].mean() for before, after in pairwise(crops)]
    return float(np.mean(changes))


@dataclass(frozen=True, slots=True)
class Steadiness:
    """``ratio``: the flicker of a result over its target's; 1 is as steady, more is less.

    ``contrast``: the result's over the target's. What jitter the measure itself has shows more on
    a face of more contrast, so ``ratio`` over ``contrast`` is what the swap has added.
    """

    ratio: float
    contrast: float


def steadiness(pipeline: Pipeline, target: Sequence[Image], result: Sequence[Image]) -> Steadiness:
    """Of the one face of a video, before and after a swap."""
    before, after = meshes(pipeline, target), meshes(pipeline, result)
    return Steadiness(
        ratio=flicker(result, after) / flicker(target, before),
        contrast=contrast(result, after) / contrast(target, before),
    )


def contrast(frames: Sequence[Image], faces: Sequence[Face]) -> float:
    """The mean slope of the face's brightness, in levels a pixel of the crop."""
    rest = _rest(faces[0])
    mask = _oval(rest)
    slopes = []
    for frame, face in zip(frames[::6], faces[::6], strict=True):
        gray = images.blurred(_still(frame, face, rest).mean(axis=2), 1.0)
        slopes.append(np.hypot(*np.gradient(gray))[mask].mean())
    return float(np.mean(slopes))


def _rest(face: Face) -> Float:
    """The mesh of a face where it fills the crop: (468, 2)."""
    points = face.points[:SKIN_POINTS]
    low, high = points.min(axis=0), points.max(axis=0)
    scale = FILL * SIZE / (high - low).max()
    return np.asarray((points - (low + high) / 2) * scale + SIZE / 2, np.float32)


def _oval(rest: Float) -> NDArray[np.bool_]:
    mask = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(mask, [np.rint(rest[OVAL]).astype(np.int32)], 1)
    return mask > 0


def _still(frame: Image, face: Face, rest: Float) -> Float:
    matrix = similarity_matrix(face.points[:SKIN_POINTS], rest)
    crop: Any = cv2.warpAffine(frame, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR)
    return np.asarray(crop, np.float32)

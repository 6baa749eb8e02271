"""What networks are measured and calibrated on: crops of faces in the operator's own photos."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from appliance.errors import NoFaceError
from appliance.inference.contract import ImageInput
from appliance.inference.graph import Tensors
from appliance.inference.session import Numbers
from appliance.pipeline.analysis.analyser import Stages
from appliance.pipeline.face_model.face import Face, Image
from appliance.pipeline.face_model.topology import five_points
from appliance.pipeline.imaging.geometry import aligned
from appliance.pipeline.media.canvas import Box
from appliance.pipeline.media.photo.decode import Photo

ANY_SIZE = 128  # a side of the picture that networks of any size are given


@dataclass(frozen=True, slots=True)
class Sample:
    """A photo's pixels and one face in them."""

    image: Image
    face: Face


def find_samples(stages: Stages, photos: Iterable[Photo]) -> tuple[Sample, ...]:
    """The faces of ``photos``. Raises NoFaceError where there is none in any."""
    found = tuple(sample for photo in photos for sample in _faces(stages, photo))
    if not found:
        raise NoFaceError(
            "None of the photos shows a face.", "Give photos of faces, as the ones to be worked on."
        )
    return found


def feeds(samples: Iterable[Sample], tensors: Tensors) -> list[dict[str, Numbers]]:
    """The inputs of one run for each sample: pictures as the contract's networks take them.

    Numbers that stand for another face's identity are a seeded random direction of length 1, what
    else is a number is 0.5.
    """
    rng = np.random.default_rng(0)
    return [
        {
            put.name: _picture(sample, put)
            if isinstance(put, ImageInput)
            else _numbers(rng, tuple(side or 1 for side in put.shape), put.dtype)
            for put in tensors.inputs
        }
        for sample in samples
    ]


def _faces(stages: Stages, photo: Photo) -> Iterator[Sample]:
    canvas = photo.canvas
    image = canvas.read(Box(0, 0, canvas.width, canvas.height))
    for face in stages.faces(canvas):
        yield Sample(image, face)


def _picture(sample: Sample, put: ImageInput) -> Numbers:
    if put.template is not None:
        return put.tensor(aligned(sample.image, five_points(sample.face.points), put))
    height, width = put.size or (ANY_SIZE, ANY_SIZE)
    # As detectors see it: shrunk, never enlarged, in the top left corner of black.
    image = sample.image
    scale = min(1.0, height / image.shape[0], width / image.shape[1])
    inside = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    box = np.zeros((height, width, 3), np.uint8)
    box[: inside[1], : inside[0]] = cv2.resize(image, inside, interpolation=cv2.INTER_AREA)
    return put.tensor(box)


def _numbers(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Numbers:
    if len(shape) < 2:
        return np.full(shape, 0.5, dtype)
    direction = rng.standard_normal(shape)
    return np.asarray(direction / np.linalg.norm(direction), dtype)

"""Inputs to measure and calibrate networks with: faces in the operator's own photos."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from appliance.errors import NoFaceError
from appliance.inference.contract import ImageInput
from appliance.inference.graph import Tensors
from appliance.inference.session import Numbers
from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import five_points
from appliance.pipeline.imaging.geometry import aligned
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.media.canvas import Box
from appliance.pipeline.media.photo.decode import Photo

ANY_SIZE = 128  # a side of the picture that networks of any size are given


@dataclass(frozen=True, slots=True)
class FaceSample:
    """A photo's pixels and one face in them."""

    image: Image
    face: Face


def find_face_samples(analyser: FaceAnalyser, photos: Iterable[Photo]) -> tuple[FaceSample, ...]:
    """The faces of ``photos``. Raises NoFaceError where no photo shows one."""
    found = tuple(sample for photo in photos for sample in _faces(analyser, photo))
    if not found:
        raise NoFaceError(
            "None of the photos shows a face.",
            "Give photos of faces like those that will be processed.",
        )
    return found


def calibration_inputs(samples: Iterable[FaceSample], tensors: Tensors) -> list[dict[str, Numbers]]:
    """The inputs of one run for each sample, by name; pictures as the contract wants them.

    An embedding of another face is a seeded random direction of length 1; other numbers are 0.5.
    """
    rng = np.random.default_rng(0)
    return [
        {
            wanted.name: _picture(sample, wanted)
            if isinstance(wanted, ImageInput)
            else _numbers(rng, tuple(side or 1 for side in wanted.shape), wanted.dtype)
            for wanted in tensors.inputs
        }
        for sample in samples
    ]


def _faces(analyser: FaceAnalyser, photo: Photo) -> Iterator[FaceSample]:
    canvas = photo.canvas
    image = canvas.read(Box(0, 0, canvas.width, canvas.height))
    for face in analyser.faces(canvas):
        yield FaceSample(image, face)


def _picture(sample: FaceSample, wanted: ImageInput) -> Numbers:
    if wanted.template is not None:
        return wanted.tensor(aligned(sample.image, five_points(sample.face.points), wanted))
    height, width = wanted.size or (ANY_SIZE, ANY_SIZE)
    # As detectors see it: shrunk, never enlarged, in the top left corner of a black picture.
    image = sample.image
    scale = min(1.0, height / image.shape[0], width / image.shape[1])
    inside = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    box = np.zeros((height, width, 3), np.uint8)
    box[: inside[1], : inside[0]] = cv2.resize(image, inside, interpolation=cv2.INTER_AREA)
    return wanted.tensor(box)


def _numbers(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Numbers:
    if len(shape) < 2:
        return np.full(shape, 0.5, dtype)
    direction = rng.standard_normal(shape)
    return np.asarray(direction / np.linalg.norm(direction), dtype)

"""Hands are found in single pictures, and nothing else is taken for one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.hands.finder import VIEWS
from appliance.pipeline.hands.mask import hand_mask
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.canvas import PhotoCanvas
from appliance.pipeline.media.photo.decode import Photo
from tests.pipeline.hands.composites import Cut, Placing, laid
from tests.pipeline.hands.conftest import Stretch
from tests.pipeline.hands.outlines import hand_of, inner, oval_of
from tests.pipeline.pictures import pixels_of

SOME = 160


@pytest.fixture(scope="module")
def scene(stretch: Callable[[int, int], Stretch]) -> tuple[Image, Face]:
    """A frame with a hand, and its face."""
    (frame,), (face,) = stretch(SOME, SOME + 1)
    return frame, face


def test_the_hand_is_found_and_its_mask_covers_it_within_the_face(
    pipeline: Pipeline, scene: tuple[Image, Face]
) -> None:
    frame, face = scene
    canvas = PhotoCanvas(frame)
    (hand,) = pipeline.hands.search(canvas, face)
    mask = hand_mask(canvas, face, [hand])
    assert mask is not None
    size = (frame.shape[0], frame.shape[1])
    share = np.zeros(size, np.float32)
    box = mask.box
    share[box.y : box.y + box.h, box.x : box.x + box.w] = mask.share
    wanted, oval = hand_of(SOME, size), oval_of(face, size)
    assert np.mean(share[wanted & oval] < 0.5) <= 0.05
    assert np.mean(share[inner(wanted) & oval] < 0.5) <= 0.01
    assert np.mean(share[oval & ~wanted] < 0.5) > 0.9


@pytest.mark.parametrize("scale", [0.5, 2.5])
def test_the_size_of_the_picture_does_not_matter(
    scale: float, pipeline: Pipeline, scene: tuple[Image, Face]
) -> None:
    frame, face = scene
    (one,) = pipeline.hands.search(PhotoCanvas(frame), face)
    size = (round(scale * frame.shape[1]), round(scale * frame.shape[0]))
    large = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
    mesh = (face.mesh + 0.5) * np.float32(scale) - 0.5
    (other,) = pipeline.hands.search(PhotoCanvas(large), Face(mesh.astype(np.float32), face.score))
    off = np.linalg.norm(other.joints / scale - one.joints, axis=1) / one.pixels_a_metre
    assert np.median(off) < 0.008


def test_hands_that_come_from_elsewhere_are_found_and_two_are_two(
    pipeline: Pipeline,
    scene: tuple[Image, Face],
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
) -> None:
    """The clip's hand and its mirror image before another face, also from above."""
    cut = Cut.of(SOME, *scene)
    target, face = pixels_of(photos["c_1"]), faces["c_1"]
    one = laid(cut, target, face)
    assert len(pipeline.hands.search(PhotoCanvas(one.image), one.face)) == 1
    both = laid(cut, one.image, one.face, Placing(mirrored=True))
    assert len(pipeline.hands.search(PhotoCanvas(both.image), both.face)) == 2
    above = laid(cut, target, face, Placing(quarters=2))
    assert len(pipeline.hands.search(PhotoCanvas(above.image), above.face)) == 1


def test_portraits_without_hands_have_none(
    pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    for name, photo in photos.items():
        assert not pipeline.hands.search(photo.canvas, faces[name]), name


def test_a_clip_without_hands_has_none(pipeline: Pipeline, single_face_clip: Path) -> None:
    with av.open(str(single_face_clip)) as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    for frame in shown[::18]:
        canvas = PhotoCanvas(np.asarray(frame, np.uint8))
        face = pipeline.analyser.faces(canvas)[0]
        assert not pipeline.hands.search(canvas, face)


def test_a_hand_smaller_than_any_before_the_face_is_none(
    pipeline: Pipeline, scene: tuple[Image, Face]
) -> None:
    """A face twice as large at the same place: such a hand would have to be behind it."""
    frame, face = scene
    centre = face.points.mean(axis=0)
    mesh = face.mesh * np.float32(2)
    mesh[:, :2] -= centre
    assert pipeline.hands.search(PhotoCanvas(frame), face, VIEWS)
    assert not pipeline.hands.search(PhotoCanvas(frame), Face(mesh, face.score), (1.0, 1.25, 1.5))


def test_a_face_beyond_the_picture_has_no_hands(
    pipeline: Pipeline, scene: tuple[Image, Face]
) -> None:
    frame, face = scene
    assert not pipeline.hands.search(PhotoCanvas(frame), face.moved(9000, 0))

"""The frames of spectacles: found by the bridge on the nose, and by nothing else that is dark."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import pytest

from appliance.pipeline.appearance.illumination import at_skin_resolution
from appliance.pipeline.appearance.spectacles import BROW
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.texture import TexturePlane
from appliance.pipeline.face_model.topology import (
    LEFT_IRIS,
    RIGHT_IRIS,
    eye_distance,
)
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from tests.pipeline.pictures import mesh_engine, pixels_of, with_spectacles

NAMES = ["a_1", "a_2", "b_1", "b_2", "c_1", "d_1", "e_1"]
DARK = (25, 20, 20)


def frames(pipeline: Pipeline, image: Image, face: Face, *, whole: bool = False) -> Float:
    """Where the canonical plane shows frames: (96, 96), 0 or 1."""
    cut_out, local = pipeline.analyser.cut_out(Photo(image).canvas, face)
    editor = mesh_engine(pipeline).still
    small, points = at_skin_resolution(cut_out, local.points)
    light = editor.meter.measure(small, points, editor.swapper.facing(local))
    albedo = editor.visibility.albedo(small, points, light)
    return editor.visibility.covering(albedo, light, whole=whole)


def without_lower_rims(image: Image, face: Face, reach: float, *, bridge: bool) -> Image:
    """The picture with the upper halves of round frames, and a bridge between them if asked.

    ``reach``: their radius, in eye distances.
    """
    result = image.copy()
    unit = eye_distance(face.points)
    right, left = face.points[RIGHT_IRIS], face.points[LEFT_IRIS]
    rim = reach * unit * (left - right) / np.linalg.norm(left - right)
    thick = max(2, round(0.04 * unit))
    sides = (round(reach * unit), round(reach * unit))
    for iris in (right, left):
        middle = np.rint(iris).astype(int).tolist()
        cv2.ellipse(result, middle, sides, 0, 180, 360, DARK, thick, cv2.LINE_AA)
    if bridge:
        start, end = (np.rint(one).astype(int).tolist() for one in (right + rim, left - rim))
        cv2.line(result, start, end, DARK, thick, cv2.LINE_AA)
    return result


@pytest.mark.parametrize("name", NAMES)
def test_a_bare_face_has_none(
    name: str, pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    assert not frames(pipeline, pixels_of(photos[name]), faces[name]).any()


@pytest.mark.parametrize("name", NAMES)
def test_frames_without_a_lower_rim_are_found_by_their_bridge(
    name: str, pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    image, face = pixels_of(photos[name]), faces[name]
    assert frames(pipeline, without_lower_rims(image, face, 0.3, bridge=True), face).sum() > 50
    # Two arcs that nothing joins may be brows, or creases of the lids.
    assert not frames(pipeline, without_lower_rims(image, face, 0.2, bridge=False), face).any()


@pytest.mark.parametrize("name", NAMES)
def test_eyes_and_brows_are_no_part_of_them(
    name: str,
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
    canonical: Canonical,
) -> None:
    image, face = pixels_of(photos[name]), faces[name]
    found = frames(pipeline, with_spectacles(image, face, DARK), face)
    assert found.sum() > 100
    seen = TexturePlane(canonical, found.shape[0]).pick(found)
    lids = [159, 145, 386, 374]
    assert seen[[*lids, RIGHT_IRIS, LEFT_IRIS]].max() < 0.5
    for ring in (BROW, canonical.mirror[BROW]):
        column, row = (canonical.uv[ring].mean(axis=0) * found.shape[0]).astype(int)
        assert found[row, column] == 0


@pytest.mark.parametrize("name", NAMES)
def test_where_all_of_them_is_looked_for_no_less_and_some_more_is_found(
    name: str, pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    image, face = pixels_of(photos[name]), faces[name]
    worn = with_spectacles(image, face, DARK)
    some, every = (frames(pipeline, worn, face, whole=whole) for whole in (False, True))
    assert (every >= some).all()
    assert every.sum() > 1.1 * some.sum()
    assert not frames(pipeline, image, face, whole=True).any()

"""The mesh engine on cut-outs: what it may touch, what it draws, what it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.pipeline.appearance.illumination import at_skin_resolution
from appliance.pipeline.appearance.tone import LUMA
from appliance.pipeline.face_model.canonical import with_skirt
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.shape import LID_PAIRS, LIP_PAIRS
from appliance.pipeline.face_model.topology import (
    INNER_LIPS,
    LEFT_EYE,
    OUTER_LIPS,
    POINTS,
    RIGHT_EYE,
    SKIN_POINTS,
    eye_distance,
    indices,
)
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.mesh_engine.fit import SourceFit
from appliance.pipeline.mesh_engine.source import MIRRORED
from appliance.pipeline.mesh_engine.swapper import MeshSwapper, Patch
from appliance.pipeline.mesh_engine.without_frames import FILLED
from appliance.pipeline.run import SourceIdentity
from tests.pipeline.pictures import mesh_engine, mesh_source

ALL = np.ones((96, 96), np.float32)
WHOLE = np.ones(POINTS, np.float32)
PAIRS = [("a_2", "b_1"), ("b_1", "c_1"), ("c_1", "d_1"), ("d_1", "e_1"), ("e_1", "a_2")]


def patch_of(
    pipeline: Pipeline,
    swapper: MeshSwapper,
    fit: SourceFit,
    target: tuple[Photo, Face],
    shown: Float = ALL,
) -> tuple[Image, Face, Patch]:
    """The cut-out, the face in it, and what the engine makes of it."""
    image, local = pipeline.analyser.cut_out(target[0].canvas, target[1])
    light = mesh_engine(pipeline).still.meter.measure(
        *at_skin_resolution(image, local.points), swapper.facing(local)
    )
    return image, local, swapper.swap(image, local, light, fit, shown)


@pytest.mark.parametrize(("source", "target"), PAIRS)
@pytest.mark.parametrize("effort", ["still", "video"])
def test_the_change_begins_softly_and_within_the_skirt(
    source: str, target: str, effort: str, pipeline: Pipeline, request: pytest.FixtureRequest
) -> None:
    photo: Photo = request.getfixturevalue("photos")[target]
    face: Face = request.getfixturevalue("faces")[target]
    person: SourceIdentity = request.getfixturevalue("sources")[source]
    swapper = getattr(mesh_engine(pipeline), effort).swapper
    image, local, patch = patch_of(
        pipeline, swapper, SourceFit(mesh_source(person), WHOLE), (photo, face)
    )
    assert patch.rgb.shape == image.shape
    assert patch.support.shape == image.shape[:2]
    # Where the change begins it is next to nothing: no outline shows.
    drawn = patch.support > 0
    rim = drawn & (cv2.erode(patch.support, np.ones((3, 3), np.uint8)) == 0)
    change = np.abs(patch.rgb.astype(int) - image).max(axis=2)
    assert change[rim].mean() < 1
    assert change[drawn].mean() > 5
    # All of it lies within the skirt.
    low, high = with_skirt(local.points).min(axis=0), with_skirt(local.points).max(axis=0)
    rows, columns = np.nonzero(patch.support)
    reach = 0.1 * eye_distance(local.points)
    assert columns.min() >= low[0] - reach
    assert columns.max() <= high[0] + reach
    assert rows.min() >= low[1] - reach
    assert rows.max() <= high[1] + reach


@pytest.mark.parametrize("name", ["a_2", "b_1", "c_1"])
def test_a_face_swapped_onto_itself_hardly_changes(
    name: str,
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
    sources: Mapping[str, SourceIdentity],
) -> None:
    own = SourceFit(mesh_source(sources[name]), WHOLE)
    image, _, patch = patch_of(
        pipeline, mesh_engine(pipeline).still.swapper, own, (photos[name], faces[name])
    )
    other = SourceFit(mesh_source(sources["d_1"]), WHOLE)
    _, _, strange = patch_of(
        pipeline, mesh_engine(pipeline).still.swapper, other, (photos[name], faces[name])
    )
    drawn = patch.support > 0
    off, off_strange = (
        np.abs(result.rgb.astype(int) - image)[drawn].mean() for result in (patch, strange)
    )
    assert off < 6
    assert off < 0.5 * off_strange


def test_a_mirror_image_and_painted_skin_are_drawn_in_full(
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
    sources: Mapping[str, SourceIdentity],
) -> None:
    source, swapper = mesh_source(sources["c_1"]), mesh_engine(pipeline).still.swapper
    results = []
    for trust in (1.0, MIRRORED, FILLED, 0.4):
        fit = SourceFit(replace(source, cover=WHOLE * np.float32(trust)), WHOLE)
        _, _, patch = patch_of(pipeline, swapper, fit, (photos["a_2"], faces["a_2"]))
        results.append(patch.rgb.astype(int))
    off = [np.abs(one - results[0]).mean() for one in results]
    assert max(off[:3]) < 0.01
    assert off[3] > 1  # what is hardly known is hardly drawn


def test_where_nothing_is_shown_nothing_is_drawn(
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
    sources: Mapping[str, SourceIdentity],
) -> None:
    # Same shape, so that no pixel moves, and everything covered: the target stays as it is.
    fit = SourceFit(mesh_source(sources["b_1"]), WHOLE)
    hidden = np.zeros((96, 96), np.float32)
    image, local, patch = patch_of(
        pipeline, mesh_engine(pipeline).still.swapper, fit, (photos["b_1"], faces["b_1"]), hidden
    )
    assert np.abs(patch.rgb.astype(int) - image).max() <= 2
    # Half of the plane shown: the other half of the face keeps its pixels.
    half = np.zeros((96, 96), np.float32)
    half[:, :48] = 1
    fit = SourceFit(
        replace(mesh_source(sources["c_1"]), shape=mesh_source(sources["b_1"]).shape), WHOLE
    )
    _, _, patch = patch_of(
        pipeline, mesh_engine(pipeline).still.swapper, fit, (photos["b_1"], faces["b_1"]), half
    )
    off = np.abs(patch.rgb.astype(int) - image).max(axis=2)
    right, left = np.rint(local.points[[205, 425]]).astype(int).tolist()
    assert around(off, right) > 5
    assert around(off, left) < 0.5


def test_without_cover_a_place_keeps_the_targets_pixels(
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
    sources: Mapping[str, SourceIdentity],
) -> None:
    source = replace(
        mesh_source(sources["d_1"]),
        cover=np.zeros(POINTS, np.float32),
        shape=mesh_source(sources["b_1"]).shape,
    )
    image, _, patch = patch_of(
        pipeline,
        mesh_engine(pipeline).still.swapper,
        SourceFit(source, WHOLE),
        (photos["b_1"], faces["b_1"]),
    )
    assert np.abs(patch.rgb.astype(int) - image).max() <= 2


def test_the_lids_of_a_source_that_blinks_are_not_drawn_on_open_eyes(
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
    sources: Mapping[str, SourceIdentity],
) -> None:
    # Texture of one person and shape of the target, but for the lids.
    awake = replace(mesh_source(sources["d_1"]), shape=mesh_source(sources["b_1"]).shape)
    shape = awake.shape.copy()
    for upper, lower in LID_PAIRS:
        shape[upper] = shape[lower]
    swapper = mesh_engine(pipeline).still.swapper
    changes = []
    for source in (awake, replace(awake, shape=shape)):
        image, local, patch = patch_of(
            pipeline, swapper, SourceFit(source, WHOLE), (photos["b_1"], faces["b_1"])
        )
        off = np.abs(patch.rgb.astype(int) - image).max(axis=2)
        places = np.rint(local.points[[23, 253, 50]]).astype(int).tolist()
        changes.append([around(off, place) for place in places])
    control, found = changes
    assert max(found[:2]) < 0.5 * min(control[:2])
    assert found[2] == pytest.approx(control[2], rel=0.05)  # the cheek


def test_a_half_hidden_eye_is_closed_if_the_other_one_is(
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
    sources: Mapping[str, SourceIdentity],
) -> None:
    # Of the left eye the lids are apart; the right one passes for alike, half of it below a hand.
    alike = replace(mesh_source(sources["d_1"]), shape=mesh_source(sources["b_1"]).shape)
    shape = alike.shape.copy()
    for upper, lower in LID_PAIRS[7:]:
        shape[upper] = shape[lower]
    source = replace(alike, shape=shape)
    covered = np.zeros(POINTS, np.float32)
    covered[RIGHT_EYE[len(RIGHT_EYE) // 4 : 3 * len(RIGHT_EYE) // 4]] = 1
    engine = mesh_engine(pipeline).still
    image, local = pipeline.analyser.cut_out(photos["b_1"].canvas, faces["b_1"])
    light = engine.meter.measure(
        *at_skin_resolution(image, local.points), engine.swapper.facing(local)
    )
    right, cheek = np.rint(local.points[[23, 50]]).astype(int).tolist()
    changes = []
    for hidden in (None, covered):
        fit = SourceFit(source, WHOLE)
        patch = engine.swapper.swap(image, local, light, fit, ALL, covered=hidden)
        off = np.abs(patch.rgb.astype(int) - image).max(axis=2)
        changes.append((around(off, right), around(off, cheek)))
    control, found = changes
    assert found[0] < 0.5 * control[0]
    assert found[1] == pytest.approx(control[1], rel=0.05)


def test_an_eye_that_looks_aside_is_the_targets(
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
    sources: Mapping[str, SourceIdentity],
) -> None:
    # The source's iris, stretched to where the target looks, would be larger than an iris is.
    alike = replace(mesh_source(sources["d_1"]), shape=mesh_source(sources["b_1"]).shape)
    shape = alike.shape.copy()
    shape[SKIN_POINTS:, 0] += 0.5
    swapper = mesh_engine(pipeline).still.swapper
    found = []
    for source in (alike, replace(alike, shape=shape)):
        image, local, patch = patch_of(
            pipeline, swapper, SourceFit(source, WHOLE), (photos["b_1"], faces["b_1"])
        )
        eye = np.zeros(image.shape[:2], np.uint8)
        cv2.fillPoly(eye, [np.rint(local.points[LEFT_EYE]).astype(np.int32)], 1)
        inside = cv2.erode(eye, np.ones((3, 3), np.uint8)) > 0
        before, after = (one[inside].astype(float) @ LUMA for one in (image, patch.rgb))
        found.append(np.corrcoef(before, after)[0, 1])
    assert found[0] < 0.85
    assert found[1] > 0.9


def test_no_rim_of_the_target_is_left_around_a_nostril(
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
    sources: Mapping[str, SourceIdentity],
) -> None:
    # A source as green as no skin is.
    source = mesh_source(sources["d_1"])
    green = np.broadcast_to(np.array([40, 160, 40], np.float32), source.texture.shape).copy()
    source = replace(source, texture=green, shape=mesh_source(sources["b_1"]).shape)
    fit = SourceFit(source, WHOLE)
    swapper = mesh_engine(pipeline).still.swapper
    image, local, patch = patch_of(pipeline, swapper, fit, (photos["b_1"], faces["b_1"]))
    places = np.rint(local.points[indices("238 458 64 294 4")]).astype(int)
    drawn = patch.rgb[places[:, 1], places[:, 0]].astype(int)
    own = image[places[:, 1], places[:, 0]].astype(int)
    greenness = (drawn[:, 1] - drawn[:, 0]) / drawn[:, 1]
    assert (own[:, 1] < own[:, 0]).all()
    assert greenness.min() > 0.9 * greenness[-1]  # the tip of the nose


def test_an_open_mouth_has_no_specks_and_no_folds_of_a_closed_one(
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
    sources: Mapping[str, SourceIdentity],
) -> None:
    # The dark line between closed lips lies along the inner edge of each of them.
    alike = replace(mesh_source(sources["a_2"]), shape=mesh_source(sources["b_1"]).shape)
    shape = alike.shape.copy()
    for upper, lower in LIP_PAIRS:
        shape[[upper, lower]] = (shape[upper] + shape[lower]) / 2
    swapper = mesh_engine(pipeline).still.swapper
    found, changes = [], []
    for source in (alike, replace(alike, shape=shape)):
        image, local, patch = patch_of(
            pipeline, swapper, SourceFit(source, WHOLE), (photos["b_1"], faces["b_1"])
        )
        found.append(specks(patch.rgb, image, local.points))
        off = np.abs(patch.rgb.astype(int) - image).max(axis=2)
        places = np.rint(local.points[[206, 426, 50]]).astype(int).tolist()
        changes.append([around(off, place) for place in places])
    assert found[0] > 0.25
    assert found[1] < 0.1
    control, now = changes
    assert max(now[:2]) < 0.75 * max(control[:2])
    assert now[2] == pytest.approx(control[2], rel=0.05)  # the cheek


def specks(image: Image, original: Image, points: Float) -> float:
    """How much darker or lighter than its surroundings the worst of the lips is, log luma.

    Beyond what the ``original`` has nearby.
    """
    lips = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(lips, [np.rint(points[OUTER_LIPS]).astype(np.int32)], 1)
    cv2.fillPoly(lips, [np.rint(points[INNER_LIPS]).astype(np.int32)], 0)
    fine = np.ones((2 * round(0.02 * eye_distance(points)) + 1,) * 2, np.uint8)
    worst = []
    for kind in (cv2.MORPH_BLACKHAT, cv2.MORPH_TOPHAT):
        new, old = (
            cv2.morphologyEx(np.log(one.astype(np.float32) @ LUMA + 4), kind, fine)
            for one in (image, original)
        )
        worst.append(float(np.percentile((new - cv2.dilate(old, fine))[lips > 0], 98)))
    return max(worst)


def test_the_shape_goes_where_the_source_has_it(
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
    sources: Mapping[str, SourceIdentity],
) -> None:
    # A source with the target's own texture and a nose a quarter wider.
    own = mesh_source(sources["b_1"])
    shape = own.shape.copy()
    wings = [48, 64, 98, 129, 278, 294, 327, 358]
    shape[:, 0] += np.where(np.isin(np.arange(POINTS), wings), 0.5 * np.sign(shape[:, 0]), 0)
    photo, face = photos["b_1"], faces["b_1"]
    fit = SourceFit(replace(own, shape=shape.astype(np.float32)), WHOLE)
    _, _, patch = patch_of(pipeline, mesh_engine(pipeline).still.swapper, fit, (photo, face))
    image, local = pipeline.analyser.cut_out(photo.canvas, face)
    off = np.abs(patch.rgb.astype(int) - image).max(axis=2)
    wing, brow = np.rint(local.points[[129, 9]]).astype(int).tolist()
    assert around(off, wing) > 2 * max(1.0, around(off, brow))


def around(values: NDArray[np.int_], place: list[int]) -> float:
    """The mean of a few pixels."""
    x, y = place
    return float(values[y - 8 : y + 9, x - 10 : x + 11].mean())

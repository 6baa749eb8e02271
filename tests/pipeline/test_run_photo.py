"""Photos swapped from end to end: who is meant, what changes, what may not."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.errors import ApplianceError, NoFaceError
from appliance.pipeline.face_model.boxes import face_box
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.regions import WHOLE_FACE
from appliance.pipeline.face_model.topology import (
    INNER_LIPS,
    OUTER_LIPS,
    eye_distance,
    eye_openness,
    mouth_openness,
)
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.networks.recogniser import similarity
from appliance.pipeline.run import (
    SourceIdentity,
    SwapOptions,
    read_source,
    swap_photo,
)
from appliance.pipeline.selection import FaceRule, FaceSelection
from tests.pipeline.heads import Head
from tests.pipeline.pictures import (
    cell,
    changed,
    mesh_source,
    mosaic,
    pixels_of,
    with_closed_eyes,
    with_lips_apart,
)

PEOPLE = ["a_2", "b_1", "c_1", "d_1"]
PAIRS = list(permutations(PEOPLE, 2))
WHOLE = SwapOptions()


def near(face: Face, shape: tuple[int, ...], points: list[int], reach: float) -> NDArray[np.bool_]:
    """(h, w) within ``reach`` eye distances of some mesh points."""
    mask = np.zeros(shape[:2], np.uint8)
    radius = round(reach * eye_distance(face.points))
    for x, y in np.rint(face.points[points]).astype(int).tolist():
        cv2.circle(mask, (x, y), radius, 1, cv2.FILLED)
    return mask > 0


# --- identity and expression ------------------------------------------------------------------


def test_the_results_are_nearer_to_their_sources(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    gains, nearer, mouths, eyes = [], [], [], []
    for source, target in PAIRS:
        result, report = swap_photo(pipeline, sources[source], photos[target], WHOLE)
        before = pipeline.analyser.faces(photos[target].canvas)[0]
        (after,) = pipeline.analyser.faces(result.canvas)
        embedding = pipeline.analyser.embedding(result.canvas, after)
        likeness = similarity(sources[source].embedding, embedding)
        assert report.similarity_before is not None
        assert report.similarity_after is not None
        gains.append(report.similarity_after - report.similarity_before)
        nearer.append(likeness > similarity(sources[target].embedding, embedding))
        mouths.append(abs(mouth_openness(before.points) - mouth_openness(after.points)))
        lids = zip(eye_openness(before.points), eye_openness(after.points), strict=True)
        eyes += [abs(a - b) for a, b in lids]
    assert np.mean(gains) > 0.45
    assert min(gains) > 0.2
    assert np.mean(nearer) >= 0.9
    assert np.mean(mouths) <= 0.03
    assert np.mean(eyes) <= 0.03


@pytest.mark.parametrize("source", ["a_2", "b_1", "d_1"])
def test_closed_eyes_stay_closed(
    source: str,
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    sources: Mapping[str, SourceIdentity],
) -> None:
    (face,) = pipeline.analyser.faces(photos["c_1"].canvas)
    target = Photo(with_closed_eyes(pixels_of(photos["c_1"]), face, pipeline.analyser.canonical))
    (closed,) = pipeline.analyser.faces(target.canvas)
    assert max(eye_openness(closed.points)) < 0.04  # the target is what it should be
    assert (
        min(eye_openness(mesh_source(sources[source]).shape[:, :2])) > 0.085
    )  # … and the source's eyes are wide open
    result, _ = swap_photo(pipeline, sources[source], target, WHOLE)
    (after,) = pipeline.analyser.faces(result.canvas)
    for lids, were in zip(eye_openness(after.points), eye_openness(closed.points), strict=True):
        assert abs(lids - were) < 0.035


@pytest.mark.parametrize("share", [0.4, 0.7, 1.0])
def test_the_mouth_stays_as_open_as_the_targets(
    share: float,
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    sources: Mapping[str, SourceIdentity],
) -> None:
    (face,) = pipeline.analyser.faces(photos["b_1"].canvas)
    target = Photo(
        with_lips_apart(pixels_of(photos["b_1"]), face, pipeline.analyser.canonical, share)
    )
    (before,) = pipeline.analyser.faces(target.canvas)
    for source in ("a_2", "c_1"):
        result, _ = swap_photo(pipeline, sources[source], target, WHOLE)
        (after,) = pipeline.analyser.faces(result.canvas)
        assert abs(mouth_openness(after.points) - mouth_openness(before.points)) < 0.03


def test_two_photos_of_a_source_are_at_least_as_good_as_the_worse_one(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    both = read_source(pipeline, [photos["b_1"], photos["b_2"]])
    figures = []
    for person in (both, sources["b_1"], sources["b_2"]):
        result, _ = swap_photo(pipeline, person, photos["a_2"], WHOLE)
        (face,) = pipeline.analyser.faces(result.canvas)
        found = pipeline.analyser.embedding(result.canvas, face)
        figures.append(similarity(found, both.embedding))
    assert figures[0] > min(figures[1:]) - 0.02


def test_the_teeth_are_the_targets_own(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    # The inside of a mouth is not the source's: what shows there is what the target had there.
    result, _ = swap_photo(pipeline, sources["c_1"], photos["b_1"], WHOLE)
    before, after = (pipeline.analyser.faces(photo.canvas)[0] for photo in (photos["b_1"], result))
    mask = np.zeros(photos["b_1"].pixels.shape[:2], np.uint8)
    inner = np.rint(before.points[INNER_LIPS]).astype(np.int32)
    cv2.fillPoly(mask, [inner], 1)
    within: Any = cv2.erode(mask, np.ones((7, 7), np.uint8))
    move = (after.points[INNER_LIPS] - before.points[INNER_LIPS]).mean(axis=0)
    shift = np.array([[1, 0, -move[0]], [0, 1, -move[1]]], np.float32)
    back: Any = cv2.warpAffine(pixels_of(result), shift, mask.shape[::-1])
    off = np.abs(back.astype(int) - pixels_of(photos["b_1"]))[within > 0]
    assert np.median(off) < 12


# --- what may not change ----------------------------------------------------------------------


@pytest.mark.parametrize(("source", "target"), PAIRS[::3])
def test_nothing_changes_away_from_the_face(
    source: str,
    target: str,
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    sources: Mapping[str, SourceIdentity],
) -> None:
    before = photos[target].pixels.copy()
    result, _ = swap_photo(pipeline, sources[source], photos[target], WHOLE)
    assert np.array_equal(photos[target].pixels, before)  # the target itself is the caller's
    (face,) = pipeline.analyser.faces(photos[target].canvas)
    box = face_box(face, photos[target].canvas)
    assert box is not None
    outside = np.ones(before.shape[:2], np.bool_)
    outside[box.y : box.y + box.h, box.x : box.x + box.w] = False
    assert not changed(photos[target], result)[outside].any()
    assert changed(photos[target], result)[~outside].mean() > 0.2


@pytest.mark.parametrize("regions", [{WHOLE_FACE: 0.0}, {}, {"nose": 0.0, "lips": 0.0}])
def test_strength_0_changes_nothing(
    regions: dict[str, float],
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    sources: Mapping[str, SourceIdentity],
) -> None:
    options = SwapOptions(regions=regions)
    result, report = swap_photo(pipeline, sources["a_2"], photos["b_1"], options)
    assert np.array_equal(result.pixels, photos["b_1"].pixels)
    assert report.faces_swapped == report.frames_swapped == 0
    assert report.similarity_after is None


LIPS = OUTER_LIPS.tolist()
LOWER_LIP = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291]
CHIN = [152, 148, 377, 175, 199]
# The nose's share ends in the upper lip: one gives way to the other over a centimetre.
FAR_FROM = {"nose": [*LOWER_LIP, *CHIN], "jaw": [10, 151, 105, 334, 6], "forehead": [*LIPS, *CHIN]}
MIDDLE = {"nose": [4, 195], "jaw": [152, 199], "forehead": [151, 9]}


@pytest.mark.parametrize("region", list(FAR_FROM))
def test_a_region_changes_itself_and_nothing_far_from_it(
    region: str,
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    sources: Mapping[str, SourceIdentity],
) -> None:
    target = photos["b_1"]
    options = SwapOptions(regions={region: 0.6})
    result, _ = swap_photo(pipeline, sources["d_1"], target, options)
    (face,) = pipeline.analyser.faces(target.canvas)
    off = np.abs(pixels_of(result).astype(int) - pixels_of(target)).max(axis=2)
    assert off[near(face, off.shape, FAR_FROM[region], 0.02)].max() <= 2
    assert off[near(face, off.shape, MIDDLE[region], 0.1)].mean() > 2


def test_more_strength_is_more_likeness(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    likeness = []
    for strength in (0.0, 0.3, 0.6, 1.0):
        options = SwapOptions(regions={WHOLE_FACE: strength})
        result, _ = swap_photo(pipeline, sources["a_2"], photos["d_1"], options)
        (face,) = pipeline.analyser.faces(result.canvas)
        found = pipeline.analyser.embedding(result.canvas, face)
        likeness.append(similarity(found, sources["a_2"].embedding))
    assert likeness == sorted(likeness)
    assert likeness[-1] > likeness[0] + 0.25


def test_an_unknown_region_is_refused(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    # A misspelt word must not pass as a swap that changes nothing.
    with pytest.raises(ApplianceError, match="'ears'"):
        swap_photo(pipeline, sources["a_2"], photos["b_1"], SwapOptions(regions={"ears": 1}))


# --- which face -------------------------------------------------------------------------------

SIDE = 420


@pytest.fixture(scope="module")
def group(photos: Mapping[str, Photo]) -> Photo:
    """Four people; the third is the largest."""
    picture = mosaic([photos[name] for name in ("a_2", "b_1", "c_1", "e_1")], 4, SIDE)
    enlarged = cell(photos["c_1"], 2 * SIDE)[: SIDE * 3 // 2, SIDE // 2 : SIDE * 3 // 2]
    picture = np.vstack([picture, np.full((SIDE // 2, 4 * SIDE, 3), 128, np.uint8)])
    picture[:, 2 * SIDE : 3 * SIDE] = enlarged
    return Photo(picture)


def columns_changed(before: Photo, after: Photo) -> set[int]:
    """FaceRule of the four changed in more than a few pixels."""
    off = changed(before, after)
    return {i for i in range(4) if off[:, i * SIDE : (i + 1) * SIDE].mean() > 0.01}


@pytest.mark.parametrize(
    ("which", "wanted"),
    [
        (FaceRule.ALL, {0, 1, 2, 3}),
        (FaceRule.LEFT, {0}),
        (FaceRule.RIGHT, {3}),
        (FaceRule.LARGEST, {2}),
    ],
)
def test_the_face_that_is_meant_is_swapped(
    which: FaceRule,
    wanted: set[int],
    pipeline: Pipeline,
    group: Photo,
    sources: Mapping[str, SourceIdentity],
) -> None:
    options = SwapOptions(selection=FaceSelection(which))
    result, report = swap_photo(pipeline, sources["d_1"], group, options)
    assert columns_changed(group, result) == wanted
    assert report.faces_swapped == len(wanted)
    assert report.frames_swapped == report.frames == 1


@pytest.mark.parametrize(("person", "column"), [("a_1", 0), ("b_2", 1), ("c_1", 2)])
def test_like_finds_a_person_by_another_photo(
    person: str,
    column: int,
    pipeline: Pipeline,
    group: Photo,
    sources: Mapping[str, SourceIdentity],
) -> None:
    choice = FaceSelection(FaceRule.LIKE, sources[person].embedding)
    result, _ = swap_photo(pipeline, sources["d_1"], group, SwapOptions(selection=choice))
    assert columns_changed(group, result) == {column}


def test_all_faces_of_a_large_photo_are_swapped_and_counted(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    # So far apart that the picture as a whole shows them 9 pixels wide.
    picture = np.full((900, 4 * 900, 3), 128, np.uint8)
    for column, name in enumerate(("a_2", "b_1", "c_1", "e_1")):
        small = cell(photos[name], 300 if name == "e_1" else 140)
        x = column * 900 + 300
        picture[200 : 200 + len(small), x : x + len(small)] = small
    target = Photo(picture)
    options = SwapOptions(selection=FaceSelection(FaceRule.ALL))
    result, report = swap_photo(pipeline, sources["d_1"], target, options)
    off = changed(target, result)
    assert all(off[:, x : x + 900].any() for x in range(0, 3600, 900))
    assert (report.faces_swapped, report.faces_found, report.faces_unclear) == (4, 4, 0)
    _, report = swap_photo(pipeline, sources["d_1"], target, SwapOptions())
    assert report.faces_swapped == 1


def test_a_face_that_is_turned_too_far_is_left(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    head = Head(pipeline.analyser.canonical, mesh_source(sources["e_1"])).render(65).image
    with pytest.raises(NoFaceError, match="turned too far"):
        swap_photo(pipeline, sources["d_1"], Photo(head), WHOLE)
    target = Photo(np.hstack([head, cell(photos["b_1"], 480)]))
    options = SwapOptions(selection=FaceSelection(FaceRule.ALL))
    result, report = swap_photo(pipeline, sources["d_1"], target, options)
    assert not changed(target, result)[:, :480].any()
    assert changed(target, result)[:, 480:].any()
    assert (report.faces_swapped, report.faces_found) == (1, 2)
    assert (report.faces_turned, report.frames_turned) == (1, 1)


def test_like_refuses_where_the_person_is_not_there(
    pipeline: Pipeline, group: Photo, sources: Mapping[str, SourceIdentity]
) -> None:
    # Swapping the most similar of other people would alter a person that was not chosen.
    choice = FaceSelection(FaceRule.LIKE, sources["d_1"].embedding)
    with pytest.raises(NoFaceError, match="like the reference"):
        swap_photo(pipeline, sources["a_2"], group, SwapOptions(selection=choice))


@pytest.mark.parametrize("shape", [(1, 1), (400, 300), (1, 900)])
def test_a_picture_of_nobody_is_refused(
    shape: tuple[int, int], pipeline: Pipeline, sources: Mapping[str, SourceIdentity]
) -> None:
    # There is nothing to swap, and an unchanged copy would look like a success.
    with pytest.raises(NoFaceError, match="target"):
        swap_photo(pipeline, sources["a_2"], Photo(np.full((*shape, 3), 99, np.uint8)), WHOLE)

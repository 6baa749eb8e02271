"""Photos swapped from end to end: who is meant, what changes, what may not."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Mapping
from itertools import permutations
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from appliance.errors import ApplianceError, NoFaceError
from appliance.pipeline.choose import FaceChoice, Which
from appliance.pipeline.face import Face
from appliance.pipeline.identify import similarity
from appliance.pipeline.media.photo import Photo, read_photo
from appliance.pipeline.region import face_box
from appliance.pipeline.regions import FACE
from appliance.pipeline.run import Sitter, SwapOptions, read_source, swap_photo
from appliance.pipeline.stages import Stages
from appliance.pipeline.topology import (
    INNER_LIPS,
    OUTER_LIPS,
    OVAL,
    eye_distance,
    eye_openness,
    mouth_openness,
)
from tests.pipeline.pictures import (
    cell,
    error,
    mosaic,
    pixels_of,
    turned,
    with_closed_eyes,
    with_lips_apart,
)

PEOPLE = ["a_2", "b_1", "c_1", "d_1"]
PAIRS = list(permutations(PEOPLE, 2))
WHOLE = SwapOptions()


def changed(before: Photo, after: Photo) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """(h, w) where any channel differs."""
    return np.asarray((np.asarray(before.pixels) != np.asarray(after.pixels)).any(axis=2))


def near(
    face: Face, shape: tuple[int, ...], points: list[int], reach: float
) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """(h, w) within ``reach`` eye distances of some mesh points."""
    mask = np.zeros(shape[:2], np.uint8)
    radius = round(reach * eye_distance(face.points))
    for x, y in np.rint(face.points[points]).astype(int).tolist():
        cv2.circle(mask, (x, y), radius, 1, cv2.FILLED)
    return mask > 0


# --- identity and expression ------------------------------------------------------------------


def test_the_results_are_nearer_to_their_sources(
    stages: Stages, photos: Mapping[str, Photo], sitters: Mapping[str, Sitter]
) -> None:
    gains, nearer, mouths, eyes = [], [], [], []
    for source, target in PAIRS:
        result, report = swap_photo(stages, sitters[source], photos[target], WHOLE)
        before = stages.faces(photos[target].canvas)[0]
        (after,) = stages.faces(result.canvas)
        embedding = stages.embedding(result.canvas, after)
        likeness = similarity(sitters[source].embedding, embedding)
        assert report.similarity_before is not None
        assert report.similarity_after is not None
        gains.append(report.similarity_after - report.similarity_before)
        nearer.append(likeness > similarity(sitters[target].embedding, embedding))
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
    source: str, stages: Stages, photos: Mapping[str, Photo], sitters: Mapping[str, Sitter]
) -> None:
    (face,) = stages.faces(photos["c_1"].canvas)
    target = Photo(with_closed_eyes(pixels_of(photos["c_1"]), face, stages.face))
    (closed,) = stages.faces(target.canvas)
    assert max(eye_openness(closed.points)) < 0.04  # the target is what it should be
    assert min(sitters[source].source.eyes) > 0.085  # … and the source's eyes are wide open
    result, _ = swap_photo(stages, sitters[source], target, WHOLE)
    (after,) = stages.faces(result.canvas)
    for lids, were in zip(eye_openness(after.points), eye_openness(closed.points), strict=True):
        assert abs(lids - were) < 0.035


@pytest.mark.parametrize("share", [0.4, 0.7, 1.0])
def test_the_mouth_stays_as_open_as_the_targets(
    share: float, stages: Stages, photos: Mapping[str, Photo], sitters: Mapping[str, Sitter]
) -> None:
    (face,) = stages.faces(photos["b_1"].canvas)
    target = Photo(with_lips_apart(pixels_of(photos["b_1"]), face, stages.face, share))
    (before,) = stages.faces(target.canvas)
    for source in ("a_2", "c_1"):
        result, _ = swap_photo(stages, sitters[source], target, WHOLE)
        (after,) = stages.faces(result.canvas)
        assert abs(mouth_openness(after.points) - mouth_openness(before.points)) < 0.03


# --- what may not change ----------------------------------------------------------------------


@pytest.mark.parametrize(("source", "target"), PAIRS[::3])
def test_nothing_changes_away_from_the_face(
    source: str,
    target: str,
    stages: Stages,
    photos: Mapping[str, Photo],
    sitters: Mapping[str, Sitter],
) -> None:
    before = photos[target].pixels.copy()
    result, _ = swap_photo(stages, sitters[source], photos[target], WHOLE)
    assert np.array_equal(photos[target].pixels, before)  # the target itself is the caller's
    (face,) = stages.faces(photos[target].canvas)
    box = face_box(face, photos[target].canvas)
    assert box is not None
    outside = np.ones(before.shape[:2], np.bool_)
    outside[box.y : box.y + box.h, box.x : box.x + box.w] = False
    assert not changed(photos[target], result)[outside].any()
    assert changed(photos[target], result)[~outside].mean() > 0.2


@pytest.mark.parametrize("regions", [{FACE: 0.0}, {}, {"nose": 0.0, "lips": 0.0}])
def test_strength_0_changes_nothing(
    regions: dict[str, float],
    stages: Stages,
    photos: Mapping[str, Photo],
    sitters: Mapping[str, Sitter],
) -> None:
    options = SwapOptions(regions=regions)
    result, report = swap_photo(stages, sitters["a_2"], photos["b_1"], options)
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
    region: str, stages: Stages, photos: Mapping[str, Photo], sitters: Mapping[str, Sitter]
) -> None:
    target = photos["b_1"]
    options = SwapOptions(regions={region: 0.6})
    result, _ = swap_photo(stages, sitters["d_1"], target, options)
    (face,) = stages.faces(target.canvas)
    off = np.abs(pixels_of(result).astype(int) - pixels_of(target)).max(axis=2)
    assert off[near(face, off.shape, FAR_FROM[region], 0.02)].max() <= 2
    assert off[near(face, off.shape, MIDDLE[region], 0.1)].mean() > 2


def test_more_strength_is_more_likeness(
    stages: Stages, photos: Mapping[str, Photo], sitters: Mapping[str, Sitter]
) -> None:
    likeness = []
    for strength in (0.0, 0.3, 0.6, 1.0):
        options = SwapOptions(regions={FACE: strength})
        result, _ = swap_photo(stages, sitters["a_2"], photos["d_1"], options)
        (face,) = stages.faces(result.canvas)
        found = stages.embedding(result.canvas, face)
        likeness.append(similarity(found, sitters["a_2"].embedding))
    assert likeness == sorted(likeness)
    assert likeness[-1] > likeness[0] + 0.25


def test_an_unknown_region_is_refused(
    stages: Stages, photos: Mapping[str, Photo], sitters: Mapping[str, Sitter]
) -> None:
    # A misspelt word must not pass as a swap that changes nothing.
    with pytest.raises(ApplianceError, match="'ears'"):
        swap_photo(stages, sitters["a_2"], photos["b_1"], SwapOptions(regions={"ears": 1}))


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
    """Which of the four changed in more than a few pixels."""
    off = changed(before, after)
    return {i for i in range(4) if off[:, i * SIDE : (i + 1) * SIDE].mean() > 0.01}


@pytest.mark.parametrize(
    ("which", "wanted"),
    [
        (Which.ALL, {0, 1, 2, 3}),
        (Which.LEFT, {0}),
        (Which.RIGHT, {3}),
        (Which.LARGEST, {2}),
    ],
)
def test_the_face_that_is_meant_is_swapped(
    which: Which, wanted: set[int], stages: Stages, group: Photo, sitters: Mapping[str, Sitter]
) -> None:
    options = SwapOptions(choice=FaceChoice(which))
    result, report = swap_photo(stages, sitters["d_1"], group, options)
    assert columns_changed(group, result) == wanted
    assert report.faces_swapped == len(wanted)
    assert report.frames_swapped == report.frames == 1


@pytest.mark.parametrize(("person", "column"), [("a_1", 0), ("b_2", 1), ("c_1", 2)])
def test_like_finds_a_person_by_another_photo(
    person: str, column: int, stages: Stages, group: Photo, sitters: Mapping[str, Sitter]
) -> None:
    choice = FaceChoice(Which.LIKE, sitters[person].embedding)
    result, _ = swap_photo(stages, sitters["d_1"], group, SwapOptions(choice=choice))
    assert columns_changed(group, result) == {column}


def test_like_refuses_where_the_person_is_not_there(
    stages: Stages, group: Photo, sitters: Mapping[str, Sitter]
) -> None:
    # Swapping the best of the strangers would alter a person nobody chose.
    choice = FaceChoice(Which.LIKE, sitters["d_1"].embedding)
    with pytest.raises(NoFaceError, match="like the reference"):
        swap_photo(stages, sitters["a_2"], group, SwapOptions(choice=choice))


@pytest.mark.parametrize("shape", [(1, 1), (400, 300), (1, 900)])
def test_a_picture_of_nobody_is_refused(
    shape: tuple[int, int], stages: Stages, sitters: Mapping[str, Sitter]
) -> None:
    # There is nothing to swap, and an unchanged copy would look like a success.
    with pytest.raises(NoFaceError, match="target"):
        swap_photo(stages, sitters["a_2"], Photo(np.full((*shape, 3), 99, np.uint8)), WHOLE)


# --- kinds of photos --------------------------------------------------------------------------


def test_a_face_on_its_head_is_swapped_as_well_as_an_upright_one(
    stages: Stages, photos: Mapping[str, Photo], sitters: Mapping[str, Sitter]
) -> None:
    upside_down, matrix = turned(photos["b_1"], 180)
    result, report = swap_photo(stages, sitters["a_2"], upside_down, WHOLE)
    _, upright = swap_photo(stages, sitters["a_2"], photos["b_1"], WHOLE)
    assert report.similarity_after is not None
    assert upright.similarity_after is not None
    assert report.similarity_after > upright.similarity_after - 0.06
    (face,) = stages.faces(result.canvas)
    assert error(face, stages.faces(photos["b_1"].canvas)[0], matrix) < 0.12


def as_png_16(photo: Photo) -> bytes:
    """The photo as a PNG of 16 bits a channel whose low bytes are noise."""
    deep = photo.pixels.astype(np.uint16) * 256
    deep += np.random.default_rng(0).integers(0, 256, deep.shape).astype(np.uint16)
    done, data = cv2.imencode(".png", deep[..., ::-1])
    assert done
    return data.tobytes()


def test_a_16_bit_photo_keeps_its_depth_outside_the_face(
    stages: Stages, photos: Mapping[str, Photo], sitters: Mapping[str, Sitter]
) -> None:
    target = read_photo(as_png_16(photos["b_1"]))
    assert target.pixels.dtype == np.uint16
    result, _ = swap_photo(stages, sitters["a_2"], target, WHOLE)
    assert result.pixels.dtype == np.uint16
    off = changed(target, result)
    (face,) = stages.faces(target.canvas)
    box = face_box(face, target.canvas)
    assert box is not None
    outside = np.ones(off.shape, np.bool_)
    outside[box.y : box.y + box.h, box.x : box.x + box.w] = False
    assert not off[outside].any()
    plain, _ = swap_photo(stages, sitters["a_2"], photos["b_1"], WHOLE)
    close = np.abs(result.canvas.thumbnail(10_000).astype(int) - plain.pixels)
    assert np.percentile(close, 99) <= 6  # the same swap at a finer grain


def test_alpha_and_profile_are_kept(
    stages: Stages, photos: Mapping[str, Photo], sitters: Mapping[str, Sitter]
) -> None:
    pixels = pixels_of(photos["b_1"])
    alpha = np.full(pixels.shape[:2], 255, np.uint8)
    alpha[:100] = 7
    target = Photo(pixels, alpha, icc=b"a profile", kind="png")
    result, _ = swap_photo(stages, sitters["a_2"], target, WHOLE)
    assert result.alpha is not None
    assert np.array_equal(result.alpha, alpha)
    assert result.icc == b"a profile"
    assert result.kind == "png"


def test_a_grey_target_stays_grey(
    stages: Stages, photos: Mapping[str, Photo], sitters: Mapping[str, Sitter]
) -> None:
    buffer = io.BytesIO()
    Pillow.fromarray(pixels_of(photos["b_1"])).convert("L").save(buffer, "PNG")
    target = read_photo(buffer.getvalue())
    result, report = swap_photo(stages, sitters["a_2"], target, WHOLE)
    assert report.similarity_after is not None
    assert report.similarity_before is not None
    assert report.similarity_after > report.similarity_before + 0.2
    # A gain by channel would take the mean colour away and leave what differs from it: a face
    # with cyan cheeks and warm shadows in a black and white photo.
    assert (result.pixels == result.pixels[..., :1]).all()


@pytest.mark.parametrize("edge", ["left", "top", "bottom", "right"])
def test_a_face_cut_by_the_border_is_swapped_as_far_as_it_goes(
    edge: str, stages: Stages, photos: Mapping[str, Photo], sitters: Mapping[str, Sitter]
) -> None:
    pixels = pixels_of(photos["b_1"])
    oval = stages.faces(photos["b_1"].canvas)[0].points[OVAL]
    (left, top), (right, bottom) = oval.min(axis=0), oval.max(axis=0)
    share = 0.15
    cuts: dict[str, Any] = {
        "left": np.s_[:, int(left + share * (right - left)) :],
        "right": np.s_[:, : int(right - share * (right - left))],
        "top": np.s_[int(top + share * (bottom - top)) :],
        "bottom": np.s_[: int(bottom - share * (bottom - top))],
    }
    target = Photo(np.ascontiguousarray(pixels[cuts[edge]]))
    result, report = swap_photo(stages, sitters["a_2"], target, WHOLE)
    assert report.similarity_after is not None
    assert report.similarity_before is not None
    assert report.similarity_after > report.similarity_before + 0.2
    off = np.abs(pixels_of(result).astype(int) - pixels_of(target))
    assert off.mean() > 1


def test_a_tiny_face_is_swapped_or_refused_by_name(
    stages: Stages, photos: Mapping[str, Photo], sitters: Mapping[str, Sitter]
) -> None:
    swapped = []
    for width in (24, 40, 64, 96):
        pixels = pixels_of(photos["b_1"])
        size = (width * 3, round(width * 3 * pixels.shape[0] / pixels.shape[1]))
        small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        try:
            result, _ = swap_photo(stages, sitters["a_2"], Photo(small), WHOLE)
        except NoFaceError:
            continue
        assert np.isfinite(result.pixels).all()
        assert changed(Photo(small), result).any()
        swapped.append(width)
    assert {64, 96} <= set(swapped)


def test_a_huge_face_is_swapped_in_bounded_memory(
    stages: Stages, photos: Mapping[str, Photo], sitters: Mapping[str, Sitter]
) -> None:
    (face,) = stages.faces(photos["b_1"].canvas)
    (left, top), (right, bottom) = face.points.min(axis=0), face.points.max(axis=0)
    part = pixels_of(photos["b_1"])[
        int(top - 120) : int(bottom + 90), int(left - 90) : int(right + 90)
    ]
    scale = 6000 / (bottom - top)
    size = (round(part.shape[1] * scale), round(part.shape[0] * scale))
    large = Photo(np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_CUBIC), np.uint8))
    small = Photo(np.ascontiguousarray(part))
    tracemalloc.start()
    result, report = swap_photo(stages, sitters["a_2"], large, WHOLE)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The copy that is returned, the cut-out, the change and their sums, all of 8 or 16 bits.
    assert peak < 12 * large.pixels.nbytes
    _, plain = swap_photo(stages, sitters["a_2"], small, WHOLE)
    assert report.similarity_after is not None
    assert plain.similarity_after is not None
    assert report.similarity_after == pytest.approx(plain.similarity_after, abs=0.06)
    # What was not changed is bit for bit the original, though the work was done smaller.
    off = changed(large, result)
    assert 0.1 < off.mean() < 0.9


def test_two_photos_of_a_source_are_at_least_as_good_as_the_worse_one(
    stages: Stages, photos: Mapping[str, Photo], sitters: Mapping[str, Sitter]
) -> None:
    both = read_source(stages, [photos["b_1"], photos["b_2"]])
    figures = []
    for sitter in (both, sitters["b_1"], sitters["b_2"]):
        result, _ = swap_photo(stages, sitter, photos["a_2"], WHOLE)
        (face,) = stages.faces(result.canvas)
        found = stages.embedding(result.canvas, face)
        figures.append(similarity(found, both.embedding))
    assert figures[0] > min(figures[1:]) - 0.02


def test_the_teeth_are_the_targets_own(
    stages: Stages, photos: Mapping[str, Photo], sitters: Mapping[str, Sitter]
) -> None:
    # The inside of a mouth is not the source's: what shows there is what the target had there.
    result, _ = swap_photo(stages, sitters["c_1"], photos["b_1"], WHOLE)
    before, after = (stages.faces(photo.canvas)[0] for photo in (photos["b_1"], result))
    mask = np.zeros(photos["b_1"].pixels.shape[:2], np.uint8)
    inner = np.rint(before.points[INNER_LIPS]).astype(np.int32)
    cv2.fillPoly(mask, [inner], 1)
    within: Any = cv2.erode(mask, np.ones((7, 7), np.uint8))
    move = (after.points[INNER_LIPS] - before.points[INNER_LIPS]).mean(axis=0)
    shift = np.array([[1, 0, -move[0]], [0, 1, -move[1]]], np.float32)
    back: Any = cv2.warpAffine(pixels_of(result), shift, mask.shape[::-1])
    off = np.abs(back.astype(int) - pixels_of(photos["b_1"]))[within > 0]
    assert np.median(off) < 12

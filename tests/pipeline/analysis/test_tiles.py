"""Large pictures are searched in tiles: every face is whole in one, found once, and is a face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import pytest

from appliance.pipeline.analysis.tiles import (
    GROWTH,
    PHOTO_TILE,
    SMALLEST_FACE,
    Level,
    joined,
    placed,
    tiles,
)
from appliance.pipeline.face_model.face import Detection
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.canvas import Box, Canvas
from appliance.pipeline.media.photo.decode import Photo
from tests.pipeline.pictures import pixels_of

# Of the widths of the portraits, and the height over the width, of a face with its surroundings.
SHARE, TALL = 0.4, 1.6


def blank(width: int, height: int) -> Canvas:
    return Photo(np.zeros((height, width, 3), np.uint8)).canvas


def found(x: float, y: float, side: float, score: float = 0.9) -> Detection:
    box = np.array([x, y, side, side], np.float32)
    return Detection(box, np.zeros((5, 2), np.float32), score)


def crowd(photos: Mapping[str, Photo], size: tuple[int, int], count: int, width: float) -> Image:
    """``count`` faces, ``width`` pixels wide, in two rows of a grey picture."""
    picture = np.full((size[1], size[0], 3), 150, np.uint8)
    some = [pixels_of(photos[name]) for name in ("a_2", "b_1", "c_1", "d_1")]
    for index in range(count):
        pixels = some[index % len(some)]
        scale = width / (SHARE * pixels.shape[1])
        small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        column, row = divmod(index, 2)
        x, y = round(column * 2 * size[0] / count) + 5, round((0.1 + 0.5 * row) * size[1])
        picture[y : y + small.shape[0], x : x + small.shape[1]] = small
    return picture


@pytest.mark.parametrize(
    ("width", "height"), [(1300, 900), (6000, 4000), (20000, 1200), (1200, 20000), (4096, 2160)]
)
def test_tiles_cover_the_picture_and_a_face_of_any_size_is_whole_in_a_view(
    width: int, height: int
) -> None:
    views = [*tiles(blank(width, height), PHOTO_TILE), Box(0, 0, width, height)]
    rng = np.random.default_rng(0)
    for _ in range(300):
        side = SMALLEST_FACE * (min(width, height) / SMALLEST_FACE / TALL) ** rng.random()
        face_width, face_height = side, TALL * side
        x, y = rng.random() * (width - face_width), rng.random() * (height - face_height)
        # In one of them it is whole, and as large as a detector needs it.
        assert any(
            view.x <= x
            and view.y <= y
            and x + face_width <= view.x + view.w
            and y + face_height <= view.y + view.h
            and side >= 0.99 * SMALLEST_FACE * max(view.w, view.h) / PHOTO_TILE
            for view in views
        )


def test_small_pictures_and_bare_lines_have_no_tiles() -> None:
    assert tiles(blank(PHOTO_TILE, 700), PHOTO_TILE) == ()
    assert tiles(blank(8000, 20), PHOTO_TILE) == ()
    assert len(tiles(blank(PHOTO_TILE + 1, 700), PHOTO_TILE)) == 2


def test_tiles_of_two_sizes_come_the_largest_first() -> None:
    sides = [max(box.w, box.h) for box in tiles(blank(9000, 6000), PHOTO_TILE)]
    assert sides == sorted(sides, reverse=True)
    assert {*sides} == {PHOTO_TILE, GROWTH * PHOTO_TILE}


def test_what_a_border_within_the_picture_cuts_off_does_not_count() -> None:
    canvas = blank(3000, 1000)
    inner = Box(1000, 0, 1280, 1000)
    whole, left, right, top = (
        found(90, 90, 50),
        found(0, 90, 50),
        found(1240, 90, 60),
        found(9, 0, 9),
    )
    (one, other) = placed([whole, left, right, top], inner, canvas)
    assert one.box.tolist() == [1090, 90, 50, 50]
    assert other.box.tolist() == [1009, 0, 9, 9]  # the picture ends there as well
    assert len(placed([left], Box(0, 0, 1280, 1000), canvas)) == 1


def test_a_face_that_two_views_show_is_taken_once_from_the_better_one() -> None:
    def taken(whole: Sequence[Detection], near: Sequence[Detection]) -> list[float]:
        levels = [Level(8 * PHOTO_TILE, whole), Level(PHOTO_TILE, near)]
        return [float(one.box[0]) for one in joined(levels)]

    large, small = 10 * SMALLEST_FACE, 4 * SMALLEST_FACE
    assert taken([found(0, 0, large)], [found(5, 5, large)]) == [0]
    assert taken([found(0, 0, small)], [found(5, 5, small)]) == [5]
    assert taken([found(0, 0, large)], [found(100, 200, 60)]) == [0]  # a part of it
    assert taken([found(0, 0, small)], []) == [0]
    assert taken([found(0, 0, large)], [found(900, 0, 60)]) == [0, 900]


@pytest.mark.parametrize(
    ("size", "count", "width"),
    [((4000, 2600), 16, 45), ((9000, 400), 8, 44), ((400, 7200), 16, 44)],
    ids=["class", "panorama", "strip"],
)
def test_every_face_of_a_large_picture_is_found_once(
    size: tuple[int, int],
    count: int,
    width: float,
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
) -> None:
    if size[1] > size[0]:
        parts = np.hsplit(crowd(photos, (8 * size[0], size[1] // 8), count, width), 8)
        picture = np.ascontiguousarray(np.vstack(parts))
    else:
        picture = crowd(photos, size, count, width)
    canvas = Photo(picture).canvas
    alone = pipeline.analyser.find(canvas, small=False)
    assert not alone.is_complete
    assert len(alone.pairs) < count
    search = pipeline.analyser.find(canvas)
    assert search.is_complete
    assert (len(search.pairs), search.unclear) == (count, 0)


def test_a_large_face_stays_as_the_whole_picture_shows_it(
    pipeline: Pipeline, photos: Mapping[str, Photo]
) -> None:
    pixels = pixels_of(photos["e_1"])  # of which a tile alone takes a bit of cloth for a face
    large = np.asarray(cv2.resize(pixels, (4000, 4000), interpolation=cv2.INTER_CUBIC), np.uint8)
    canvas = Photo(large).canvas
    (alone,) = pipeline.analyser.find(canvas, small=False).faces
    (face,) = pipeline.analyser.find(canvas).faces
    np.testing.assert_array_equal(face.mesh, alone.mesh)

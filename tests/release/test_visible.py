from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from appliance.errors import ReleaseError
from appliance.pipeline.media.photo.photo import Photo
from appliance.release.labels.visible import LINES, draw_label, labelled, plate
from tests.release.signed import clear_photo, deep_photo, photo

SIZES = [(200, 240), (512, 512), (640, 480), (1080, 1920), (4000, 6000)]


@pytest.mark.parametrize("size", SIZES)
def test_each_line_is_at_least_5_percent_of_the_shorter_side(size: tuple[int, int]) -> None:
    inked = (plate("label", *size).ink > 127).any(axis=1).astype(int)
    edges = np.flatnonzero(np.diff(inked))
    heights = edges[1::2] - edges[::2]
    assert len(heights) == len(LINES["label"])
    assert heights.min() >= 0.05 * min(size)


@pytest.mark.parametrize("size", SIZES)
def test_each_character_is_at_least_5_percent_of_the_shorter_side(size: tuple[int, int]) -> None:
    """Characters stand apart: each run of inked columns of a line is one, or a part of one."""
    ink = plate("label", *size).ink > 127
    rows = ink.any(axis=1).astype(int)
    (top, *_), (bottom, *_) = (np.flatnonzero(np.diff(rows) == way) for way in (1, -1))
    latin = ink[top + 1 : bottom + 1]
    columns = np.flatnonzero(np.diff(np.pad(latin.any(axis=0).astype(int), 1)))
    assert len(columns) // 2 == len("AIMODIFIED")
    for left, right in zip(columns[::2], columns[1::2], strict=True):
        assert latin[:, left:right].any(axis=1).sum() >= 0.05 * min(size)


@pytest.mark.parametrize("size", SIZES)
def test_it_takes_a_corner_and_no_more(size: tuple[int, int]) -> None:
    label = plate("label", *size)
    box = label.place
    assert (box.x, box.y) == (0, 0)
    assert box.w <= 0.4 * min(size)
    assert box.h <= 0.17 * min(size)


def test_it_covers_a_corner_and_nothing_else() -> None:
    before = photo()
    after = labelled(before)
    columns, rows = plate("label", *before.displayed_size).size
    changed = (after.pixels != before.pixels).any(axis=2)
    assert changed[:rows, :columns].mean() > 0.9
    assert not changed[rows:].any()
    assert not changed[:, columns:].any()


@pytest.mark.parametrize("ground", [0, 128, 255])
def test_letters_stand_out_from_any_ground(ground: int) -> None:
    """By the contrast of WCAG 2.2, 1.4.3, which asks for 4.5 : 1."""
    plain = Photo(np.full((400, 600, 3), ground, np.uint8))
    label = plate("label", 600, 400)
    shown = labelled(plain).pixels[: label.ink.shape[0], : label.ink.shape[1]]
    light, dark = ((shown[label.ink == ink].mean() / 255) ** 2.2 for ink in (255, 0))
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_depth_and_transparency_stay_and_the_label_is_opaque() -> None:
    deep, clear = labelled(deep_photo()), labelled(clear_photo())
    assert deep.pixels.dtype == np.uint16
    assert deep.pixels[:60, :100].max() == 65535
    assert (deep.pixels[-100:] == deep_photo().pixels[-100:]).all()
    assert clear.alpha is not None
    assert (clear.alpha[:10, :10] == 255).all()
    assert clear.alpha[-1, 0] == 100
    assert clear.alpha[-1, -1] == 100


def test_pixels_that_are_not_square_show_it_in_its_proportions() -> None:
    wide = replace(photo(), pixel_aspect=Fraction(2))
    shown = plate("label", *wide.displayed_size)
    columns = (labelled(wide).pixels != wide.pixels).any(axis=(0, 2)).nonzero()[0].max() + 1
    assert columns == pytest.approx(shown.size[0] / 2, abs=3)


def test_the_corner_mark_is_a_small_part_of_the_label() -> None:
    mark, label = plate("corner mark", 1920, 1080), plate("label", 1920, 1080)
    assert mark.ink.size < 0.2 * label.ink.size
    assert (mark.ink > 127).any(axis=1).sum() >= 0.05 * 1080


def test_letters_are_no_brighter_than_asked_for() -> None:
    shown = Photo(np.full((400, 600, 3), 60, np.uint8))
    box = draw_label(shown.canvas, "label", 148)
    assert shown.pixels[: box.h, : box.w].max() == 148


def test_a_picture_too_small_for_it_is_refused() -> None:
    small = replace(photo(), pixels=np.zeros((60, 60, 3), np.uint8))
    with pytest.raises(ReleaseError, match="too small"):
        labelled(small)

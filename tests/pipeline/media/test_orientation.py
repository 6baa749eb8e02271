from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from appliance.pipeline.media.canvas import Box
from appliance.pipeline.media.orientation import UPRIGHT, from_display_matrix, from_exif

GRID = np.arange(6 * 4, dtype=np.uint8).reshape(4, 6)


@pytest.mark.parametrize("value", range(1, 9))
def test_exif_orientations_agree_with_pillow(value: int) -> None:
    image = Image.fromarray(GRID)
    image.getexif()[274] = value
    turned = ImageOps.exif_transpose(image)
    turn = from_exif(value)
    assert np.array_equal(turn.upright(GRID), np.asarray(turned))
    assert np.array_equal(turn.stored(turn.upright(GRID)), GRID)


@pytest.mark.parametrize("value", range(1, 9))
def test_a_box_turns_as_its_pixels_do(value: int) -> None:
    turn = from_exif(value)
    upright = turn.upright(GRID)
    height, width = upright.shape
    box = Box(1, 1, 2, 3) if height > 4 else Box(1, 1, 3, 2)
    x, y, w, h = turn.stored_box(box, width, height)
    seen = turn.upright(GRID[y : y + h, x : x + w])
    assert np.array_equal(seen, upright[box.y : box.y + box.h, box.x : box.x + box.w])


@pytest.mark.parametrize(
    ("exif", "clockwise", "mirrored"),
    [
        (1, 0, False),
        (2, 0, True),
        (3, 180, False),
        (4, 180, True),
        (5, 270, True),
        (6, 90, False),
        (7, 90, True),
        (8, 270, False),
    ],
)
def test_a_turn_in_degrees_and_mirroring(exif: int, clockwise: int, mirrored: bool) -> None:
    turn = from_exif(exif)
    assert (turn.clockwise, turn.is_mirrored) == (clockwise, mirrored)
    mirrored_first = GRID[:, ::-1] if turn.is_mirrored else GRID
    assert np.array_equal(turn.upright(GRID), np.rot90(mirrored_first, -turn.clockwise // 90))


@pytest.mark.parametrize("value", [0, 9, "6", None])
def test_an_invalid_value_counts_as_upright(value: object) -> None:
    assert from_exif(value) is UPRIGHT


def test_a_matrix_that_is_not_a_quarter_turn_counts_as_upright() -> None:
    assert from_display_matrix([46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30]) is UPRIGHT


def test_a_telephone_held_upright_is_turned_clockwise() -> None:
    """The matrix that telephones write for portrait: a=0 b=1 c=-1 d=0."""
    turn = from_display_matrix([0, 65536, 0, -65536, 0, 0, 1080 << 16, 0, 1 << 30])
    assert (turn.clockwise, turn.is_mirrored) == (90, False)

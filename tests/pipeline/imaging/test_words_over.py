"""Words over a picture: no part of it is free of them, and the rest of it stays."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.pipeline.imaging.words_over import LEAST, WordsOver

OVER = WordsOver(("NOT RELEASED", "未放行"), ("view-latin.ttf", "view.ttf"))


def ink(width: int, height: int) -> NDArray[np.uint8]:
    """How much ink each pixel of a picture has."""
    drawn = np.zeros((height, width), np.uint8)
    for line in OVER.lines(width, height):
        drawn[line.top : line.top + line.ink.shape[0]] = line.ink
    return drawn


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (720, 1280), (256, 192), (3000, 4000)])
def test_no_part_of_a_picture_is_without_words(width: int, height: int) -> None:
    letter = max(LEAST, round(0.02 * min(width, height)))
    drawn = ink(width, height) > 127
    rows = np.flatnonzero(drawn.any(axis=1))
    assert np.diff(rows).max() <= 5 * letter
    assert rows[0] <= 5 * letter
    assert height - rows[-1] <= 7 * letter
    for left in range(0, width - 4 * letter, 4 * letter):
        assert drawn[:, left : left + 4 * letter].any()


@pytest.mark.parametrize(("width", "height"), [(64, 64), (64, 9), (9, 64), (1, 1)])
def test_a_small_picture_has_a_line_as_well(width: int, height: int) -> None:
    lines = list(OVER.lines(width, height))
    assert lines
    for line in lines:
        assert line.top >= 0
        assert line.ink.shape[1] == width
        assert line.top + line.ink.shape[0] <= height


@pytest.mark.parametrize("ground", [0, 60, 200, 255])
def test_letters_are_seen_on_any_ground(ground: int) -> None:
    for line in OVER.lines(320, 240):
        rgb = np.full((*line.ink.shape, 3), ground, np.uint8)
        change = np.abs(line.over(rgb).astype(int) - rgb)
        assert (change[line.ink == 255] >= 55).all()
        assert not change[line.ink == 0].any()

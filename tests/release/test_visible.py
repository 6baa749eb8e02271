from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from appliance.errors import ReleaseError
from appliance.release.labels.visible import WORDS, labelled, plate
from tests.release.signed import clear_photo, deep_photo, photo


@pytest.mark.parametrize("size", [(200, 240), (640, 480), (1080, 1920), (4000, 3000)])
def test_each_letter_is_at_least_5_percent_of_the_shorter_side(size: tuple[int, int]) -> None:
    label = plate(*size)
    inked = (label > 127).any(axis=1).astype(int)
    edges = np.flatnonzero(np.diff(inked))
    heights = edges[1::2] - edges[::2]
    assert len(heights) == len(WORDS)
    assert heights.min() >= 0.05 * min(size) - 1


def test_it_covers_a_corner_and_nothing_else() -> None:
    before = photo()
    after = labelled(before)
    rows, columns = plate(*before.displayed_size).shape
    changed = (after.pixels != before.pixels).any(axis=2)
    assert changed[:rows, :columns].mean() > 0.9
    assert not changed[rows:].any()
    assert not changed[:, columns:].any()


def test_depth_and_transparency_stay_and_the_label_is_opaque() -> None:
    deep, clear = labelled(deep_photo()), labelled(clear_photo())
    assert deep.pixels.dtype == np.uint16
    assert deep.pixels[:20, :100].max() == 65535
    assert clear.alpha is not None
    assert (clear.alpha[:10, :10] == 255).all()
    assert clear.alpha[-1, -1] == 100


def test_pixels_that_are_not_square_show_it_in_its_proportions() -> None:
    wide = replace(photo(), pixel_aspect=Fraction(2))
    shown = plate(*wide.displayed_size)
    columns = (labelled(wide).pixels != wide.pixels).any(axis=(0, 2)).nonzero()[0].max() + 1
    assert columns == pytest.approx(shown.shape[1] / 2, abs=2)


def test_a_picture_too_small_for_it_is_refused() -> None:
    small = replace(photo(), pixels=np.zeros((60, 60, 3), np.uint8))
    with pytest.raises(ReleaseError, match="too small"):
        labelled(small)

from __future__ import annotations

import numpy as np
import pytest

from appliance.cli.drawing.displacement import arrow_field, exaggeration
from appliance.cli.drawing.measured_lines import AFTER, BEFORE, measured_lines
from appliance.cli.drawing.overlay import faded
from appliance.cli.drawing.sheet import ACCENT
from appliance.pipeline.imaging.types import Float, Image

# A square that faces the camera, as two triangles of negative area, and one that faces away.
MESH = np.array([[50, 50, 0], [150, 50, 0], [150, 150, 0], [50, 150, 0]], np.float32)
TOWARDS, AWAY = np.array([[0, 2, 1], [0, 3, 2]], np.int32), np.array([[0, 1, 2]], np.int32)


def plain() -> Image:
    return np.full((200, 200, 3), (150, 120, 100), np.uint8)


def moved(by: Float) -> Float:
    return np.asarray(MESH + by, np.float32)


def test_where_nothing_moves_no_arrow_stands() -> None:
    drawn = arrow_field(plain(), MESH, MESH, TOWARDS, 0.5)
    assert np.array_equal(drawn, faded(plain()))


def test_arrows_stand_where_the_face_is_seen_and_moves() -> None:
    after = moved(np.array([3, 0, 0], np.float32))
    drawn = arrow_field(plain(), MESH, after, TOWARDS, 0.5)
    changed = (drawn != faded(plain())).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert rows.min() >= 40
    assert rows.max() <= 160
    assert columns.max() > columns.min() + 90
    assert (np.abs(drawn.astype(int) - ACCENT).max(axis=2) < 80).sum() > 200
    assert np.array_equal(arrow_field(plain(), MESH, after, AWAY, 0.5), faded(plain()))


def test_less_than_a_seventh_of_a_millimetre_gets_no_arrow() -> None:
    after = moved(np.array([3, 0, 0], np.float32))
    drawn = arrow_field(plain(), MESH, after, TOWARDS, 0.04)
    assert np.array_equal(drawn, faded(plain()))


@pytest.mark.parametrize(("way", "times"), [(0.1, 20), (2.0, 5), (4.0, 3), (13.0, 1), (50.0, 1)])
def test_arrows_are_exaggerated_as_far_as_they_fit(way: float, times: int) -> None:
    after = moved(np.array([0, way, 0], np.float32))
    assert exaggeration(MESH, after, 200) == times


def test_lines_before_and_after_have_colours_of_their_own() -> None:
    before = [np.array([[20, 20], [180, 20]], np.float32)]
    after = [np.array([[20, 120], [180, 120]], np.float32)]
    drawn = measured_lines(plain(), before, after)
    assert drawn[20, 100].tolist() == pytest.approx(BEFORE, abs=20)
    assert drawn[120, 100].tolist() == pytest.approx(AFTER, abs=20)
    assert np.array_equal(measured_lines(plain(), []), plain())
    assert np.array_equal(plain()[70:90], drawn[70:90])

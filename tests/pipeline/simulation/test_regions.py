"""Regions of all modes, as they are asked for together."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.errors import HandleError
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.media.photo.canvas import PhotoCanvas
from appliance.pipeline.simulation.drawn_region import DrawnRegion
from appliance.pipeline.simulation.regions import RegionChanger
from tests.pipeline.simulation.views import SIZE, view_of


def cheek(canonical: Canonical, width: float) -> list[tuple[float, float]]:
    """A square on the subject's right cheek, around the mesh point that marks it, of pixels."""
    x, y = view_of(canonical, 0.0).mesh[50, :2].tolist()
    half = width / 2
    return [(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)]


def test_lines_and_regions_are_painted_and_shapes_moved(canonical: Canonical) -> None:
    random = np.random.default_rng(5)
    photo = random.integers(110, 140, (SIZE[1], SIZE[0], 3)).astype(np.uint8)
    view, changer = view_of(canonical, 0.0), RegionChanger(canonical)
    corners = cheek(canonical, 8 / view.scale.mm)
    painted = photo.copy()
    skin = [DrawnRegion("region", corners)]
    assert changer.change(PhotoCanvas(painted), view, skin) is None
    changed = (painted != photo).any(axis=2)
    assert 0 < changed.sum() <= (8 / view.scale.mm + 2) ** 2
    untouched = photo.copy()
    shapes = [DrawnRegion("shape", corners), DrawnRegion("mean", corners)]
    move = changer.change(PhotoCanvas(untouched), view, shapes)
    assert move is not None
    assert move.shape == (478, 3)
    assert (untouched == photo).all()


def test_two_regions_at_one_place_move_it_once(canonical: Canonical) -> None:
    photo = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    view, changer = view_of(canonical, 0.0), RegionChanger(canonical)
    view.shape[50, 2] += 4  # a swelling
    one = DrawnRegion("shape", cheek(canonical, 10 / view.scale.mm))
    once = changer.change(PhotoCanvas(photo), view, [one])
    twice = changer.change(PhotoCanvas(photo), view, [one, one])
    assert once is not None
    assert once[50, 2] < -1
    np.testing.assert_array_equal(once, twice)


def test_a_region_that_would_look_wrong_is_refused(canonical: Canonical) -> None:
    photo = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    view, changer = view_of(canonical, 0.0), RegionChanger(canonical)
    wide = DrawnRegion("line", cheek(canonical, 12 / view.scale.mm))
    with pytest.raises(HandleError, match="too much for a line"):
        changer.change(PhotoCanvas(photo), view, [wide])

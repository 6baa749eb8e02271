"""A region brought to the mean shape of faces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from appliance.errors import HandleError
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.topology import (
    INNER_LIPS,
    LEFT_EYE,
    OUTER_LIPS,
    RIGHT_EYE,
    indices,
)
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.simulation.drawn_region import Outline
from appliance.pipeline.simulation.mean_shape import SETTLE, MeanShape
from appliance.pipeline.simulation.surface import Surface
from appliance.pipeline.simulation.view import View
from tests.pipeline.simulation.views import SIZE, view_of

TIP = 4
NOSE = indices("4 1 5 195")


@pytest.fixture(scope="module")
def mean(canonical: Canonical) -> MeanShape:
    return MeanShape(canonical)


def square(view: View, middle: int, half: float) -> Outline:
    x, y = view.mesh[middle, :2].tolist()
    return [(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)]


def displaced(view: View, move: Float) -> View:
    return replace(view, mesh=view.moved(move), shape=view.shape + move)


def test_a_nose_that_was_pushed_aside_comes_back(mean: MeanShape, canonical: Canonical) -> None:
    healthy = view_of(canonical)
    away = Surface(canonical).distance(NOSE)
    injury = np.zeros_like(healthy.shape)
    injury[:, 0] = 6 * np.exp(-0.5 * (away / 8) ** 2)
    view = displaced(healthy, injury)
    move = mean.move(view, square(view, TIP, 60), SIZE)
    assert np.abs(move + injury)[NOSE].max() < 0.5
    # Beyond the region and its surroundings nothing moves.
    inside = np.abs(view.mesh[:, :2] - view.mesh[TIP, :2]).max(axis=1) <= 60
    far = Surface(canonical).distance(np.flatnonzero(inside)) > SETTLE
    assert far.any()
    assert not move[far].any()


def test_the_mean_is_as_large_as_the_face_and_lies_as_it_does(
    mean: MeanShape, canonical: Canonical
) -> None:
    view = view_of(canonical)
    turn = np.array([[0.98, -0.199, 0], [0.199, 0.98, 0], [0, 0, 1]], np.float32)
    shape = np.asarray(1.1 * view.shape @ turn.T + np.array([3, -2, 1]), np.float32)
    move = mean.move(replace(view, shape=shape), square(view, TIP, 30), SIZE)
    assert np.abs(move).max() < 0.05


@pytest.mark.parametrize(
    ("middle", "half", "says"),
    [(TIP, 200, "most of the face"), (TIP, 400, "outside the picture"), (10, 1, "too small")],
)
def test_regions_that_cannot_be_are_refused(
    mean: MeanShape, canonical: Canonical, middle: int, half: float, says: str
) -> None:
    view = view_of(canonical)
    outline = square(view, middle, half)
    if says == "too small":
        outline = [(x + 5, y + 5) for x, y in outline]
    with pytest.raises(HandleError, match=says):
        mean.move(view, outline, SIZE)


def test_lips_and_lids_stay(mean: MeanShape, canonical: Canonical) -> None:
    view = view_of(canonical)
    injury = np.random.default_rng(2).normal(0, 3, view.shape.shape).astype(np.float32)
    move = mean.move(displaced(view, injury), square(view, TIP, 45), SIZE)
    assert np.abs(move[NOSE]).max() > 1
    for ring in (OUTER_LIPS, INNER_LIPS, RIGHT_EYE, LEFT_EYE):
        assert not move[ring].any()
    with pytest.raises(HandleError, match="an eye or the mouth"):
        mean.move(view, square(view, 13, 12), SIZE)

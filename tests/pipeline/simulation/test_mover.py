"""Handles move what they are named after, by what was asked for."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.perspective_pose import MM
from appliance.pipeline.face_model.topology import RIGHT_EYE, RIGHT_IRIS, SKIN_POINTS
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.mover import HandleMover
from appliance.pipeline.simulation.surface import Surface
from appliance.policy.handles import HandleName

MIRROR = np.array([-1, 1, 1])
# Their value is the whole width or height, of which each side has half.
HALF = ("alar-width", "bridge-width", "chin-width", "jaw-width", "lip-height")
SIDEWAYS = ("nose-deviation",)


@pytest.fixture(scope="module")
def mover(canonical: Canonical) -> HandleMover:
    return HandleMover(canonical)


@pytest.fixture(scope="module")
def shape(canonical: Canonical) -> Float:
    return np.asarray(canonical.xyz * np.float32(MM))


def test_the_log_knows_every_handle() -> None:
    assert set(get_args(HandleName)) == {*HANDLES}


@pytest.mark.parametrize("name", [name for name, handle in HANDLES.items() if handle.unit == "mm"])
def test_it_moves_by_what_is_asked(mover: HandleMover, shape: Float, name: str) -> None:
    value = HANDLES[name].high
    longest = np.linalg.norm(mover.move(shape, {name: value}), axis=1).max()
    asked = value / 2 if name in HALF else value
    assert longest == pytest.approx(asked, rel=0.06)


@pytest.mark.parametrize("name", [name for name in HANDLES if name not in SIDEWAYS])
def test_both_halves_move_alike(
    canonical: Canonical, mover: HandleMover, shape: Float, name: str
) -> None:
    move = mover.move(shape, {name: HANDLES[name].high})[:SKIN_POINTS]
    mirrored = move[canonical.mirror[:SKIN_POINTS]] * MIRROR
    np.testing.assert_allclose(move, mirrored, atol=0.25)


def test_a_turn_is_one(mover: HandleMover, shape: Float) -> None:
    pivot = shape[[64, 294]].mean(axis=0) + np.array([0, 1, 0])
    before = shape[4] - pivot
    after = before + mover.move(shape, {"tip-rotation": 10})[4]
    angles = [np.degrees(np.arctan2(arm[1], arm[2])) for arm in (before, after)]
    assert angles[1] - angles[0] == pytest.approx(10, abs=0.5)
    assert np.linalg.norm(after) == pytest.approx(np.linalg.norm(before), rel=0.01)


def test_irises_go_with_their_lids(mover: HandleMover, shape: Float) -> None:
    move = mover.move(shape, {"lid-openness": 1.5, "brow-height": 3})
    np.testing.assert_allclose(move[RIGHT_IRIS], move[RIGHT_EYE].mean(axis=0), atol=1e-4)


def test_an_even_face_is_left_by_symmetry(canonical: Canonical, mover: HandleMover) -> None:
    crooked = np.asarray(canonical.xyz * np.float32(MM))
    crooked[:, 0] += 0.02 * crooked[:, 1]  # leans to one side
    move = mover.move(crooked, {"symmetry": 100})
    left = crooked + move
    even = left[canonical.mirror[:SKIN_POINTS]] * MIRROR
    gap = left[:SKIN_POINTS] - even
    assert np.abs(gap - gap.mean(axis=0)).max() < 0.3
    assert np.abs(move).max() > 0.5


def test_distance_runs_along_the_surface(canonical: Canonical) -> None:
    surface = Surface(canonical)
    distance = surface.distance(np.array([4]))
    straight = np.linalg.norm(surface.points - surface.points[4], axis=1)
    assert (distance[:SKIN_POINTS] >= straight[:SKIN_POINTS] - 1e-3).all()
    # From the tip over the wing to the cheek is longer than straight through.
    assert distance[205] > 1.05 * straight[205]
    assert distance[4] == 0


@pytest.mark.parametrize("value", [-3, 4])
def test_hair_of_a_brow_moves_as_one(mover: HandleMover, shape: Float, value: float) -> None:
    move = mover.move(shape, {"brow-height": value})[:, 1]
    upper, lower = move[[63, 105, 66]], move[[224, 223, 222]]
    assert np.abs(upper - lower).max() < 0.3 * abs(value)  # of the 14 mm between them
    assert np.abs(move[[27, 28, 29]]).max() < 0.6 * abs(value)


def test_ears_stay_beside_a_narrower_jaw(mover: HandleMover, shape: Float) -> None:
    move = np.linalg.norm(mover.move(shape, {"jaw-width": -10}), axis=1)
    assert move[[234, 93, 132]].max() < 0.5
    assert move[58] > 4

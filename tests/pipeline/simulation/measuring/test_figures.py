from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.pipeline.simulation.measuring.figures import (
    CANTHI,
    Angle,
    BeforeLine,
    Convexity,
    Distance,
    Height,
    OffMidline,
    Places,
    Ratio,
    Unevenness,
    Width,
)


def at(**places: tuple[float, float]) -> Places:
    named = {name.replace("_", " "): np.array(place, float) for name, place in places.items()}
    canthi = dict(zip(CANTHI, ((-45, 0), (-15, 0), (15, 0), (45, 0)), strict=True))
    return {name: np.array(place, float) for name, place in canthi.items()} | named


def turned(places: Places, degrees: float) -> Places:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return {name: np.array([[cos, -sin], [sin, cos]]) @ place for name, place in places.items()}


@given(st.floats(1, 179), st.floats(-180, 180))
def test_an_angle_is_the_one_between_its_arms(degrees: float, turn: float) -> None:
    arm = (10 * np.cos(np.radians(degrees)), 10 * np.sin(np.radians(degrees)))
    places = turned(at(a=(25, 0), b=(0, 0), c=arm), turn)
    assert Angle("a", "b", "c").value(places) == pytest.approx(degrees)


def test_a_convex_profile_bends_forward_and_a_concave_one_back() -> None:
    figure = Convexity("a", "b", "c")
    assert figure.value(at(a=(0, -50), b=(0, 0), c=(0, 60))) == pytest.approx(0)
    behind = (-60 * np.sin(np.radians(12)), 60 * np.cos(np.radians(12)))
    assert figure.value(at(a=(0, -50), b=(0, 0), c=behind)) == pytest.approx(12)
    assert figure.value(at(a=(0, -50), b=(0, 0), c=(-behind[0], behind[1]))) == pytest.approx(-12)


def test_a_lip_before_the_line_counts_positive() -> None:
    figure = BeforeLine("lip", "tip", "chin")
    places = at(tip=(20, 0), chin=(0, 60), lip=(10, 30))
    assert figure.value(places) == pytest.approx(0)
    assert figure.value({**places, "lip": np.array([14.0, 30])}) > 0
    assert figure.value({**places, "lip": np.array([6.0, 30])}) < 0
    assert figure.value(at(tip=(5, 0), chin=(5, 60), lip=(2, 30))) == pytest.approx(-3)


@given(st.floats(-40, 40))
def test_distances_along_and_across_the_midline_turn_with_the_face(turn: float) -> None:
    places = turned(at(a=(-3, 10), b=(7, 34)), turn)
    assert Height("a", "b").value(places) == pytest.approx(24)
    assert Width("a", "b").value(places) == pytest.approx(10)
    assert OffMidline("b").value(places) == pytest.approx(7)
    assert Distance("a", "b").value(places) == pytest.approx(26)


def test_unevenness_is_the_mean_distance_from_the_mirror_image() -> None:
    figure = Unevenness(("ear", "jaw"))
    even = at(right_ear=(-60, 10), left_ear=(60, 10), right_jaw=(-50, 70), left_jaw=(50, 70))
    assert figure.value(even) == pytest.approx(0, abs=1e-6)
    uneven = {**even, "left jaw": np.array([53.0, 74])}
    assert figure.value(uneven) == pytest.approx(2.5)
    assert figure.value(turned(uneven, 8)) == pytest.approx(2.5)


def test_a_ratio_has_no_sign() -> None:
    places = at(a=(0, 0), b=(0, 10), c=(-4, 5))
    figure = Ratio(BeforeLine("c", "a", "b"), Distance("a", "b"))
    assert figure.value(places) == pytest.approx(0.4)
    assert set(figure.landmarks) == {"a", "b", "c"}

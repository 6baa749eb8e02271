"""A handle is refused beyond its bounds, and left out where its result would not be honest."""

from __future__ import annotations

import pytest

from appliance.errors import HandleError
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.honesty import Given, check_bounds, honest_values, why_not


@pytest.mark.parametrize("name", [*HANDLES])
def test_bounds(name: str) -> None:
    handle = HANDLES[name]
    check_bounds({name: handle.low})
    check_bounds({name: handle.high})
    for beyond in (handle.low - 0.1, handle.high + 0.1, float("nan")):
        with pytest.raises(HandleError, match="beyond its bounds"):
            check_bounds({name: beyond})


def test_only_handles_that_exist() -> None:
    with pytest.raises(HandleError, match="no handle named"):
        check_bounds({"ears": 1.0})


def test_profile_handles_need_points() -> None:
    kept, reasons = honest_values({"tip-projection": 3, "alar-width": -2}, yaw=2)
    assert kept == {"alar-width": -2}
    assert "set by hand" in reasons["tip-projection"]
    assert why_not(HANDLES["tip-projection"], -40, Given(by_hand=frozenset({"nose"}))) is None
    assert why_not(HANDLES["tip-projection"], 2, Given(by_hand=frozenset({"nose"}))) is not None


def test_either_side_counts() -> None:
    assert why_not(HANDLES["cheek"], -25) is None
    assert why_not(HANDLES["cheek"], -35) is not None


def test_lips_of_an_open_mouth_are_left() -> None:
    assert why_not(HANDLES["lip-height"], 0, Given(0.02)) is None
    assert "mouth" in str(why_not(HANDLES["lip-height"], 0, Given(0.08)))
    assert why_not(HANDLES["chin-height"], 0, Given(0.08)) is None


def test_without_a_found_face_points_must_do_alone() -> None:
    points = Given(by_hand=frozenset({"nose", "face"}), network=False)
    assert why_not(HANDLES["hump"], 88, points) is None
    assert "no face found" in str(why_not(HANDLES["hump"], 20, points))
    assert "nowhere" in str(why_not(HANDLES["chin-projection"], 88, points))
    assert "set by hand" in str(why_not(HANDLES["hump"], 88, Given(network=False)))

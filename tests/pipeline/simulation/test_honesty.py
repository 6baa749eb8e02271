"""A handle is left out where its result would not be honest."""

from __future__ import annotations

from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.honesty import Given, honest_values, why_not


def test_profile_handles_need_points() -> None:
    kept, reasons = honest_values({"tip-projection": 3, "alar-width": -2}, yaw=2)
    assert kept == {"alar-width": -2}
    assert "set by hand" in reasons["tip-projection"].words
    assert why_not(HANDLES["tip-projection"], -40, Given(by_hand=frozenset({"nose"}))) is None
    assert why_not(HANDLES["tip-projection"], 2, Given(by_hand=frozenset({"nose"}))) is not None


def test_either_side_counts() -> None:
    assert why_not(HANDLES["cheek"], -25) is None
    assert why_not(HANDLES["cheek"], -35) is not None


def test_a_jaw_moves_too_far_where_its_outline_is_turned_away() -> None:
    """On rendered heads by an eighth: by the network at 40 degrees, by points alone at 60."""
    alone = Given(by_hand=frozenset({"face"}), network=False)
    assert why_not(HANDLES["jaw-width"], 20) is None
    assert why_not(HANDLES["jaw-width"], 40) is not None
    assert why_not(HANDLES["jaw-width"], 40, alone) is None
    assert why_not(HANDLES["jaw-width"], 60, alone) is not None


def test_lips_of_an_open_mouth_are_left() -> None:
    by_hand = frozenset({"face"})
    assert why_not(HANDLES["lip-height"], 0, Given(0.02, by_hand)) is None
    assert "mouth" in str(why_not(HANDLES["lip-height"], 0, Given(0.08, by_hand)))
    assert why_not(HANDLES["chin-height"], 0, Given(0.08)) is None


def test_without_a_found_face_points_must_do_alone() -> None:
    points = Given(by_hand=frozenset({"nose", "face"}), network=False)
    assert why_not(HANDLES["hump"], 88, points) is None
    assert "no face found" in str(why_not(HANDLES["hump"], 20, points))
    assert "nowhere" in str(why_not(HANDLES["chin-projection"], 88, points))
    assert "set by hand" in str(why_not(HANDLES["hump"], 88, Given(network=False)))

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.simulation.measuring.landmarks import LANDMARKS
from appliance.pipeline.simulation.measuring.measurer import (
    Measurement,
    Measurer,
    Reading,
    guides,
    paths,
)
from appliance.pipeline.simulation.measuring.measures import MEASURES
from appliance.pipeline.simulation.measuring.scatter import BY_HAND, SCATTER, SYMMETRICAL
from appliance.pipeline.simulation.mover import HandleMover
from appliance.pipeline.simulation.view import View
from tests.pipeline.simulation.views import PIXEL, view_of

Hand = Mapping[int, tuple[float, float]]


def readings(measurement: Measurement) -> dict[str, Reading]:
    return {one.name: one for one in measurement.readings}


def refusals(measurement: Measurement) -> dict[str, str]:
    return {one.name: one.reason for one in measurement.refusals}


def by_hand(view: View, *names: str) -> Hand:
    return {
        index: (float(view.mesh[index, 0]), float(view.mesh[index, 1]))
        for name, index in LANDMARKS.items()
        if not names or name in names
    }


def of_side(side: str) -> set[str]:
    return {one.name for one in MEASURES.values() if one.side == side}


def test_each_landmark_is_a_point_of_its_own_with_a_scatter() -> None:
    assert len(set(LANDMARKS.values())) == len(LANDMARKS)
    assert LANDMARKS.keys() == SCATTER.keys()
    for measure in MEASURES.values():
        assert {*measure.figure.landmarks} <= {*LANDMARKS, "near alare"}
        assert measure.source
        assert measure.definition


def test_what_a_front_shows_is_measured_and_the_rest_refused_with_its_reason(
    canonical: Canonical,
) -> None:
    found = Measurer().measure(view_of(canonical))
    assert found.side == "front"
    assert {*readings(found)} == of_side("front") - {"upper third"}
    reasons = refusals(found)
    assert {*reasons} == of_side("profile") | {"upper third"}
    assert "trichion" in reasons["upper third"]
    assert all("profile" in reasons[name] for name in of_side("profile"))


def test_the_hairline_is_measured_where_it_is_set_by_hand(canonical: Canonical) -> None:
    view = view_of(canonical)
    glabella, hairline = view.mesh[LANDMARKS["glabella"]], LANDMARKS["trichion"]
    points = {hairline: (float(glabella[0]), float(glabella[1]) - 60 / PIXEL)}
    found = readings(Measurer().measure(view, points))
    assert found["upper third"].before == pytest.approx(60, abs=0.05)


@pytest.mark.parametrize(("yaw", "pitch"), [(11, 0), (-40, 0), (74, 0), (0, 16)])
def test_between_front_and_profile_nothing_is_measured(
    canonical: Canonical, yaw: float, pitch: float
) -> None:
    view = view_of(canonical, yaw, pitch=pitch)
    found = Measurer().measure(view, by_hand(view))
    assert found.side is None
    assert not found.readings
    assert {*refusals(found)} == {*MEASURES}


@pytest.mark.parametrize("yaw", [80, -80])
def test_a_profile_is_measured_on_points_set_by_hand_alone(
    canonical: Canonical, yaw: float
) -> None:
    view = view_of(canonical, yaw)
    assert not Measurer().measure(view).readings
    few = by_hand(view, "glabella", "nasion", "subnasale", "pogonion")
    found = Measurer().measure(view, few)
    assert {*readings(found)} == {"facial convexity"}
    assert refusals(found)["nasofrontal angle"].endswith(": pronasale.")
    whole = Measurer().measure(view, by_hand(view))
    assert {*readings(whole)} == of_side("profile")
    assert all(reading.by_hand for reading in whole.readings)


@pytest.mark.parametrize("yaw", [90, -90])
@pytest.mark.parametrize("degrees", [75, 100, 130])
def test_known_angles_of_a_profile(canonical: Canonical, yaw: float, degrees: float) -> None:
    view = view_of(canonical, yaw)
    forward = np.sign(yaw)
    x, y = view.mesh[LANDMARKS["subnasale"], :2].tolist()
    way = np.radians(degrees)
    points = {
        **by_hand(view),
        LANDMARKS["subnasale"]: (x, y),
        LANDMARKS["labrale superius"]: (x, y + 30),
        LANDMARKS["columella"]: (x + forward * 20 * np.sin(way), y + 20 * np.cos(way)),
        LANDMARKS["glabella"]: (x, y - 120),
        LANDMARKS["pogonion"]: (x - forward * 100 * np.tan(np.radians(12)), y + 100),
    }
    found = readings(Measurer().measure(view, points))
    assert found["nasolabial angle"].before == pytest.approx(degrees, abs=1e-3)
    assert found["facial convexity"].before == pytest.approx(12, abs=1e-3)


def test_both_profiles_of_a_symmetrical_face_measure_alike(canonical: Canonical) -> None:
    both = []
    for yaw in (85, -85):
        view = view_of(canonical, yaw)
        found = Measurer().measure(view, by_hand(view))
        both.append({reading.name: reading.before for reading in found.readings})
    assert both[0] == pytest.approx(both[1], abs=0.02)
    assert 0.45 < both[0]["tip projection (Goode)"] < 0.7


def test_yaw_and_roll_of_a_front_are_taken_back(canonical: Canonical) -> None:
    straight = readings(Measurer().measure(view_of(canonical)))
    assert straight["tip off the midline"].before == pytest.approx(0, abs=0.05)
    assert straight["asymmetry"].before == pytest.approx(0, abs=0.1)
    for yaw, roll in ((8, 0), (-9, 0), (0, 20), (6, -12)):
        view = view_of(canonical, yaw, roll=roll)
        assert view.mesh[1, 0] != pytest.approx(view_of(canonical).mesh[1, 0], abs=5)
        turned = readings(Measurer().measure(view))
        for name, reading in straight.items():
            assert turned[name].before == pytest.approx(reading.before, abs=0.15), name


def test_the_error_joins_points_scale_and_pose(canonical: Canonical) -> None:
    exact, rough = (view_of(canonical, error=error) for error in (0.0, 0.1))
    found, worse = (readings(Measurer().measure(view)) for view in (exact, rough))
    width = found["alar width"]
    spread = np.hypot(SCATTER["right alare"], SCATTER["left alare"])
    assert width.repeatability == pytest.approx(spread, rel=1e-3)
    assert width.error >= width.repeatability
    share = worse["alar width"].error ** 2 - width.error**2
    assert share == pytest.approx((0.1 * width.before) ** 2, rel=1e-3)
    ratio = "lower to middle third"
    assert worse[ratio].error == pytest.approx(found[ratio].error, rel=1e-3)
    tip = found["tip off the midline"]
    assert tip.error > 1.3 * tip.repeatability  # a face turned by 2 degrees shifts the tip most
    points = by_hand(exact, "right alare", "left alare")
    clicked = readings(Measurer().measure(exact, points))["alar width"]
    assert clicked.repeatability == pytest.approx(np.sqrt(2) * BY_HAND, rel=1e-3)
    assert clicked.by_hand
    assert not width.by_hand


def test_after_a_simulation_the_same_points_are_measured_where_they_were_moved(
    canonical: Canonical,
) -> None:
    view = view_of(canonical, error=0.065)
    after = view.moved(HandleMover(canonical).move(view.shape, {"alar-width": -2.0}))
    plain = readings(Measurer().measure(view, after=after))
    corner = LANDMARKS["right alare"]
    clicked = {corner: (float(view.mesh[corner, 0]) - 6.0, float(view.mesh[corner, 1]) + 2.0)}
    moved = readings(Measurer().measure(view, clicked, after))
    for found in (plain, moved):
        width = found["alar width"]
        assert width.change == pytest.approx(-2, abs=0.05)
        assert width.change_error == pytest.approx(2 * 0.065, abs=0.05)
        assert width.change_error < 0.2 * width.error
        assert found["mouth width"].change == pytest.approx(0, abs=0.05)
    assert moved["alar width"].before > plain["alar width"].before + 2
    assert readings(Measurer().measure(view))["alar width"].change is None


def test_lines_run_through_the_points_and_the_midline_between_the_eyes(
    canonical: Canonical,
) -> None:
    view = view_of(canonical, roll=10)
    midline, width = paths(view, ("alar width",))
    pair = view.mesh[[LANDMARKS["right alare"], LANDMARKS["left alare"]], :2]
    assert width == pytest.approx(pair)
    nasion = view.mesh[LANDMARKS["nasion"], :2]
    way = midline[1] - midline[0]
    off = np.cross(np.append(way, 0), np.append(nasion - midline[0], 0))[2] / np.linalg.norm(way)
    assert off == pytest.approx(0, abs=0.5)
    clicked = {LANDMARKS["left alare"]: (300.0, 200.0)}
    (_, moved) = paths(view, ("alar width",), clicked)
    assert moved[1].tolist() == [300, 200]
    shifted = view.mesh + np.array([4, 0, 0], np.float32)
    (_, after) = paths(view, ("alar width",), clicked, shifted)
    assert after - moved == pytest.approx(np.array([[4, 0], [4, 0]]))


def test_a_profile_has_no_midline(canonical: Canonical) -> None:
    view = view_of(canonical, 85)
    lines = paths(view, ("facial convexity", "upper lip to E-line", "lower lip to E-line"))
    assert [line.shape for line in lines] == [(3, 2), (2, 2)]


@pytest.mark.parametrize("yaw", [0, 85])
def test_clicks_that_scatter_make_values_that_scatter_as_the_error_states(
    canonical: Canonical, yaw: float
) -> None:
    view = view_of(canonical, yaw)
    points = by_hand(view)
    random = np.random.default_rng(5)
    values: dict[str, list[float]] = {}
    for _ in range(150):
        off = random.normal(0, BY_HAND / PIXEL, (len(points), 2))
        clicked = {
            index: (x + float(dx), y + float(dy))
            for (index, (x, y)), (dx, dy) in zip(points.items(), off, strict=True)
        }
        for name, reading in readings(Measurer().measure(view, clicked)).items():
            values.setdefault(name, []).append(reading.before)
    for name, reading in readings(Measurer().measure(view, points)).items():
        if name != "asymmetry":  # a mean of lengths, which scatter about a symmetrical face's 0
            assert np.std(values[name]) == pytest.approx(reading.repeatability, rel=0.2), name


def test_scatter_makes_a_symmetrical_face_uneven(canonical: Canonical) -> None:
    view = view_of(canonical)
    random = np.random.default_rng(6)
    uneven = []
    for _ in range(100):
        mesh = view.mesh.copy()
        for name, index in LANDMARKS.items():
            mesh[index, :2] += random.normal(0, SCATTER[name] / PIXEL, 2)
        found = readings(Measurer().measure(replace(view, mesh=mesh)))
        uneven.append(found["asymmetry"].before)
    assert np.mean(uneven) == pytest.approx(SYMMETRICAL, rel=0.1)


@pytest.mark.parametrize(("yaw", "near", "far"), [(85, "right", "left"), (-85, "left", "right")])
def test_a_profile_takes_the_alare_that_it_shows(
    canonical: Canonical, yaw: float, near: str, far: str
) -> None:
    view = view_of(canonical, yaw)
    for side, shown in ((near, True), (far, False)):
        points = by_hand(view, "nasion", "pronasale", f"{side} alare")
        found = readings(Measurer().measure(view, points))
        assert ("tip projection (Goode)" in found) == shown


def test_from_the_front_lines_divide_the_face_into_thirds_and_fifths(canonical: Canonical) -> None:
    view = view_of(canonical, roll=8)
    lines = guides(view)
    assert len(lines) == 3 + 6
    ways = [(end - start) / np.linalg.norm(end - start) for start, end in lines]
    # Across and down, as the head is tilted.
    for way in ways[:3]:
        assert abs(way @ ways[3]) < 1e-3
    for way in ways[4:]:
        assert abs(way @ ways[3]) == pytest.approx(1)
    menton = LANDMARKS["menton"]
    dragged = view.mesh[menton, :2] + np.array([0, 20])
    moved = guides(view, {menton: (float(dragged[0]), float(dragged[1]))})
    assert np.array_equal(moved[0], lines[0])
    assert not np.array_equal(moved[2], lines[2])


def test_a_profile_has_its_e_line_on_points_set_by_hand_alone(canonical: Canonical) -> None:
    view = view_of(canonical, 85)
    ends = [LANDMARKS[name] for name in ("pronasale", "pogonion")]
    assert guides(view) == ()
    clicked = {index: (float(view.mesh[index, 0]), float(view.mesh[index, 1])) for index in ends}
    ((high, low),) = guides(view, clicked)
    tip, chin = (view.mesh[index, :2] for index in ends)
    assert high[1] < tip[1] < chin[1] < low[1]
    assert guides(view_of(canonical, 40), clicked) == ()

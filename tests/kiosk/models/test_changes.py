"""Handles with a preview, free hand and regions."""

from __future__ import annotations

import pytest

from appliance.kiosk.models.changes import Changes
from appliance.kiosk.visit.state import Screen
from appliance.protocols import worker_api
from tests.kiosk.models.standins import Bench, acts, failed, handle, handles

LINE = worker_api.Line(500.0, 200.0, 500.0, 1800.0)


@pytest.fixture
def changes(bench: Bench) -> Changes:
    bench.photo()
    bench.shared.visit.wish.face = 2
    bench.answers.by_method |= {
        "View": worker_api.Viewed(1000, 2000),
        "Handles": handles(
            handle("hump"), handle("radix"), handle("jaw-width", region="jaw", least=-1.0)
        ),
        "Reach": worker_api.Reach({"radix": "turned"}, 2.0, 5.0, [LINE]),
        "PreviewSimulation": worker_api.Previewed({}, 0.9),
    }
    bench.at(Screen.CHANGES)
    made = Changes(bench.shared)
    acts(made, "load")
    return made


def asked(bench: Bench) -> worker_api.PreviewSimulation:
    """The last preview that was asked for."""
    wanted = bench.answers.of("PreviewSimulation")[-1]
    assert isinstance(wanted, worker_api.PreviewSimulation)
    return wanted


def test_the_photo_is_shown_as_it_is_until_something_is_moved(
    bench: Bench, changes: Changes
) -> None:
    assert bench.answers.of("PreviewSimulation") == []
    assert bench.after == "copy of before"
    assert changes.state.fresh
    acts(changes, "move", "hump", -1.0)
    assert bench.after == "picture"
    assert (asked(bench).handles, asked(bench).face) == ({"hump": -1.0}, 2)
    assert changes.state.share == 0.9
    acts(changes, "move", "hump", 0.0)
    assert bench.after == "copy of before"
    assert changes.state.wished == {}


def test_no_value_is_beyond_the_site_s_bounds(changes: Changes) -> None:
    acts(changes, "move", "hump", 9.0)
    acts(changes, "move", "jaw-width", -9.0)
    assert changes.state.wished == {"hump": 2.0, "jaw-width": -1.0}
    knob = changes.state.knobs[0]
    assert (knob.least, knob.most, knob.lowest, knob.highest) == (-2.0, 2.0, -4.0, 4.0)
    acts(changes, "move", "symmetry", 1.0)
    assert "symmetry" not in changes.state.wished


def test_it_is_asked_of_the_face_that_is_meant(bench: Bench, changes: Changes) -> None:
    assert [(one.photo, one.face) for one in bench.answers.of("Reach")] == [(7, 2)]
    assert not changes.state.looking


def test_what_is_not_honest_here_says_why_and_cannot_be_moved(changes: Changes) -> None:
    assert {one.name: one.why_not for one in changes.state.knobs} == {
        "hump": "",
        "radix": "turned",
        "jaw-width": "",
    }
    acts(changes, "move", "radix", 1.0)
    assert changes.state.wished == {}


def test_what_can_be_moved_comes_first(changes: Changes) -> None:
    assert [one.name for one in changes.state.knobs] == ["hump", "jaw-width", "radix"]


def test_what_has_become_dishonest_is_dropped(bench: Bench, changes: Changes) -> None:
    acts(changes, "move", "hump", 1.0)
    bench.answers.by_method["Reach"] = worker_api.Reach({"hump": "points"}, 2.0, 5.0, [])
    acts(changes, "load")
    assert bench.shared.visit.wish.handles == {}
    assert bench.after == "copy of before"


def test_the_least_has_values_and_pictures_of_its_own(bench: Bench, changes: Changes) -> None:
    acts(changes, "move", "hump", -2.0)
    acts(changes, "choose_kind", "least")
    assert bench.after == "copy of before"
    acts(changes, "move", "hump", -1.0)
    assert (asked(bench).handles, asked(bench).shows) == ({"hump": -1.0}, "least")
    assert (changes.state.wished, changes.state.least) == ({"hump": -2.0}, {"hump": -1.0})
    acts(changes, "choose_kind", "wished")
    assert (asked(bench).handles, asked(bench).shows) == ({"hump": -2.0}, "wished")


def test_a_preview_is_as_large_as_what_is_shown_of_it(bench: Bench, changes: Changes) -> None:
    for shown, side in ((500.0, 512), (100.0, 256), (4000.0, 1024)):
        acts(changes, "fit", shown)
        acts(changes, "move", "hump", -shown / 4000)
        assert asked(bench).side == side
    bench.shared.visit.wish.middle = (0.5, 0.4, 0.2)
    acts(changes, "fit", 300.0)
    acts(changes, "load")  # the face is shown closer, so more pixels of the photo are seen
    acts(changes, "move", "hump", -1.0)
    assert changes.state.zoom == pytest.approx(1 / 0.34)
    assert asked(bench).side == round(320 / 0.34)
    acts(changes, "come_closer")
    assert asked(bench).side == 320


def test_lines_are_those_that_the_worker_measured(changes: Changes) -> None:
    (line,) = changes.state.lines
    assert (line.x, line.y, line.to_x, line.to_y) == (0.5, 0.1, 0.5, 0.9)
    assert not changes.state.with_lines
    acts(changes, "show_lines")
    assert changes.state.with_lines


def test_regions_are_those_of_the_handles_that_the_site_allows(
    bench: Bench, changes: Changes
) -> None:
    assert (changes.state.regions, changes.state.region) == (["nose", "jaw"], "nose")
    acts(changes, "choose", "jaw")
    acts(changes, "load")
    assert changes.state.region == "jaw"
    assert len(bench.answers.of("Handles")) == 1  # what the site allows does not change


def test_a_drag_is_in_millimetres_and_no_longer_than_the_site_allows(
    bench: Bench, changes: Changes
) -> None:
    hand = changes.hand
    acts(hand, "drag", 0.5, 0.5, 0.51, 0.5)
    assert bench.shared.visit.wish.drags == []  # not the tool that was chosen
    acts(hand, "choose", "drag")
    acts(hand, "drag", 0.5, 0.5, 0.51, 0.5)  # 10 pixels to the right, 5 pixels to a mm
    acts(hand, "drag", 0.2, 0.2, 0.5, 0.4)  # far
    short, long = bench.shared.visit.wish.drags
    assert (short.x, short.y, short.down) == (500.0, 1000.0, 0.0)
    assert short.right == pytest.approx(2.0, abs=0.002)
    assert (long.right**2 + long.down**2) ** 0.5 == pytest.approx(3.0, abs=0.01)
    assert (long.right**2 + long.down**2) ** 0.5 <= 3.0
    assert long.down / long.right == pytest.approx(400 / 300, rel=0.01)
    assert asked(bench).drags == [short, long]
    stroke = hand.state.drags[0]
    assert stroke.x == 0.5
    assert stroke.to_x == pytest.approx(0.51, abs=1e-4)


def test_a_touch_without_a_move_holds_a_place(bench: Bench, changes: Changes) -> None:
    acts(changes.hand, "choose", "drag")
    acts(changes.hand, "drag", 0.5, 0.5, 0.5, 0.5)
    assert bench.shared.visit.wish.drags == [worker_api.Drag(500.0, 1000.0, 0.0, 0.0)]


def test_a_region_is_drawn_corner_by_corner(bench: Bench, changes: Changes) -> None:
    hand = changes.hand
    acts(hand, "choose", "region")
    acts(hand, "choose_mode", "shape")
    acts(hand, "choose_share", 50.0)
    acts(hand, "corner", 0.4, 0.4)
    acts(hand, "corner", 0.5, 0.4)
    acts(hand, "enclose")
    assert bench.shared.visit.wish.regions == []  # two corners enclose nothing
    acts(hand, "corner", 0.5, 1.5)
    assert hand.state.can_enclose
    acts(hand, "enclose")
    (region,) = bench.shared.visit.wish.regions
    assert (region.mode, region.share) == ("shape", 50)
    assert region.corners[2] == worker_api.Place(500.0, 2000.0)
    assert (hand.state.corners, len(hand.state.outlines)) == ([], 1)
    assert asked(bench).regions == [region]


def test_skin_goes_no_share_of_the_way(bench: Bench, changes: Changes) -> None:
    hand = changes.hand
    acts(hand, "choose", "region")
    acts(hand, "choose_share", 50.0)
    acts(hand, "choose_mode", "line")
    assert not hand.state.by_shares
    for corner in ((0.4, 0.4), (0.5, 0.4), (0.5, 0.5)):
        acts(hand, "corner", *corner)
    acts(hand, "enclose")
    assert bench.shared.visit.wish.regions[0].share == 100


def test_by_hand_the_last_is_undone_first(bench: Bench, changes: Changes) -> None:
    hand, wish = changes.hand, bench.shared.visit.wish
    acts(hand, "choose", "drag")
    acts(hand, "drag", 0.5, 0.5, 0.51, 0.5)
    acts(hand, "choose", "region")
    for corner in ((0.4, 0.4), (0.5, 0.4), (0.5, 0.5)):
        acts(hand, "corner", *corner)
    acts(hand, "undo")
    assert len(hand.state.corners) == 2
    acts(hand, "corner", 0.5, 0.5)
    acts(hand, "enclose")
    acts(hand, "undo")
    assert (len(wish.drags), len(wish.regions)) == (1, 0)
    acts(hand, "undo")
    assert (wish.drags, hand.state.can_undo) == ([], False)
    assert bench.after == "copy of before"


@pytest.mark.parametrize(("drag", "regions"), [(0.0, True), (2.0, False), (0.0, False)])
def test_what_the_site_forbids_cannot_be_chosen(
    changes: Changes, drag: float, regions: bool
) -> None:
    changes.hand.allow(drag, regions=regions)
    for tool, allowed in (("drag", drag > 0), ("region", regions)):
        acts(changes.hand, "choose", "handles")
        acts(changes.hand, "choose", tool)
        assert (changes.hand.state.tool == tool) is allowed


def test_what_is_made_by_hand_is_no_least(bench: Bench, changes: Changes) -> None:
    acts(changes.hand, "choose", "drag")
    acts(changes.hand, "drag", 0.5, 0.5, 0.51, 0.5)
    acts(changes, "choose_kind", "least")
    assert bench.after == "copy of before"
    acts(changes, "move", "hump", -1.0)
    assert asked(bench).drags == []


def test_all_is_undone_at_once(bench: Bench, changes: Changes) -> None:
    acts(changes, "move", "hump", -1.0)
    acts(changes.hand, "choose", "drag")
    acts(changes.hand, "drag", 0.5, 0.5, 0.51, 0.5)
    acts(changes, "reset")
    assert not bench.shared.visit.wish.changes
    assert (changes.state.wished, changes.hand.state.drags) == ({}, [])


def test_a_refused_preview_says_so(bench: Bench, changes: Changes) -> None:
    bench.answers.by_method["PreviewSimulation"] = failed("handle")
    acts(changes, "move", "hump", -1.0)
    assert (bench.refused, changes.state.fresh) == ("failed-handle", False)
    acts(changes, "accept")
    assert bench.screen is Screen.CHANGES  # there is no picture of it to compare
    bench.answers.by_method["PreviewSimulation"] = worker_api.Previewed({}, 1.0)
    acts(changes, "move", "hump", -0.5)
    acts(changes, "accept")
    assert str(bench.screen) == "Compare"


def test_a_region_that_cannot_be_is_taken_back(bench: Bench, changes: Changes) -> None:
    acts(changes.hand, "choose", "drag")
    acts(changes.hand, "drag", 0.5, 0.5, 0.51, 0.5)
    shown = bench.answers.by_method["PreviewSimulation"]
    bench.answers.by_method["PreviewSimulation"] = lambda wanted: (
        failed("handle") if wanted.regions else shown
    )
    acts(changes.hand, "choose", "region")
    for corner in ((0.4, 0.4), (0.5, 0.4), (0.5, 0.5)):
        acts(changes.hand, "corner", *corner)
    acts(changes.hand, "enclose")
    assert bench.refused == "by-hand"
    assert (changes.hand.state.outlines, len(changes.hand.state.drags)) == ([], 1)
    assert (changes.state.refused, changes.state.fresh) == (False, True)
    bench.answers.by_method["PreviewSimulation"] = failed("handle")
    acts(changes, "move", "hump", -1.0)
    assert len(changes.hand.state.drags) == 1  # what was shown is not what is refused
    assert changes.state.refused


def test_nobody_goes_on_with_nothing(bench: Bench, changes: Changes) -> None:
    acts(changes, "accept")
    assert bench.screen is Screen.CHANGES
    acts(changes, "move", "hump", -1.0)
    acts(changes, "accept")
    assert str(bench.screen) == "Compare"


def test_nothing_of_a_patient_is_left(changes: Changes) -> None:
    acts(changes, "move", "hump", -1.0)
    acts(changes.hand, "choose", "drag")
    acts(changes.hand, "drag", 0.5, 0.5, 0.51, 0.5)
    changes.forget()
    state, hand = changes.state, changes.hand.state
    assert (state.wished, state.least, state.lines, state.knobs) == ({}, {}, [], [])
    assert (hand.drags, hand.corners, hand.outlines, hand.tool) == ([], [], [], "handles")
    acts(changes, "load")
    assert changes.state.wished == {"hump": -1.0}
    assert len(changes.hand.state.drags) == 1

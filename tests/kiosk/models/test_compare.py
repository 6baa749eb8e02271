"""Before and after, in step."""

from __future__ import annotations

import pytest

from appliance.kiosk.models.changes import Changes
from appliance.kiosk.models.compare import Compare
from appliance.kiosk.visit.state import Screen
from appliance.protocols import worker_api
from tests.kiosk.models.standins import Bench, acts, handle, handles


@pytest.fixture
def compare(bench: Bench) -> Compare:
    bench.photo()
    bench.shared.visit.wish.handles["hump"] = -2.0
    bench.answers.by_method |= {
        "View": worker_api.Viewed(1000, 2000),
        "PreviewSimulation": worker_api.Previewed({}, 1.0),
    }
    bench.at(Screen.COMPARE)
    return Compare(bench.shared)


def test_all_pictures_are_there_before_they_are_asked_for(bench: Bench, compare: Compare) -> None:
    bench.shared.visit.wish.least["hump"] = -1.0
    acts(compare, "load")
    assert bench.pictures.shown.keys() == {"before", "wished", "least"}
    assert [one.shows for one in bench.answers.of("PreviewSimulation")] == ["wished", "least"]
    assert compare.state.ratio == 2.0
    acts(compare, "choose_kind", "least")
    assert compare.state.shows == "least"
    assert len(bench.answers.of("PreviewSimulation")) == 2


def test_what_was_seen_last_is_there_at_once(bench: Bench, compare: Compare) -> None:
    bench.answers.by_method |= {
        "Reach": worker_api.Reach({}, 0.0, 1.0, []),
        "Handles": handles(handle("hump")),
    }
    changes = Changes(bench.shared)
    acts(changes, "load")
    assert {"after", "wished"} <= bench.pictures.shown.keys()
    acts(changes, "choose_kind", "least")
    acts(changes, "move", "hump", -1.0)
    assert bench.pictures.shown["least"] == "copy of after"
    assert compare.state.shows == "wished"


def test_without_a_least_there_is_none_to_choose(compare: Compare) -> None:
    acts(compare, "load")
    assert not compare.state.has_least
    acts(compare, "choose_kind", "least")
    assert compare.state.shows == "wished"


def test_zoom_stays_between_all_of_it_and_six_times(compare: Compare) -> None:
    acts(compare, "zoom", 0.5)
    assert compare.state.zoom == 1.0
    acts(compare, "zoom", 2.0)
    assert compare.state.zoom == 2.0
    acts(compare, "zoom", 100.0)
    assert compare.state.zoom == 6.0


def test_what_is_seen_stays_within_the_picture(compare: Compare) -> None:
    acts(compare, "pan", 0.3, 0.3)
    assert (compare.state.pan_x, compare.state.pan_y) == (0.0, 0.0)
    acts(compare, "zoom", 2.0)
    acts(compare, "pan", 0.1, -0.9)
    assert (compare.state.pan_x, compare.state.pan_y) == (0.1, -0.25)
    acts(compare, "zoom", 0.6)  # the edge comes nearer
    assert compare.state.pan_y == pytest.approx(-(1 - 1 / 1.2) / 2)
    acts(compare, "whole")
    assert (compare.state.zoom, compare.state.pan_y) == (1.0, 0.0)


def test_modes_and_the_mirror(compare: Compare) -> None:
    for mode in ("sides", "blink", "divider"):
        acts(compare, "choose", mode)
        assert compare.state.mode == mode
    acts(compare, "mirror")
    assert compare.state.mirrored
    acts(compare, "mirror")
    assert not compare.state.mirrored


def test_a_lock_leaves_nothing(compare: Compare) -> None:
    first = compare.state
    acts(compare, "load")
    acts(compare, "zoom", 3.0)
    acts(compare, "mirror")
    compare.forget()
    assert compare.state == first


def test_it_goes_on_to_the_variants(bench: Bench, compare: Compare) -> None:
    acts(compare, "accept")
    assert bench.screen is Screen.VARIANTS

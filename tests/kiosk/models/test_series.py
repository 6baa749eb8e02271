"""Photos: taken one after the other, checked, removed, chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from appliance.kiosk.models.series import Series
from appliance.kiosk.visit.state import Screen
from appliance.kiosk.visit.visit import Variant, Wish
from appliance.protocols import disc_api, worker_api
from tests.kiosk.models.standins import Bench, acts, error, failed, files

PERFECT = [worker_api.Point("position", "met", "", [worker_api.Cause("posed")])]
TURNED = [
    worker_api.Point("position", "missed", "", [worker_api.Cause("turn-left", 7.4)]),
    worker_api.Point("light", "missed", "", [worker_api.Cause("lit-right", 2.345)]),
    worker_api.Point("timing", "person", "", [worker_api.Cause("unseen")]),
]


def seen(view: str, points: list[worker_api.Point]) -> worker_api.Photo:
    return worker_api.Photo(view, 5, 7, "", points, None)


@pytest.fixture
def series(bench: Bench) -> Series:
    """Photos get the numbers of their files, plus 100."""
    numbers: list[int] = []

    def opened(wanted: disc_api.Open) -> disc_api.Opened:
        numbers.append(wanted.number)
        return disc_api.Opened(10)

    def imported(_: Any) -> worker_api.Imported:
        return worker_api.Imported(100 + numbers[-1], "photo", 1000, 2000)

    def assessed(wanted: worker_api.Assess) -> list[worker_api.Assessed]:
        photos = [
            seen("front", TURNED) if item == 101 else seen("smile", PERFECT)
            for item in wanted.items
        ]
        return [
            worker_api.Assessed(1),
            worker_api.Assessed(len(photos), photos, ["base"], ["front"]),
        ]

    bench.answers.by_method |= {
        "List": files((1, None), (2, "packed"), (3, None)),
        "Open": opened,
        "Import": imported,
        "Assess": assessed,
        "View": worker_api.Viewed(1000, 2000),
    }
    bench.shared.visit.consent = "form 12"
    bench.at(Screen.SERIES)
    return Series(bench.shared)


def test_all_files_are_listed_however_many_answers_they_take(bench: Bench, series: Series) -> None:
    bench.answers.by_method["List"] = lambda wanted: (
        files((1, None), (2, None), more=True) if wanted.after is None else files((3, None))
    )
    acts(series, "read")
    assert [one.number for one in series.state.files] == [1, 2, 3]
    assert [one.after for one in bench.answers.of("List")] == [None, 2]
    assert series.state.files[0].size == 2  # KiB, of 2,000 bytes


def test_all_that_can_be_are_taken_and_then_checked_once(bench: Bench, series: Series) -> None:
    acts(series, "read")
    acts(series, "take_all")
    assert [one.number for one in bench.answers.of("Open")] == [1, 3]
    assert series.state.taken == [1, 3]
    assert {one.consent for one in bench.answers.of("Import")} == {"form 12"}
    assert bench.answers.of("Assess")[-1].items == [101, 103]
    assert series.state.importing == series.state.checking == 0
    assert [one.item for one in series.state.photos] == [101, 103]
    assert {"photo-101", "photo-103"} <= bench.pictures.shown.keys()


def test_a_file_is_opened_once_the_one_before_it_is_imported(bench: Bench, series: Series) -> None:
    acts(series, "read")
    acts(series, "take_all")
    order = [method for method, _ in bench.answers.asked if method in ("Open", "Import")]
    assert order == ["Open", "Import"] * 2


def test_a_file_is_not_taken_twice(bench: Bench, series: Series) -> None:
    for _ in range(2):
        acts(series, "take", 1)
    assert len(bench.answers.of("Import")) == 1


def test_what_is_no_photo_stops_none_of_the_others(bench: Bench, series: Series) -> None:
    given = bench.answers.by_method["Import"]
    bench.answers.by_method["Import"] = lambda wanted: (
        failed("input") if len(bench.answers.of("Import")) == 1 else given(wanted)
    )
    acts(series, "read")
    acts(series, "take_all")
    assert (series.state.failed, series.state.taken) == ([1], [3])
    assert bench.refused == "failed-input"
    assert [one.item for one in series.state.photos] == [103]
    acts(series, "take", 1)  # once more
    assert series.state.failed == []


def test_descriptors_do_not_pile_up(series: Series) -> None:
    acts(series, "take", 1)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(2, 12):
        acts(series, "take", number)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_to_change_is_said_by_codes_with_whole_degrees(series: Series) -> None:
    acts(series, "take", 1)
    (shot,) = series.state.photos
    assert [(one.code, one.amount) for one in shot.changes] == [
        ("turn-left", "7"),
        ("lit-right", "2.3"),
    ]
    assert (shot.view, shot.score, shot.judged) == ("front", 5, 7)
    assert (series.state.missing, series.state.double) == (["base"], ["front"])


def test_the_points_of_a_photo_are_shown_on_demand(series: Series) -> None:
    acts(series, "take", 1)
    assert series.state.points == []
    acts(series, "look", 101)
    assert [one.name for one in series.state.points] == ["position", "light", "timing"]
    assert series.state.looked == 101
    acts(series, "look", -1)
    assert (series.state.points, series.state.looked) == ([], -1)


def test_a_photo_that_does_not_belong_here_is_erased(bench: Bench, series: Series) -> None:
    acts(series, "take", 1)
    acts(series, "take", 3)
    acts(series, "remove", 101)
    assert [one.item for one in bench.answers.of("Discard")] == [101]
    assert [one.item for one in series.state.photos] == [103]
    assert series.state.chosen == bench.shared.visit.wish.photo == 103
    assert bench.answers.of("Assess")[-1].items == [103]


def test_a_photo_that_could_not_be_erased_stays(bench: Bench, series: Series) -> None:
    acts(series, "take", 1)
    bench.answers.by_method["Discard"] = error("Busy")
    acts(series, "remove", 101)
    assert len(series.state.photos) == 1
    assert bench.refused == "busy"


def test_the_photo_of_a_variant_stays(bench: Bench, series: Series) -> None:
    acts(series, "take", 1)
    bench.shared.visit.variants.append(Variant(1, Wish(photo=101), 9))
    acts(series, "remove", 101)
    assert bench.answers.of("Discard") == []
    assert bench.refused == "photo-in-use"


def test_another_photo_begins_with_no_wish(bench: Bench, series: Series) -> None:
    acts(series, "take", 1)
    acts(series, "take", 3)
    bench.shared.visit.wish.handles["hump"] = -1.0
    acts(series, "choose", 101)
    assert bench.shared.visit.wish.handles == {"hump": -1.0}  # the same photo
    acts(series, "choose", 103)
    assert bench.shared.visit.wish == Wish(photo=103)
    acts(series, "choose", 5)
    assert series.state.chosen == 103


def test_who_goes_on_stops_the_check(bench: Bench, series: Series) -> None:
    acts(series, "take", 1)
    series.show(checking=3)  # as while it runs
    acts(series, "accept")
    assert len(bench.answers.of("Cancel")) == 1
    assert bench.screen is Screen.FACE


def test_a_check_that_was_stopped_is_no_refusal(bench: Bench, series: Series) -> None:
    bench.answers.by_method["Assess"] = error("Stopped")
    acts(series, "take", 1)
    assert (bench.refused, series.state.checking) == ("", 0)


def test_nothing_is_left_after_a_lock_and_all_of_it_comes_back(
    bench: Bench, series: Series
) -> None:
    acts(series, "read")
    acts(series, "take", 1)
    acts(series, "look", 101)
    first = series.state
    series.forget()
    assert series.state == Series(bench.shared).state
    series.resume()
    assert series.state.photos == first.photos
    assert series.state.missing == first.missing
    assert series.state.files == []


def test_no_more_than_a_check_can_look_at_are_taken(bench: Bench, series: Series) -> None:
    for number in range(1, 30):
        acts(series, "take", number)
    assert len(bench.shared.visit.photos) == 24

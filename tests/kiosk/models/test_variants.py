"""Variants are as they were when they were kept."""

from __future__ import annotations

import pytest

from appliance.kiosk.models.variants import Variants
from appliance.kiosk.visit.state import Screen
from appliance.protocols import worker_api
from tests.kiosk.models.standins import Bench, acts, failed


@pytest.fixture
def variants(bench: Bench) -> Variants:
    bench.photo()
    wish = bench.shared.visit.wish
    wish.face, wish.points = 2, {"nasion": (1.0, 2.0)}
    wish.handles["hump"], wish.least["hump"] = -2.0, -1.0
    results = iter(range(50, 99))
    bench.answers.by_method |= {
        "Simulate": lambda _: worker_api.Simulated(1, next(results), {}, 1.0),
        "PreviewSimulation": worker_api.Previewed({}, 1.0),
    }
    bench.at(Screen.VARIANTS)
    return Variants(bench.shared)


def test_a_variant_is_made_with_all_that_belongs_to_it(bench: Bench, variants: Variants) -> None:
    drag = worker_api.Drag(5.0, 5.0, 1.0, 0.0)
    bench.shared.visit.wish.drags.append(drag)
    acts(variants, "keep")
    (wanted,) = bench.answers.of("Simulate")
    assert (wanted.photo, wanted.handles, wanted.drags) == (7, {"hump": -2.0}, [drag])
    assert (wanted.points, wanted.face) == ({"nasion": worker_api.Place(1.0, 2.0)}, 2)
    (kept,) = variants.state.kept
    (value,) = kept.values
    assert (value.name, value.wished, value.least) == ("hump", -2.0, -1.0)
    assert (kept.by_hand, kept.points, variants.state.chosen) == (1, 1, 1)
    assert bench.shared.visit.variants[0].result == 50


def test_its_picture_is_as_it_was_kept(bench: Bench, variants: Variants) -> None:
    acts(variants, "keep")
    wish = bench.shared.visit.wish
    wish.handles["hump"], wish.face = 2.0, 1
    wish.points.clear()
    bench.answers.asked.clear()
    bench.pictures.clear()
    acts(variants, "keep")
    acts(variants, "load")
    first, second = bench.answers.of("PreviewSimulation")[-2:]
    assert (first.handles, first.face, len(first.points)) == ({"hump": -2.0}, 2, 1)
    assert (second.handles, second.face, len(second.points)) == ({"hump": 2.0}, 1, 0)
    assert bench.pictures.shown.keys() == {"variant-1", "variant-2"}


def test_the_same_wish_is_kept_once(bench: Bench, variants: Variants) -> None:
    can_keep = []
    for act in ("load", "keep"):
        acts(variants, act)
        can_keep.append(variants.state.can_keep)
    bench.shared.visit.wish.handles["hump"] = 1.0
    acts(variants, "load")
    assert [*can_keep, variants.state.can_keep] == [True, False, True]


def test_a_variant_can_be_gone_on_from_and_stays_as_it_is(bench: Bench, variants: Variants) -> None:
    acts(variants, "keep")
    bench.shared.visit.wish.drop_changes()
    acts(variants, "change", 1)
    assert str(bench.screen) == "Changes"
    wish = bench.shared.visit.wish
    assert (wish.handles, wish.least, wish.face) == ({"hump": -2.0}, {"hump": -1.0}, 2)
    wish.handles["hump"] = 0.5
    assert bench.shared.visit.variants[0].wish.handles == {"hump": -2.0}


def test_six_are_kept_at_most(bench: Bench, variants: Variants) -> None:
    for number in range(8):
        bench.shared.visit.wish.handles["hump"] = 0.1 * (number + 1)
        acts(variants, "keep")
    assert len(variants.state.kept) == 6
    assert variants.state.full
    acts(variants, "drop", 3)
    acts(variants, "keep")
    assert [one.number for one in variants.state.kept] == [1, 2, 4, 5, 6, 7]


def test_dropping_the_chosen_one_chooses_the_last(bench: Bench, variants: Variants) -> None:
    for value in (1.0, 2.0):
        bench.shared.visit.wish.handles["hump"] = value
        acts(variants, "keep")
    acts(variants, "choose", 1)
    assert variants.state.chosen == 1
    acts(variants, "choose", 9)
    acts(variants, "drop", 1)
    assert variants.state.chosen == 2
    acts(variants, "drop", 2)
    acts(variants, "accept")
    assert bench.screen is Screen.VARIANTS


def test_a_refusal_keeps_nothing(bench: Bench, variants: Variants) -> None:
    bench.answers.by_method["Simulate"] = failed("output")
    acts(variants, "keep")
    assert (variants.state.kept, variants.state.making) == ([], False)
    assert bench.refused == "failed-output"
    acts(variants, "accept")
    assert bench.screen is Screen.VARIANTS


def test_nothing_is_kept_of_no_wish(bench: Bench, variants: Variants) -> None:
    bench.shared.visit.wish.drop_changes()
    acts(variants, "keep")
    assert bench.answers.of("Simulate") == []


def test_a_lock_leaves_nothing_on_the_screen(variants: Variants) -> None:
    first = variants.state
    acts(variants, "keep")
    variants.forget()
    assert variants.state == first

"""The patient's ticks, without which no release is asked for."""

from __future__ import annotations

import pytest

from appliance.kiosk.models.agreement import SENTENCES, Agreement
from appliance.kiosk.models.changes import Changes
from appliance.kiosk.models.compare import Compare
from appliance.kiosk.models.request import Request
from appliance.kiosk.models.variants import Variants
from appliance.kiosk.visit.state import NEXT, Screen
from appliance.kiosk.visit.visit import Variant, Wish
from appliance.protocols import broker_api, worker_api
from tests.kiosk.models.standins import Bench, acts, error, handle, handles


@pytest.fixture
def agreement(bench: Bench) -> Agreement:
    visit = bench.shared.visit
    visit.variants = [Variant(1, Wish(photo=7), 50), Variant(2, Wish(photo=8), 51)]
    visit.chosen = 2
    bench.at(Screen.AGREEMENT)
    return Agreement(bench.shared)


def tick_all(agreement: Agreement) -> None:
    for sentence in SENTENCES:
        acts(agreement, "tick", sentence)


def test_two_ticks_are_not_enough(bench: Bench, agreement: Agreement) -> None:
    tick_all(agreement)
    acts(agreement, "tick", "limits")
    acts(agreement, "tick", "anything")
    assert agreement.state.ticked == ["wish", "leaves"]
    acts(agreement, "accept")
    assert bench.answers.of("Agree") == []
    assert bench.screen is Screen.AGREEMENT


def test_the_patient_sees_what_they_agree_to(bench: Bench, agreement: Agreement) -> None:
    bench.shared.visit.variants[1].wish.handles["hump"] = -2.0
    bench.answers.by_method["PreviewSimulation"] = worker_api.Previewed({}, 1.0)
    acts(agreement, "load")
    (wanted,) = bench.answers.of("PreviewSimulation")
    assert (wanted.photo, wanted.handles) == (8, {"hump": -2.0})
    assert bench.pictures.shown["agreed"] == b"picture"


def test_it_is_recorded_before_anybody_goes_on(bench: Bench, agreement: Agreement) -> None:
    tick_all(agreement)
    acts(agreement, "accept")
    (agreed,) = bench.answers.of("Agree")
    assert (agreed.item, agreed.sentences) == (8, list(SENTENCES))
    assert bench.shared.visit.agreed == 2
    assert bench.screen is Screen.REQUEST


def test_what_could_not_be_recorded_was_not_agreed(bench: Bench, agreement: Agreement) -> None:
    bench.answers.by_method["Agree"] = error("NoSuchItem")
    tick_all(agreement)
    acts(agreement, "accept")
    assert bench.shared.visit.agreed is None
    assert (bench.refused, bench.screen) == ("no-such-item", Screen.AGREEMENT)
    assert not agreement.state.asking


def test_another_variant_needs_other_ticks(bench: Bench, agreement: Agreement) -> None:
    tick_all(agreement)
    acts(agreement, "accept")
    acts(agreement, "load")
    assert len(agreement.state.ticked) == 3
    bench.shared.visit.chosen = 1
    acts(agreement, "load")
    assert agreement.state.ticked == []


def test_no_release_is_asked_for_of_what_was_not_agreed_to(
    bench: Bench, agreement: Agreement
) -> None:
    bench.answers.by_method["RequestRelease"] = broker_api.ReleaseStands(
        "ab", 900, "photo", 10, "cd"
    )
    request = Request(bench.shared)
    acts(request, "ask")
    assert bench.answers.of("RequestRelease") == []
    tick_all(agreement)
    acts(agreement, "accept")
    bench.shared.visit.chosen = 1  # another one than the patient saw
    acts(request, "ask")
    assert bench.answers.of("RequestRelease") == []
    bench.shared.visit.chosen = 2
    acts(request, "ask")
    assert [one.item for one in bench.answers.of("RequestRelease")] == [51]


def test_of_a_patient_nothing_leads_to_the_request_but_the_ticks() -> None:
    ways = {here for (here, _), there in NEXT.items() if there is Screen.REQUEST}
    # From the screens behind it, and from the results of a studio, which has no patient.
    assert ways - {Screen.DECISION, Screen.RESULTS} == {Screen.AGREEMENT}


def test_a_lock_takes_the_ticks_away(agreement: Agreement) -> None:
    tick_all(agreement)
    agreement.forget()
    assert agreement.state.ticked == []


def test_what_keeps_the_worker_busy_is_asked_by_one_connection(
    bench: Bench, agreement: Agreement
) -> None:
    """Then one waits for the other, and none is refused because the worker is busy."""
    wish = bench.shared.visit.wish
    bench.photo()
    wish.handles["hump"] = -2.0
    bench.shared.visit.variants[1].wish.handles["hump"] = -2.0
    bench.answers.by_method |= {
        "PreviewSimulation": worker_api.Previewed({}, 1.0),
        "Reach": worker_api.Reach({}, 0.0, 1.0, []),
        "Simulate": worker_api.Simulated(1, 60, {}, 1.0),
        "Handles": handles(handle("hump")),
    }
    acts(Changes(bench.shared), "load")
    acts(Compare(bench.shared), "load")
    acts(Variants(bench.shared), "keep")
    acts(agreement, "load")
    tick_all(agreement)
    acts(agreement, "accept")
    by = bench.answers.by
    assert by["Reach"] == by["PreviewSimulation"] == by["Simulate"] == by["Agree"]
    assert len(by["Reach"]) == 1
    assert by["Reach"] != by["View"]

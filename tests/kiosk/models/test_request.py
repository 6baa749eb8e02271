"""The way out: who may decide, a PIN for each act, and what is over."""

from __future__ import annotations

import pytest

from appliance.kiosk.models.request import LOOK, Request
from appliance.kiosk.visit.state import Screen
from appliance.protocols import broker_api
from tests.kiosk.models.standins import Bench, acts, error, release_refused

HASH = "cd" * 32


@pytest.fixture
def request_model(bench: Bench) -> Request:
    """A request that waits, on the second person's screen."""
    bench.shared.visit.user = "anna"
    bench.answers.by_method["Users"] = broker_api.Users(
        [
            broker_api.User("anna", ["clinician"], [], ["work", "approve"]),
            broker_api.User("bert", ["clinician"], [], ["work", "approve"]),
            broker_api.User("ruth", ["approver"], [], ["approve"]),
            broker_api.User("otto", ["approver"], [], []),  # the policy does not let him
        ]
    )
    bench.answers.by_method["LookAtRelease"] = broker_api.Shown("photo", 10, HASH)
    bench.answers.by_method["ApproveRelease"] = broker_api.Released(104)
    bench.at(Screen.REQUEST)
    model = Request(bench.shared)
    model.show(release="ab" * 8, sha256=HASH)
    acts(model, "decide")
    return model


def enter(model: Request, pin: str = "1234") -> None:
    for character in pin:
        acts(model, "type", character)
    acts(model, "enter")


def test_who_may_decide_is_as_the_policy_has_it_and_never_who_asked(
    bench: Bench, request_model: Request
) -> None:
    assert request_model.state.people == ["bert", "ruth"]
    assert bench.screen is Screen.DECISION
    acts(request_model, "choose", "anna")
    assert request_model.state.phase == "choose"


def test_to_look_and_to_approve_each_take_a_pin(bench: Bench, request_model: Request) -> None:
    acts(request_model, "choose", "ruth")
    acts(request_model, "approve")  # before anything was looked at
    assert request_model.state.purpose == "look"
    enter(request_model)
    assert bench.pictures.shown[LOOK] == b"picture"
    acts(request_model, "approve")
    acts(request_model, "enter")  # without a PIN
    assert bench.answers.of("ApproveRelease") == []
    enter(request_model, "987654")
    (approved,) = bench.answers.of("ApproveRelease")
    assert (approved.user, approved.pin, approved.sha256) == ("ruth", "987654", HASH)
    assert (request_model.state.numbers, bench.screen) == ([104], Screen.REQUEST)


def test_a_refusal_for_a_reason_ends_the_request(bench: Bench, request_model: Request) -> None:
    acts(request_model, "choose", "ruth")
    enter(request_model)
    acts(request_model, "decline", "consent")
    enter(request_model)
    (declined,) = bench.answers.of("DeclineRelease")
    assert declined.reason == "consent"
    assert (request_model.state.release, bench.screen) == ("", Screen.REQUEST)


def test_a_wrong_pin_is_asked_for_again_and_a_request_that_is_over_is_not(
    bench: Bench, request_model: Request
) -> None:
    bench.answers.by_method["LookAtRelease"] = error("Busy")
    acts(request_model, "choose", "ruth")
    enter(request_model)
    assert (request_model.state.phase, bench.refused) == ("pin", "busy")
    bench.answers.by_method["LookAtRelease"] = error("NoSuchRelease")
    enter(request_model)
    assert (request_model.state.release, bench.screen) == ("", Screen.REQUEST)
    assert bench.refused == "no-such-release"


def test_a_lock_forgets_pin_and_person_and_keeps_what_was_released(
    request_model: Request,
) -> None:
    request_model.show(numbers=[104])
    acts(request_model, "choose", "ruth")
    acts(request_model, "type", "1")
    request_model.forget()
    assert request_model.take_pin() == ""
    assert (request_model.state.user, request_model.state.numbers) == ("", [104])


def test_a_disc_is_burned_with_progress_and_only_of_what_was_released(
    bench: Bench, request_model: Request
) -> None:
    acts(request_model, "burn")
    assert bench.answers.of("BurnReleases") == []
    shown: list[float] = []
    request_model.listener = lambda name, value: shown.append(value) if name == "burning" else None
    bench.answers.by_method["BurnReleases"] = [
        broker_api.Burning(0.5),
        broker_api.Burning(1.0, [104], "ef" * 32, 4096),
    ]
    request_model.show(numbers=[104])
    acts(request_model, "burn")
    assert shown == [0.0, 0.5, 1.0, -1.0]
    assert request_model.state.burned == "ef" * 32


@pytest.mark.parametrize("unfit", ["picture-too-small", "picture-too-narrow"])
def test_what_cannot_leave_is_refused_with_its_reason_and_can_be_asked_again(
    bench: Bench, unfit: str
) -> None:
    bench.shared.visit.project = "north"
    bench.shared.visit.work.result = 7
    bench.at(Screen.REQUEST)
    model = Request(bench.shared)
    bench.answers.by_method["RequestRelease"] = release_refused(unfit)
    acts(model, "ask")
    assert bench.refused == f"release-{unfit}"
    assert (model.state.asking, model.state.release, bench.screen) == (False, "", Screen.REQUEST)
    stands = broker_api.ReleaseStands("ab" * 8, 900, "photo", 10, HASH)
    bench.answers.by_method["RequestRelease"] = stands
    acts(model, "ask")
    assert model.state.release == "ab" * 8

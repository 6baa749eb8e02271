"""A second person releases a result: the state of a request, and the way through the broker."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.audit.entries import events
from appliance.protocols import broker_api, releaser_api
from appliance.release.watermark.mark import SMALLEST_SIDE, WIDEST
from appliance.session.releases import State, Step, after
from appliance.session.state import StateError
from appliance.wire.message import CallError
from tests.session.releasing import HASH, ITEM, RESULT, VIEWING, Desk
from tests.session.scene import KIOSK, PIN, Login, Scene, scene_in

WHO = "f" * 32  # the pseudonym of everybody here


@pytest.fixture
def desk(scene: Scene) -> Desk:
    return Desk(scene)


@pytest.fixture
def viewing(tmp_path: Path, login: Login) -> Iterator[Desk]:
    with scene_in(tmp_path, login, policy=VIEWING) as scene:
        yield Desk(scene)


def test_nothing_leads_back_and_each_step_is_taken_once() -> None:
    allowed = {
        (State.STANDING, Step.APPROVED): State.APPROVED,
        (State.STANDING, Step.DECLINED): State.OVER,
        (State.STANDING, Step.EXPIRED): State.OVER,
        (State.STANDING, Step.VOID): State.OVER,
        (State.APPROVED, Step.TAKEN): State.TAKEN,
        (State.APPROVED, Step.FAILED): State.OVER,
    }
    for state, step in itertools.product(State, Step):
        if (state, step) in allowed:
            assert after(state, step) is allowed[state, step]
        else:
            with pytest.raises(StateError):
                after(state, step)


def test_a_second_person_releases_a_result_to_the_releaser(desk: Desk) -> None:
    number = desk.approve(desk.request())
    assert desk.scene.releaser.taken == {number: RESULT}
    requested, approved, taken = desk.logged()
    assert requested == events.ReleaseRequested(desk.session, ITEM, HASH, WHO, 900)
    assert isinstance(approved, events.ReleaseApproved)
    assert approved.result == HASH
    assert taken == events.ReleaseTaken(desk.session, number)
    # The number of a release is where the ledger has its approval.
    first = desk.scene.ledger.length - len(desk.scene.ledger.events)
    assert desk.scene.ledger.events[number - first] is approved
    (expected,) = desk.scene.releaser.expected
    assert (expected.number, expected.session, expected.sha256) == (number, desk.session, HASH)
    assert expected.engine == "mesh"


def test_numbers_never_repeat(desk: Desk) -> None:
    numbers = []
    for _ in range(3):
        numbers.append(desk.approve(desk.request()))
        desk.scene.clock.seconds += 60
    assert len({*numbers}) == 3
    assert numbers == sorted(numbers)


def test_the_second_person_may_look_first_where_the_policy_lets_them(viewing: Desk) -> None:
    desk, release = viewing, viewing.request()
    desk.scene.tokens.add("hidraw1")
    wanted = broker_api.LookAtRelease(release, "ruth", PIN)
    method = desk.scene.broker.service(os.getuid()).methods["LookAtRelease"]
    shown, (pipe,) = desk.scene.client.call(
        f"{broker_api.NAME}.LookAtRelease", wanted, gives=broker_api.Shown, attached=1
    )
    with os.fdopen(pipe, "rb") as file:
        assert file.read() == RESULT
    assert (shown.sha256, shown.size) == (HASH, len(RESULT))
    assert method.users is not None
    assert isinstance(desk.logged()[-1], events.ReleaseViewed)
    assert desk.approve(release)


def test_the_policy_s_default_shows_nobody_a_result(desk: Desk) -> None:
    wanted = broker_api.LookAtRelease(desk.request(), "ruth", PIN)
    desk.scene.tokens.add("hidraw1")
    assert desk.scene.refusal("LookAtRelease", wanted) == "ReleaseRefused policy"


def test_the_second_person_may_decline(desk: Desk) -> None:
    release = desk.request()
    desk.scene.tokens.add("hidraw1")
    desk.scene.call_as(
        KIOSK, "DeclineRelease", broker_api.DeclineRelease(release, "ruth", PIN, "consent")
    )
    declined = desk.logged()[-1]
    assert isinstance(declined, events.ReleaseDeclined)
    assert declined.reason == "consent"
    assert desk.refusal_of(release) == "ReleaseRefused decided"


def test_without_a_releaser_nothing_is_approved_and_the_request_stands(desk: Desk) -> None:
    release = desk.request()
    desk.scene.releaser.missing = True
    assert desk.refusal_of(release) == "NoReleaser"
    assert not any(isinstance(one, events.ReleaseApproved) for one in desk.logged())
    desk.scene.releaser.missing = False
    assert desk.approve(release)


def test_without_the_ledger_nothing_is_approved(desk: Desk) -> None:
    release = desk.request()

    def gone() -> None:
        desk.scene.ledger.reachable = False

    for worker in desk.scene.workers.values():
        worker.during_measure = gone
    assert desk.refusal_of(release) == "LedgerGone"
    assert not desk.scene.releaser.expected


def test_a_session_asks_once_a_minute_and_a_new_request_replaces_the_last(desk: Desk) -> None:
    first = desk.request()
    logged = len(desk.logged())
    wanted = broker_api.RequestRelease(desk.scene.handles[desk.session], ITEM)
    assert desk.scene.refusal("RequestRelease", wanted) == "ReleaseRefused too-soon"
    assert len(desk.logged()) == logged, "the ledger could be filled by asking"
    desk.scene.clock.seconds += 60
    second = desk.request()
    assert desk.refusal_of(first) == "ReleaseRefused decided"
    assert desk.approve(second)


def test_a_session_opens_only_for_who_may_work(scene: Scene, login: Login) -> None:
    assert scene.refusal("Open", broker_api.Open("ruth", PIN)) == "LoginRefused role"
    assert login.asked == ["ruth by fido2"]  # it is answered to who proved to be that person
    assert scene.ledger.events == [events.LoginRefused("role", WHO)]
    assert scene.open_as("emil").session  # in no line: as before there were roles
    (scene.folder / "roles").write_text("anna:approver\n")
    assert scene.refusal("Open", broker_api.Open("anna", PIN)).startswith("LoginRefused")


def test_without_keys_nothing_is_approved_and_the_request_stands(desk: Desk) -> None:
    release = desk.request()
    desk.scene.releaser.keyless = True
    assert desk.refusal_of(release) == "NoReleaser"
    assert not any(isinstance(one, events.ReleaseApproved) for one in desk.logged())
    desk.scene.releaser.keyless = False
    assert desk.approve(release)


def test_who_asks_need_not_know_the_hash_and_is_answered_with_it(desk: Desk) -> None:
    wanted = broker_api.RequestRelease(desk.scene.handles[desk.session], ITEM)
    stands = desk.scene.call_as(KIOSK, "RequestRelease", wanted)
    assert (stands.sha256, stands.size, stands.media) == (HASH, len(RESULT), "photo")
    assert desk.approve(stands.release)


def test_what_the_releaser_refuses_is_answered_with_its_hint_and_forgotten(desk: Desk) -> None:
    def refuse() -> None:
        details = releaser_api.Failed("It is too small.", "Release it larger.")
        raise CallError(releaser_api.error_name("Failed"), details)

    desk.scene.releaser.during = refuse
    with pytest.raises(CallError) as caught:
        desk.approve(desk.request())
    assert caught.value.parameters == broker_api.ReleaseRefused("error", "Release it larger.")
    *_, approved, refused = desk.logged()
    assert isinstance(approved, events.ReleaseApproved)
    assert isinstance(refused, events.ReleaseRefused)
    assert desk.scene.releaser.forgotten == [desk.scene.releaser.expected[0].number]


def test_copies_that_were_written_nowhere_are_named_when_their_session_ends(desk: Desk) -> None:
    number = desk.approve(desk.request())
    desk.scene.act_for_kiosk("Close", desk.session)
    dropped, closed, wiped = desk.scene.ledger.events[-3:]
    assert dropped == events.ReleaseDropped(desk.session, number)
    assert isinstance(closed, events.SessionClosed)
    assert isinstance(wiped, events.SessionWiped)


def waiting(desk: Desk) -> list[broker_api.WaitingRelease]:
    handle = desk.scene.handles[desk.session]
    told = desk.scene.call_as(KIOSK, "Waiting", broker_api.SessionRef(handle))
    assert isinstance(told, broker_api.Waiting)
    return told.requests


def test_a_request_waits_until_it_is_decided(desk: Desk) -> None:
    assert waiting(desk) == []
    release = desk.request()
    desk.scene.clock.seconds += 59.5
    (waits,) = waiting(desk)
    assert waits == broker_api.WaitingRelease(release, ITEM, waits.media, len(RESULT), HASH, 841)
    desk.approve(release)
    assert waiting(desk) == []


def test_a_request_waits_in_its_own_session_and_no_longer_than_it_stands(desk: Desk) -> None:
    desk.request()
    desk.scene.tokens.add("hidraw1")
    first, desk.session = desk.session, desk.scene.open_as("bert", "film").session
    assert waiting(desk) == []
    desk.session = first
    assert len(waiting(desk)) == 1
    desk.scene.clock.seconds += 900
    assert waiting(desk) == []


def test_a_lock_voids_what_waits(desk: Desk) -> None:
    desk.request()
    desk.scene.act_for_kiosk("Lock", desk.session)
    assert waiting(desk) == []


@pytest.mark.parametrize(
    ("unfit", "least"),
    [("picture-too-small", SMALLEST_SIDE), ("picture-too-narrow", WIDEST)],
)
def test_what_cannot_leave_is_refused_before_anybody_is_asked(
    desk: Desk, unfit: events.Unfit, least: int
) -> None:
    desk.be(unfit)
    with pytest.raises(CallError) as caught:
        desk.request()
    details = caught.value.parameters
    assert isinstance(details, broker_api.ReleaseRefused)
    assert details.reason == unfit
    assert f" {least} " in details.hint
    assert desk.logged() == [events.ReleaseRefused(desk.session, "request", unfit, WHO)]
    ref = broker_api.SessionRef(desk.scene.handles[desk.session])
    assert desk.scene.call_as(KIOSK, "Waiting", ref) == broker_api.Waiting([])
    desk.be(None)
    desk.scene.clock.seconds += 60
    assert desk.approve(desk.request())


def test_a_worker_that_changes_its_mind_gets_no_number_for_it(desk: Desk) -> None:
    release = desk.request()
    desk.be("picture-too-small")
    assert desk.refusal_of(release) == "ReleaseRefused changed"
    assert not any(isinstance(one, events.ReleaseApproved) for one in desk.logged())
    desk.be(None)
    desk.scene.clock.seconds += 60
    assert desk.approve(desk.request())

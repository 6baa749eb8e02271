"""One person wants a result out, or another one than a second person released.

Each way is tried against the broker with the sound case next to it: the same session and the same
result are released by a second person in ``test_the_control``, and after most refusals as well.
"""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable
from contextlib import closing
from threading import Barrier, Thread

import msgspec
import pytest

from appliance.audit.entries import events
from appliance.protocols import broker_api, worker_control_api
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError, Empty
from tests.session.releasing import HASH, ITEM, RESULT, Desk
from tests.session.scene import KIOSK, PIN, Login, Scene

OTHER = b"what nobody released"
OTHER_HASH = hashlib.sha256(OTHER).hexdigest()


@pytest.fixture
def desk(scene: Scene) -> Desk:
    return Desk(scene)


def reasons(desk: Desk) -> list[str]:
    return [one.reason for one in desk.logged() if isinstance(one, events.ReleaseRefused)]


def approvals(desk: Desk) -> int:
    return sum(isinstance(one, events.ReleaseApproved) for one in desk.logged())


def test_the_control(desk: Desk) -> None:
    number = desk.approve(desk.request())
    assert desk.scene.releaser.taken == {number: RESULT}


def test_nobody_approves_for_himself(desk: Desk) -> None:
    """Not with the token of the session, and not with another one in its place."""
    (desk.scene.folder / "roles").write_text("anna:clinician,approver\nruth:approver\n")
    release = desk.request()
    # Her own token does not count as another person's, and neither does a second one of hers.
    desk.scene.tokens.discard("hidraw1")
    wanted = broker_api.ApproveRelease(release, "anna", PIN, HASH)
    assert desk.scene.refusal("ApproveRelease", wanted) == "ReleaseRefused same-person"
    assert desk.refusal_of(release, "anna").startswith("LoginRefused several-tokens")
    assert reasons(desk) == ["same-person"]
    assert desk.approve(release)


def test_the_token_of_the_session_does_not_answer_for_a_second_name(desk: Desk) -> None:
    release = desk.request()
    wanted = broker_api.ApproveRelease(release, "ruth", PIN, HASH)
    assert desk.scene.tokens == {"hidraw0"}
    assert desk.scene.refusal("ApproveRelease", wanted) == "LoginRefused no-token"
    assert desk.approve(release)


@pytest.mark.parametrize("same", ["anna-handle,other-key", "other-handle,anna-key"])
def test_one_credential_under_two_names_is_one_person(desk: Desk, same: str) -> None:
    file = desk.scene.folder / "tokens"
    sound = file.read_text()
    file.write_text(f"anna:anna-handle,anna-key,es256,+presence\nruth:{same},es256,+presence\n")
    release = desk.request()
    assert desk.refusal_of(release) == "ReleaseRefused same-person"
    file.write_text("")
    assert desk.refusal_of(release) == "ReleaseRefused same-person"  # it cannot be seen
    file.unlink()
    assert desk.refusal_of(release) == "ReleaseRefused same-person"
    file.write_text(sound)
    assert desk.approve(release)


@pytest.mark.parametrize(
    "roles",
    [
        "anna:clinician\nruth:clinician\n",
        "anna:clinician\nruth:auditor,administrator\n",
        "anna:clinician\n",
        "anna:clinician\nruth:approver\nruth:approver\n",
        "anna:clinician\nruth:approver,owner\n",
        "anna:clinician\nruth :approver x\n",
    ],
)
def test_without_the_role_nobody_approves(desk: Desk, roles: str) -> None:
    release = desk.request()
    sound = (desk.scene.folder / "roles").read_text()
    (desk.scene.folder / "roles").write_text(roles)
    assert desk.refusal_of(release) == "LoginRefused role"
    assert not approvals(desk)
    (desk.scene.folder / "roles").write_text(sound)
    assert desk.approve(release)


def test_without_the_role_nobody_asks(desk: Desk) -> None:
    (desk.scene.folder / "roles").write_text("ruth:approver\n")
    with pytest.raises(CallError, match="ReleaseRefused"):
        desk.request()
    assert reasons(desk) == ["role"]


def test_a_wrong_pin_approves_nothing(desk: Desk, login: Login) -> None:
    release = desk.request()
    login.denial = "wrong-token"
    assert desk.refusal_of(release) == "LoginRefused wrong-token"
    login.denial = None
    assert desk.approve(release)


def test_a_request_that_expired_stays_so(desk: Desk) -> None:
    desk.scene.clock.seconds += 500
    desk.scene.act_for_kiosk("Touch", desk.session)
    release = desk.request()
    desk.scene.clock.seconds += 900
    assert desk.refusal_of(release) == "ReleaseRefused expired"
    desk.scene.clock.seconds -= 800
    assert desk.refusal_of(release) == "ReleaseRefused decided"
    assert reasons(desk) == ["expired", "decided"]


def test_a_request_that_expires_while_the_second_person_logs_in(desk: Desk, login: Login) -> None:
    release = desk.request()

    def slowly() -> None:
        desk.scene.clock.seconds += 900

    login.during = slowly
    assert desk.refusal_of(release) == "ReleaseRefused expired"


def test_another_hash_is_neither_asked_for_nor_approved(desk: Desk) -> None:
    with pytest.raises(CallError, match="ReleaseRefused"):
        desk.request(sha256=OTHER_HASH)
    desk.scene.clock.seconds += 60
    release = desk.request()
    assert desk.refusal_of(release, sha256=OTHER_HASH) == "ReleaseRefused other-result"
    assert desk.approve(release)


def test_a_result_that_changed_is_not_released(desk: Desk) -> None:
    release = desk.request()
    desk.put(OTHER)
    assert desk.refusal_of(release) == "ReleaseRefused changed"
    desk.put(RESULT)
    assert desk.refusal_of(release) == "ReleaseRefused decided"
    assert not approvals(desk)


def test_a_number_without_a_result_is_refused(desk: Desk) -> None:
    with pytest.raises(CallError, match="Failed"):
        desk.request(item=ITEM + 1)
    assert desk.logged() == []


def test_a_worker_that_sends_something_else_gets_it_nowhere(desk: Desk) -> None:
    """It was taken over: it measures what was approved, and writes another file."""
    release = desk.request()
    for other in (OTHER, RESULT[:-1], RESULT + b"!", b"", RESULT[:-1] + b"?"):
        for worker in desk.scene.workers.values():
            worker.sends = other
        assert desk.refusal_of(release) == "ReleaseRefused error"
        desk.scene.clock.seconds += 60
        release = desk.request()
    assert desk.scene.releaser.taken == {}
    for worker in desk.scene.workers.values():
        worker.sends = None
    assert desk.approve(release)


def test_an_approval_counts_once(desk: Desk) -> None:
    release = desk.request()
    number = desk.approve(release)
    assert desk.refusal_of(release) == "ReleaseRefused decided"
    assert [*desk.scene.releaser.taken] == [number]
    assert approvals(desk) == 1


def test_an_approval_whose_hand_over_failed_is_not_used_again(desk: Desk) -> None:
    release = desk.request()
    for worker in desk.scene.workers.values():
        worker.sends = b""
    assert desk.refusal_of(release) == "ReleaseRefused error"
    for worker in desk.scene.workers.values():
        worker.sends = None
    assert desk.refusal_of(release) == "ReleaseRefused decided"


def test_two_approvals_at_the_same_time_are_one(desk: Desk) -> None:
    release = desk.request()
    desk.scene.tokens.add("hidraw1")
    wanted = broker_api.ApproveRelease(release, "ruth", PIN, HASH)
    meet = Barrier(4)
    answers: list[object] = []

    def approve() -> None:
        meet.wait()
        try:
            answers.append(desk.scene.call_as(KIOSK, "ApproveRelease", wanted))
        except CallError as refused:
            answers.append(refused)

    threads = [Thread(target=approve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(one, broker_api.Released) for one in answers) == 1
    assert approvals(desk) == 1
    assert len(desk.scene.releaser.taken) == 1


def lock(desk: Desk) -> None:
    desk.scene.act_for_kiosk("Lock", desk.session)


def lock_and_reopen(desk: Desk) -> None:
    lock(desk)
    wanted = broker_api.Reopen(desk.session, "anna", PIN)
    opened = desk.scene.call_as(KIOSK, "Reopen", wanted)
    desk.scene.handles[desk.session] = opened.handle


def pull_the_token(desk: Desk) -> None:
    desk.scene.tokens.discard("hidraw0")
    desk.scene.broker.tick()


def close(desk: Desk) -> None:
    desk.scene.tokens.discard("hidraw0")  # its person goes, and takes it along
    desk.scene.act_for_kiosk("Close", desk.session)


@pytest.mark.parametrize("happens", [lock, lock_and_reopen, pull_the_token, close])
def test_a_request_ends_with_each_lock_and_with_the_session(
    desk: Desk, happens: Callable[[Desk], None]
) -> None:
    release = desk.request()
    happens(desk)
    assert desk.refusal_of(release) == "ReleaseRefused not-open"
    assert not approvals(desk)
    assert not desk.scene.releaser.expected


@pytest.mark.parametrize("happens", [lock, pull_the_token, close])
def test_a_session_that_ends_while_the_second_person_logs_in(
    desk: Desk, login: Login, happens: Callable[[Desk], None]
) -> None:
    release = desk.request()
    login.during = lambda: happens(desk)
    assert desk.refusal_of(release) == "ReleaseRefused not-open"
    assert not approvals(desk)


def test_a_session_that_locks_during_the_hand_over_cuts_it_off(desk: Desk) -> None:
    """The releaser has read nothing yet, and what it gets from then on is not whole."""
    release = desk.request()
    large = os.urandom(4 << 20)  # more than a socket holds
    desk.put(large)
    desk.scene.clock.seconds += 60
    release = desk.request(sha256=hashlib.sha256(large).hexdigest())
    desk.scene.releaser.during = lambda: lock(desk)
    desk.scene.releaser.waits = True  # for the end that the broker makes, before it reads
    digest = hashlib.sha256(large).hexdigest()
    assert desk.refusal_of(release, sha256=digest) == "ReleaseRefused not-open"
    assert desk.scene.releaser.taken == {}
    assert not any(isinstance(one, events.ReleaseTaken) for one in desk.logged())


def test_a_parked_project_releases_nothing(scene: Scene) -> None:
    desk = Desk(scene)
    session = scene.open_as("anna", "film").session
    desk.put(RESULT)
    release = desk.request(session=session)
    scene.act_for_kiosk("Leave", session)
    assert desk.refusal_of(release) == "ReleaseRefused not-open"


def test_another_session_s_request_is_not_this_one_s(scene: Scene) -> None:
    """Two sessions with a result of the same number: only what was asked for leaves."""
    desk = Desk(scene)
    release = desk.request()
    scene.workers["w1"].results[ITEM] = OTHER
    assert desk.refusal_of(release, sha256=OTHER_HASH) == "ReleaseRefused other-result"


@pytest.mark.parametrize("handle", ["0" * 64, "f" * 64])
def test_without_the_handle_of_a_session_nobody_asks(desk: Desk, handle: str) -> None:
    wanted = broker_api.RequestRelease(handle, ITEM, HASH)
    assert desk.scene.refusal("RequestRelease", wanted) == "NoSuchSession"
    with pytest.raises(CallError, match="NoSuchSession"):
        desk.scene.call_as(KIOSK + 1, "RequestRelease", desk_request(desk))


def desk_request(desk: Desk) -> broker_api.RequestRelease:
    return broker_api.RequestRelease(desk.scene.handles[desk.session], ITEM, HASH)


def test_a_guessed_request_is_answered_before_a_login(desk: Desk, login: Login) -> None:
    asked = len(login.asked)
    assert desk.refusal_of("0" * 16) == "NoSuchRelease"
    assert len(login.asked) == asked
    assert desk.logged() == []


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("Measure", worker_control_api.Measure(ITEM)),
        ("Show", worker_control_api.Show(ITEM, HASH)),
        ("Release", worker_control_api.Release(ITEM, HASH, 1)),
    ],
)
def test_a_caller_of_the_worker_cannot_call_what_the_broker_calls(
    desk: Desk, method: str, parameters: msgspec.Struct
) -> None:
    opened, descriptors = desk.scene.client.call(
        f"{broker_api.NAME}.Open",
        broker_api.Open("anna", PIN),
        gives=broker_api.Opened,
        attached=1,
    )
    assert opened.session
    caller = Client(Connection(socket.socket(fileno=descriptors[0])))
    with closing(caller), pytest.raises(CallError, match="InterfaceNotFound"):
        caller.call(f"{worker_control_api.NAME}.{method}", parameters, gives=Empty)

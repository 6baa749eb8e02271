"""What the broker does, as its callers see it, with stand-ins for keepers, ledger and workers."""

from __future__ import annotations

import re
import socket
from contextlib import closing
from datetime import timedelta

import pytest

from appliance.audit.entries.events import (
    DeviceRefused,
    LoginRefused,
    SessionOpened,
    SessionWipeFailed,
    TokenRemoved,
)
from appliance.keeper.protocol import Command, Erasure
from appliance.policy.policy import Policy
from appliance.protocols import broker_api
from appliance.session.login import Denial
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError, Empty
from tests.session.scene import KIOSK, PIN, SLOTS, Login, Scene
from tests.session.standins import until


def test_it_offers_what_its_interface_describes(scene: Scene) -> None:
    methods = scene.broker.service(kiosk=1000).methods
    described = re.findall(r"^method (\w+)\(", broker_api.DESCRIPTION, re.MULTILINE)
    assert set(methods) == set(described)
    users = {name: method.users for name, method in methods.items()}
    for told_by_udev in ("TokenRemoved", "DeviceRefused"):
        assert users.pop(told_by_udev) == frozenset({0})
    assert set(users.values()) == {frozenset({0, 1000})}


def test_a_session_opens_with_a_connection_to_its_worker(scene: Scene) -> None:
    wanted = broker_api.Open("anna", PIN, patient="4711")
    opened, descriptors = scene.client.call(
        f"{broker_api.NAME}.Open", wanted, gives=broker_api.Opened, attached=1
    )
    with closing(Client(Connection(socket.socket(fileno=descriptors[0])))) as worker:
        worker.call("io.faceappliance.Worker.Cancel", gives=Empty)
    assert scene.workers["w0"].begun == [opened.session]
    assert scene.states() == {opened.session: "active"}
    assert [entry.session for entry in scene.journal.entries()] == [opened.session]
    event = scene.ledger.events[-1]
    assert isinstance(event, SessionOpened)
    assert event.patient is not None


@pytest.mark.parametrize("denial", ["wrong-token", "no-touch", "locked-out", "error"])
def test_a_keeper_starts_during_the_login_and_ends_if_the_person_is_refused(
    scene: Scene, login: Login, denial: Denial
) -> None:
    login.denial = denial
    with pytest.raises(CallError, match="LoginRefused"):
        scene.ask("Open", broker_api.Open("anna", PIN), broker_api.Opened)
    assert login.asked == ["anna by fido2"]
    assert [keeper.asked for keeper in scene.keepers] == [["start keeper", "hang up"]]
    assert scene.ledger.events == [LoginRefused(denial, "f" * 32)]
    assert scene.states() == {}


def test_a_token_that_is_pulled_during_the_login_admits_no_one(scene: Scene) -> None:
    scene.tokens.clear()
    with pytest.raises(CallError, match="LoginRefused"):
        scene.ask("Open", broker_api.Open("anna", PIN), broker_api.Opened)
    assert scene.ledger.events == [LoginRefused("no-token", "f" * 32)]


def test_failures_make_the_next_login_wait_and_pam_is_not_asked(scene: Scene, login: Login) -> None:
    login.denial = "wrong-token"
    for _ in range(4):
        with pytest.raises(CallError, match="LoginRefused"):
            scene.ask("Open", broker_api.Open("anna", PIN), broker_api.Opened)
    assert len(login.asked) == Policy().token.attempts == 2  # before a card blocks itself
    assert scene.ledger.events[-1] == LoginRefused("locked-out", "f" * 32)
    login.denial = None
    scene.clock.seconds += 30
    scene.open()


def test_there_are_as_many_sessions_as_slots(scene: Scene) -> None:
    sessions = {scene.open()[0] for _ in SLOTS}
    with pytest.raises(CallError, match="NoFreeSlot"):
        scene.ask("Open", broker_api.Open("anna", PIN), broker_api.Opened)
    assert set(scene.states()) == sessions


def test_a_lock_by_hand_is_not_called_idle(scene: Scene) -> None:
    session, _ = scene.open()
    scene.act("Lock", session)
    scene.after(300)
    assert scene.states() == {}
    assert scene.closing_reason() == "lock"


def test_only_the_owner_of_a_locked_session_gets_back_in(scene: Scene, login: Login) -> None:
    session, keeper = scene.open()
    scene.act("Lock", session)
    with pytest.raises(CallError, match="LoginRefused"):
        scene.ask("Reopen", broker_api.Reopen(session, "bert", PIN), broker_api.Opened)
    assert login.asked == ["anna by fido2"]  # for Open alone
    scene.log_in("Reopen", broker_api.Reopen(session, "anna", PIN))
    assert keeper.asked == [Command.FREEZE, Command.THAW]
    assert scene.states() == {session: "active"}


def test_where_all_is_well_a_tick_changes_nothing(scene: Scene) -> None:
    session, keeper = scene.open()
    scene.broker.tick()
    assert (scene.states(), keeper.asked, scene.ledger.events) == ({session: "active"}, [], [])


def test_a_pulled_token_locks_and_is_logged(scene: Scene) -> None:
    session, keeper = scene.open()
    scene.tokens.clear()
    scene.broker.tick()
    assert (scene.states(), keeper.asked) == ({session: "locked"}, [Command.FREEZE])
    assert scene.ledger.events == [TokenRemoved(session, "f" * 32)]


def test_what_udev_reports_locks_at_once(scene: Scene) -> None:
    session, _ = scene.open()
    scene.ask("TokenRemoved", broker_api.TokenRemoved("hidraw7"), Empty)
    assert scene.states() == {session: "active"}
    scene.ask("TokenRemoved", broker_api.TokenRemoved("hidraw0"), Empty)
    assert scene.states() == {session: "locked"}


def test_a_device_that_was_refused_is_logged_by_its_kind_alone(scene: Scene) -> None:
    scene.ask("DeviceRefused", broker_api.DeviceRefused("storage"), Empty)
    assert scene.ledger.events == [DeviceRefused("storage")]
    with pytest.raises(CallError):
        scene.ask("DeviceRefused", broker_api.TokenRemoved("a stick of anna"), Empty)
    assert scene.ledger.events == [DeviceRefused("storage")]


def test_without_the_ledger_sessions_lock_and_none_opens(scene: Scene) -> None:
    session, _ = scene.open()
    scene.ledger.reachable = False
    scene.broker.tick()
    assert scene.states() == {session: "locked"}
    with pytest.raises(CallError, match="LedgerGone"):
        scene.ask("Open", broker_api.Open("anna", PIN), broker_api.Opened)


def test_a_wipe_without_the_ledger_is_logged_once_it_is_back(scene: Scene) -> None:
    session, keeper = scene.open()
    scene.ledger.reachable = False
    with pytest.raises(CallError, match="LedgerGone"):
        scene.act("Close", session)
    scene.broker.tick()
    assert (scene.states(), keeper.asked) == ({session: "wiped"}, [Command.WIPE])
    assert len(scene.journal.entries()) == 1
    scene.ledger.reachable = True
    scene.broker.tick()
    assert scene.states() == {}
    assert scene.closing_reason() == "user"
    assert scene.journal.entries() == []


def test_an_idle_session_locks_and_is_then_wiped(scene: Scene) -> None:
    session, keeper = scene.open()
    scene.after(599)
    scene.act("Touch", session)
    scene.after(599)
    assert scene.states() == {session: "active"}
    scene.after(1)
    assert scene.states() == {session: "locked"}
    scene.after(299)
    assert scene.states() == {session: "locked"}
    scene.after(1)
    assert scene.states() == {}
    assert keeper.asked == [Command.FREEZE, Command.WIPE]
    assert scene.closing_reason() == "idle"
    assert scene.journal.entries() == []


def test_a_project_is_parked_instead_and_ends_with_its_day(scene: Scene) -> None:
    project, keeper = scene.open("film")
    scene.after(600)
    scene.after(300)
    scene.after(300)
    assert scene.states() == {project: "parked"}
    assert keeper.asked == [Command.FREEZE, Command.KILL]
    scene.after(86_400 - 1200)
    assert scene.states() == {}
    assert scene.closing_reason() == "time-limit"


def test_a_parked_project_continues_with_the_next_login(scene: Scene) -> None:
    project, keeper = scene.open("film")
    scene.act("Leave", project)
    again = scene.log_in("Open", broker_api.Open("anna", PIN, "film"))
    assert again == project
    assert keeper.asked == [Command.KILL, Command.START]
    assert scene.states() == {project: "active"}


def test_a_project_locks_and_reopens_with_the_member_who_took_it_up(scene: Scene) -> None:
    annas = scene.open_as("anna", "film")
    scene.act("Leave", annas.session)
    scene.tokens.add("hidraw1")
    scene.tokens.discard("hidraw0")
    berts = scene.open_as("bert", "film")
    assert (berts.session, berts.handle == annas.handle) == (annas.session, False)
    scene.tokens.clear()
    scene.broker.tick()
    assert scene.states() == {annas.session: "locked"}
    scene.tokens.add("hidraw1")
    wanted = broker_api.Reopen(annas.session, "anna", PIN)
    assert scene.refusal("Reopen", wanted) == "LoginRefused wrong-token"
    scene.call_as(KIOSK, "Reopen", broker_api.Reopen(annas.session, "bert", PIN))


def test_a_session_that_is_not_a_project_cannot_be_left(scene: Scene) -> None:
    session, _ = scene.open()
    with pytest.raises(CallError, match="Failed"):
        scene.act("Leave", session)
    assert scene.states() == {session: "active"}


def test_a_project_is_opened_by_its_members_alone(scene: Scene) -> None:
    for user, project in (("bert", "series"), ("anna", "no-such-film")):
        with pytest.raises(CallError, match="Failed"):
            scene.ask("Open", broker_api.Open(user, PIN, project), broker_api.Opened)
    assert scene.states() == {}


@pytest.mark.parametrize("methods", [[], ["Lock"], ["Leave"]])
def test_a_session_that_lost_its_keeper_ends(scene: Scene, methods: list[str]) -> None:
    project, keeper = scene.open("film")
    for method in methods:
        scene.act(method, project)
    keeper.gone = True
    scene.broker.tick()
    assert scene.states() == {}
    assert scene.closing_reason() == "crash"


def test_a_wipe_that_fails_blocks_every_login_until_one_succeeds(scene: Scene) -> None:
    session, keeper = scene.open()
    keeper.erasure = Erasure("ab" * 32, 4, 2, 12, "luks-header-dropped", failed="discard")
    ref = scene.ref(session)
    assert not scene.ask("Close", ref, broker_api.Closed).erasure.clean
    assert scene.states() == {session: "wipe-failed"}
    assert scene.ledger.events[-1] == SessionWipeFailed(session, "discard", 2)
    with pytest.raises(CallError, match="WipeFailed"):
        scene.ask("Open", broker_api.Open("anna", PIN), broker_api.Opened)
    assert len(scene.journal.entries()) == 1
    keeper.erasure = Erasure("ab" * 32, 4, 0, 12, "luks-header-dropped")
    assert scene.ask("Close", ref, broker_api.Closed).erasure.clean
    assert scene.states() == {}


def test_when_the_machine_goes_down_every_session_is_wiped_and_none_opens(scene: Scene) -> None:
    for project in (None, "film"):
        scene.open(project)
    notices: list[str] = []
    assert scene.broker.end_all(lambda: notices.append("one more"))
    assert len(notices) == 2
    assert scene.states() == {}
    assert [keeper.asked for keeper in scene.keepers] == [[Command.WIPE], [Command.WIPE]]
    with pytest.raises(CallError, match="Failed"):
        scene.ask("Open", broker_api.Open("anna", PIN), broker_api.Opened)


def test_workers_of_projects_drop_their_caches_once_a_day(scene: Scene) -> None:
    film, working = scene.open("film")
    series, frozen = scene.open("series")
    scene.act("Lock", series)
    _, other = scene.open()
    scene.broker.tick()
    scene.clock.local += timedelta(hours=15)
    scene.clock.seconds += 100
    scene.broker.tick()
    until(lambda: scene.workers["w0"].forgot == 1)
    forgot = {slot: worker.forgot for slot, worker in scene.workers.items()}
    assert forgot == {"w0": 1, "w1": 0, "w2": 0}
    # Its grace is not longer for it.
    assert {one.times.locked for one in scene.broker._slots.all()} == {None, 1000.0}
    # A frozen worker cannot answer: it is killed, and the next one starts without caches.
    assert frozen.asked == [Command.FREEZE, Command.KILL]
    assert (working.asked, other.asked) == ([], [])
    assert scene.states()[film] == "active"

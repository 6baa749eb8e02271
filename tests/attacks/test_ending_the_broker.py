"""One session, worker or caller must not end the broker, its watch over others, or its descriptors.

``AT_ONCE`` is how often an attacker repeats what might leak: a leak of one each is seen by the
count of open descriptors.
"""

from __future__ import annotations

import errno
import os
import socket
from array import array
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread

import pytest

from appliance.audit.entries import events
from appliance.audit.service.client import AuditClient
from appliance.errors import LedgerError, SessionError, WireError
from appliance.keeper.protocol import Command
from appliance.protocols import broker_api
from appliance.protocols import worker_control_api as control_api
from appliance.session import watch
from appliance.session.ledger_connection import LedgerConnection
from appliance.session.worker_control import WorkerControl
from appliance.wire.message import Empty
from tests.session.scene import PIN, Login, Scene, scene_in
from tests.session.standins import StandInKeeper, silent_ledger, until

AT_ONCE = 50


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def bugs(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """What was reported as a bug."""
    found: list[BaseException] = []
    monkeypatch.setattr(watch, "report_bug", found.append)
    return found


def _with_two(scene: Scene) -> tuple[str, str]:
    return scene.open_as("anna").session, scene.open_as("anna").session


# Descriptors.


@dataclass
class NoStart(StandInKeeper):
    """Starts one worker, and no other."""

    def execute(self, command: Command) -> None:
        if command is Command.START and Command.START in self.asked:
            raise SessionError("systemctl start failed.", "See its journal.")
        super().execute(command)


def test_by_connections_to_the_ledger_of_workers_that_do_not_start(
    tmp_path: Path, login: Login
) -> None:
    with scene_in(tmp_path, login, keeper=NoStart) as scene:
        opened = scene.open_as("anna")
        for _ in range(AT_ONCE):
            scene.workers["w0"].die()
            until(lambda: not scene.call_as(0, "List", Empty()).sessions[0].worker)
            assert scene.refusal("Attach", broker_api.SessionRef(opened.handle)) == "Failed"
            reopened = broker_api.Reopen(opened.session, "anna", PIN)
            scene.refusal("Reopen", reopened)
        # The control: there were as many connections as tries, and each of them is closed.
        assert len(scene.ledger.workers) > AT_ONCE
        assert {ledger.fileno() for ledger in scene.ledger.workers} == {-1}


@pytest.mark.parametrize(
    "answer", [b'{"parameters":{"jobs":0},"continues":true}', b'{"error":"x.Y"}']
)
def test_by_a_worker_that_sends_descriptors(tmp_path: Path, answer: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(os.fspath(tmp_path / "w0.sock"))
        listener.listen()

        def worker() -> None:
            for _ in range(AT_ONCE):
                caller, _ = listener.accept()
                with caller:
                    caller.recv(4096)
                    rights = array("i", [0, 0, 0])
                    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)]
                    assert caller.sendmsg([answer + b"\0"], ancillary) > 0  # the control

        before = _descriptors()
        thread = Thread(target=worker)
        thread.start()
        for _ in range(AT_ONCE):
            begin, ledger = control_api.Begin("0" * 16, "0" * 64), silent_ledger()
            with pytest.raises((WireError, SessionError)):
                WorkerControl.begin(tmp_path / "w0.sock", begin, ledger, 60.0)
            ledger.close()
        thread.join()
        assert _descriptors() == before


def test_by_a_daemon_that_refuses_to_restrict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise LedgerError("It does not.", "Wait.")

    monkeypatch.setattr(AuditClient, "restrict", refuse)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(os.fspath(tmp_path / "audit.sock"))
        listener.listen(AT_ONCE)
        before = _descriptors()
        for _ in range(AT_ONCE):
            with pytest.raises(LedgerError, match="does not"):
                LedgerConnection(tmp_path / "audit.sock").for_worker("0" * 16)
        assert _descriptors() == before


# The watch over all sessions.


def _raises(*_: object) -> bool:
    raise ValueError("a bug")


def _cannot_look() -> frozenset[str]:
    raise OSError(errno.EMFILE, "Too many open files")


def test_by_a_session_that_cannot_be_watched(scene: Scene, bugs: list[BaseException]) -> None:
    attackers, others = _with_two(scene)
    scene.keepers[0].is_gone = _raises  # type: ignore[method-assign]
    scene.tokens.clear()
    scene.broker.tick()
    assert bugs  # the control: it was raised
    assert scene.states() == {attackers: "locked", others: "locked"}
    scene.tokens.add("hidraw0")
    scene.broker.tick()  # what fails again ends
    assert scene.states() == {others: "locked"}


def test_by_a_session_whose_lock_fails_with_a_bug(
    scene: Scene, bugs: list[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    attackers, others = _with_two(scene)
    monkeypatch.setattr(scene.keepers[0], "execute", _raises)
    scene.tokens.clear()
    scene.broker.tick()
    assert bugs
    assert attackers not in scene.states()  # what cannot be locked ends
    assert scene.states() == {others: "locked"}


def test_by_taking_what_a_look_at_the_tokens_needs(scene: Scene, bugs: list[BaseException]) -> None:
    sessions = _with_two(scene)
    scene.broker.tick()
    assert set(scene.states().values()) == {"active"}  # the control
    around = replace(scene.broker._environment, tokens=_cannot_look)
    scene.broker._watch._environment = around
    scene.broker.tick()
    assert bugs
    assert scene.states() == dict.fromkeys(sessions, "locked")  # in doubt, no token is there


def test_by_taking_all_threads(tmp_path: Path, login: Login, bugs: list[BaseException]) -> None:
    left = [True]

    def spawn(act: Callable[[], object]) -> None:
        if not left[0]:
            raise RuntimeError("can't start new thread")
        act()

    with scene_in(tmp_path, login, spawn=spawn) as scene:
        session, _ = _with_two(scene)
        left[0] = False
        scene.tokens.clear()
        scene.broker.tick()
        assert bugs
        assert scene.refusal("Attach", scene.ref(session)) == "Failed"  # nobody is let in
        left[0] = True
        scene.broker.tick()
        assert set(scene.states().values()) == {"locked"}


def test_by_an_end_that_fails_half_way(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger has the erasure once, however often the journal cannot be written."""
    session, _ = scene.open()
    monkeypatch.setattr(type(scene.journal), "remove", _raises)
    with pytest.raises(Exception, match="Bug"):
        scene.ask("Close", scene.ref(session), broker_api.Closed)
    scene.broker.tick()
    scene.broker.tick()
    assert len(scene.ledger.events) == 2
    assert scene.states() == {session: "wiped"}
    monkeypatch.undo()
    scene.broker.tick()
    assert scene.states() == {}
    assert len(scene.ledger.events) == 2


def test_by_a_slot_that_is_never_given_back(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(scene.journal), "add", _raises)
    for _ in range(5):
        with pytest.raises(ValueError, match="a bug"):
            scene.open_as("anna")
    monkeypatch.undo()
    assert [scene.open_as("anna") for _ in range(3)]


def test_by_a_number_of_jobs_that_no_ledger_takes(scene: Scene) -> None:
    session, _ = scene.open()
    for jobs in (1 << 70, -1):
        scene.workers["w0"].reports[0](control_api.Jobs(jobs))
    scene.ask("Close", scene.ref(session), broker_api.Closed)
    assert scene.closing_reason() == "user"
    (closed,) = [event for event in scene.ledger.events if isinstance(event, events.SessionClosed)]
    assert closed.jobs is not None
    assert 0 <= closed.jobs < 2**53


def test_a_session_that_can_be_neither_frozen_nor_killed_ends(scene: Scene) -> None:
    _, keeper = scene.open()

    def fails(command: Command) -> None:
        keeper.asked.append(command)
        raise SessionError("The keeper is gone.", "Wait.")

    keeper.execute = fails  # type: ignore[method-assign]
    scene.tokens.clear()
    scene.broker.tick()
    assert keeper.asked == [Command.FREEZE, Command.KILL, Command.WIPE]
    assert scene.states() == {}
    kinds = [type(event).__name__ for event in scene.ledger.events]
    assert kinds == ["SessionClosed", "SessionWiped"]
    assert scene.closing_reason() == "crash"

"""What a visit makes of a worker that ends, with one that stands in for it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest

from appliance.audit.service.client import AuditClient
from appliance.errors import SessionError
from appliance.keeper.protocol import Command
from appliance.session import session as visits
from appliance.session.session import Session
from appliance.session.state import Limits


@dataclass
class Keeping:
    """A keeper to whom all succeeds."""

    told: list[Command] = field(default_factory=list)

    def tell(self, word: Command) -> None:
        self.told.append(word)


@dataclass
class Worker:
    """Listens as systemd does; ``answers``: what it says before it hangs up."""

    path: Path
    answers: bytes = b""

    def serve(self, listener: socket.socket) -> None:
        with listener:
            while True:
                try:
                    caller, _ = listener.accept()
                except OSError:
                    return
                with caller:
                    _hear_out(caller)
                    caller.send(self.answers)


def _hear_out(caller: socket.socket) -> None:
    """Read a whole call; it may come in pieces."""
    while (piece := caller.recv(4096)) and not piece.endswith(b"\0"):
        pass


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    monkeypatch.setattr(visits, "_WORKERS", tmp_path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(os.fspath(tmp_path / "w0.sock"))
    listener.listen()
    one = Worker(tmp_path / "w0.sock")
    Thread(target=one.serve, args=(listener,), daemon=True).start()
    yield one
    listener.shutdown(socket.SHUT_RDWR)


def _line() -> AuditClient:
    ours, theirs = socket.socketpair()
    theirs.close()
    return AuditClient(ours.detach())


def _started(visit: Session) -> None:
    """Start a worker and wait for its end."""
    visit.start_worker("0" * 64, _line())
    until = time.monotonic() + 20
    while visit.has_worker:
        assert time.monotonic() < until
        time.sleep(0.01)


def _visit() -> tuple[Session, Keeping]:
    keeper = Keeping()
    limits = Limits(60, 600, 60)
    return Session("w0", keeper, limits, 0, "anna", "f" * 32, frozenset()), keeper  # type: ignore[arg-type]


@pytest.mark.usefixtures("worker")
def test_a_worker_that_never_served_is_said_once_and_then_tried_again() -> None:
    visit, keeper = _visit()
    _started(visit)
    with pytest.raises(SessionError, match="before it served"):
        visit.start_worker("0" * 64, _line())
    assert keeper.told == [Command.START]
    _started(visit)
    assert keeper.told == [Command.START, Command.START]


def test_one_that_served_and_died_is_followed_by_another_at_once(worker: Worker) -> None:
    worker.answers = b'{"parameters":{"jobs":2},"continues":true}\0'
    visit, keeper = _visit()
    _started(visit)
    assert visit.jobs == 2
    _started(visit)
    assert keeper.told == [Command.START, Command.START]

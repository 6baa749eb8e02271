"""What a session makes of a worker that ends, with one that stands in for it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest

from appliance.errors import SessionError
from appliance.keeper.protocol import Command
from appliance.session.session import Session
from appliance.session.state import Limits
from tests.session.standins import StandInKeeper, silent_ledger, until


@dataclass
class DyingWorker:
    """Listens as systemd does; sends ``answers`` to each call, then hangs up."""

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
                    _read_call(caller)
                    caller.send(self.answers)


def _read_call(caller: socket.socket) -> None:
    """Read a whole call, which may come in pieces."""
    while (piece := caller.recv(4096)) and not piece.endswith(b"\0"):
        pass


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[DyingWorker]:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(os.fspath(tmp_path / "w0.sock"))
    listener.listen()
    one = DyingWorker(tmp_path / "w0.sock")
    thread = Thread(target=one.serve, args=(listener,), daemon=True)
    thread.start()
    yield one
    listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def _session(worker: DyingWorker) -> tuple[Session, StandInKeeper]:
    keeper = StandInKeeper()
    session = Session(
        slot="w0",
        keeper=keeper,
        limits=Limits(60, 600, 60),
        caller=0,
        user="anna",
        subject="f" * 32,
        tokens=frozenset(),
        worker_socket=worker.path,
    )
    return session, keeper


def _start_and_end(session: Session) -> None:
    session.start_worker("0" * 64, silent_ledger())
    until(lambda: not session.has_worker)


def test_a_worker_that_never_served_is_reported_once_and_then_tried_again(
    worker: DyingWorker,
) -> None:
    session, keeper = _session(worker)
    _start_and_end(session)
    with pytest.raises(SessionError, match="before it could serve"):
        session.start_worker("0" * 64, silent_ledger())
    assert keeper.asked == [Command.START]
    _start_and_end(session)
    assert keeper.asked == [Command.START, Command.START]


def test_a_worker_that_served_and_died_is_followed_by_another_at_once(worker: DyingWorker) -> None:
    worker.answers = b'{"parameters":{"jobs":2},"continues":true}\0'
    session, keeper = _session(worker)
    _start_and_end(session)
    assert session.jobs == 2
    _start_and_end(session)
    assert session.jobs == 4
    assert keeper.asked == [Command.START, Command.START]

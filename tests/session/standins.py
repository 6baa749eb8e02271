"""Stand-ins for what surrounds a broker: keepers, ledger, workers, clocks."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.pseudonyms import PseudonymKind
from appliance.audit.service.client import AuditClient
from appliance.errors import LedgerError
from appliance.keeper.protocol import Command, Erasure
from appliance.protocols import worker_api
from appliance.wire.message import Empty
from appliance.wire.service import Answer, Method, Request, Service

PATIENCE = 60  # seconds; only a defect takes as long, however busy the machine is
CLEAN = Erasure("ab" * 32, 4, 0, 12, "luks-header-dropped")


def until(true: Callable[[], bool]) -> None:
    """Wait for something that another process or thread does."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def silent_ledger() -> AuditClient:
    """A connection whose other end is gone."""
    ours, theirs = socket.socketpair()
    theirs.close()
    return AuditClient(ours.detach())


@dataclass
class StandInKeeper:
    """Executes every command, and notes what it was asked to do."""

    slot: str = "w0"
    asked: list[Command | str] = field(default_factory=list)
    gone: bool = False
    erasure: Erasure = CLEAN

    def start_keeper(self) -> None:
        self.asked.append("start keeper")

    def execute(self, command: Command) -> None:
        self.asked.append(command)

    def is_gone(self) -> bool:
        return self.gone

    def wipe(self) -> Erasure:
        self.asked.append(Command.WIPE)
        return self.erasure

    def hang_up(self) -> None:
        self.asked.append("hang up")


@dataclass
class StandInLedger:
    """Is reachable, or not, and keeps the events."""

    reachable: bool = True
    events: list[AnyEvent] = field(default_factory=list)

    def alive(self) -> bool:
        return self.reachable

    def append(self, *events: AnyEvent) -> None:
        if not self.reachable:
            raise LedgerError("The ledger is gone.", "Wait.")
        self.events += events

    def pseudonym(self, kind: PseudonymKind, value: str) -> str:
        return "f" * 32

    def for_worker(self, session: str) -> AuditClient:
        return silent_ledger()


@dataclass
class StandInClock:
    """Seconds that pass when a test says so, and a time of day."""

    seconds: float = 1000.0
    local: datetime = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

    def __call__(self) -> float:
        return self.seconds

    def local_time(self) -> datetime:
        return self.local


class StandInWorker:
    """Serves a session at a socket for as long as the test runs, and counts what it is asked."""

    def __init__(self, folder: Path, slot: str) -> None:
        self.forgot = 0
        self._closing = Event()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(os.fspath(folder / f"{slot}.sock"))
        self._listener.listen()
        methods: dict[str, Method[Any]] = {
            "Begin": Method(worker_api.Begin, self._begin),
            "Forget": Method(Empty, self._forget),
        }
        service = Service(worker_api.NAME, worker_api.DESCRIPTION, methods, lambda _: None)
        self._thread = Thread(target=service.listen, args=(self._listener,), daemon=True)
        self._thread.start()

    def _begin(self, _request: Request[worker_api.Begin]) -> Answer:
        self._closing.wait()
        return Answer(worker_api.Jobs(0))

    def _forget(self, _request: Request[Empty]) -> Answer:
        self.forgot += 1
        return Answer()

    def close(self) -> None:
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

"""A real audit daemon, as the broker connects to it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.reader import LogLine, read_lines
from appliance.audit.tlog.reader import LedgerReader
from appliance.session.ledger_connection import LedgerConnection
from tests.session.scene import Login, Scene, scene_in
from tests.session.standins import until


class Daemon:
    """``appliance-audit`` at a socket of its own; this process is its broker."""

    def __init__(self, folder: Path) -> None:
        self._ledger = folder / "ledger"
        self.socket = folder / "audit.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "appliance.audit", "--create"),
                *("--ledger", self._ledger, "--listen", self.socket),
                *("--peer", f"broker={os.getuid()}"),
            ]
        )
        until(lambda: LedgerConnection(self.socket).alive())

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def events(self) -> list[AnyEvent]:
        """What the broker has logged."""
        return [line.entry.event for line in self._lines() if line.entry.by == "broker"]

    def at(self, index: int) -> AnyEvent:
        """The event at an index of the ledger."""
        return self._lines()[index].entry.event

    def _lines(self) -> list[LogLine]:
        store = LedgerReader(self._ledger)
        return list(read_lines(store, store.checkpoint(store.verifier())))


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    one = Daemon(tmp_path)
    one.start()
    yield one
    one.kill()


@pytest.fixture
def login() -> Login:
    return Login()


@pytest.fixture
def scene(tmp_path: Path, login: Login) -> Iterator[Scene]:
    with scene_in(tmp_path, login) as made:
        yield made

"""A keeper's own record reaches the ledger, from a keeper alone, and never holds up a wipe."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from appliance.audit.entries.events import WorkspaceErased
from appliance.audit.entries.fields import Role
from appliance.audit.entries.reader import read_lines
from appliance.audit.entries.recorder import Recorder
from appliance.audit.keys.ledger_keys import ANCHOR, LedgerKeys
from appliance.audit.service.daemon import Server
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import Ledger, create_ledger
from appliance.audit.tlog.reader import LedgerReader
from appliance.keeper import ledger
from appliance.keeper.protocol import Erasure

KEY = "ab" * 32
CLEAN = Erasure(KEY, 4, 0, 12, "luks-header-dropped", search="whole")
UNTAKEN = "The ledger did not take"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the keeper looks for the daemon."""
    monkeypatch.setattr(ledger, "AUDIT_SOCKET", tmp_path / "audit.sock")
    return tmp_path / "audit.sock"


@pytest.fixture
def serve(path: Path, tmp_path: Path) -> Iterator[Callable[[Role], LedgerReader]]:
    """Starts a daemon that gives this process a role; its ledger."""
    threads: list[Thread] = []
    stop: list[bool] = []

    def start(role: Role) -> LedgerReader:
        folder, keys_folder = tmp_path / "ledger", tmp_path / "ledger-keys"
        keys = LedgerKeys.create(keys_folder, "example.test/log")
        anchor = FileAnchor(keys_folder / ANCHOR)
        create_ledger(folder, keys.signer, anchor)
        recorder = Recorder(Ledger(folder, keys.signer, anchor))
        server = Server(recorder, keys.pseudonym, {os.getuid(): role})
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(str(path))
        server.listen(listener)

        def run() -> None:
            server.run(lambda: bool(stop), 0.05)
            server.close()

        threads.append(Thread(target=run))
        threads[0].start()
        return LedgerReader(folder)

    yield start
    stop.append(True)
    for thread in threads:
        thread.join()


def _logged(reader: LedgerReader) -> list[object]:
    store = reader.snapshot()
    lines = read_lines(store, store.checkpoint(store.verifier()))
    return [line.entry.event for line in lines if line.entry.by == "keeper"]


def test_the_record_is_in_the_ledger_when_the_wipe_is_answered(
    serve: Callable[[Role], LedgerReader], capfd: pytest.CaptureFixture[str]
) -> None:
    reader = serve("keeper")
    ledger.log(CLEAN)
    ledger.log(Erasure(KEY, 4, 4, 12, "luks-header-dropped", "discard"))
    assert _logged(reader) == [
        WorkspaceErased(KEY, "luks-header-dropped", 4, 0, "whole", 12),
        WorkspaceErased(KEY, "luks-header-dropped", 4, 4, "partial", 12, "discard"),
    ]
    assert UNTAKEN not in capfd.readouterr().err


@pytest.mark.parametrize("role", ["broker", "worker"])
def test_no_other_process_can_write_that_record(
    serve: Callable[[Role], LedgerReader], capfd: pytest.CaptureFixture[str], role: Role
) -> None:
    reader = serve(role)
    ledger.log(CLEAN)
    assert _logged(reader) == []
    assert UNTAKEN in capfd.readouterr().err


def test_without_a_ledger_the_wipe_goes_on(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert not path.exists()
    ledger.log(CLEAN)
    assert UNTAKEN in capfd.readouterr().err


def test_a_ledger_that_never_answers_does_not_hold_up_the_wipe(
    path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ledger, "_PATIENCE", 0.05)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(path))
        listener.listen()
        ledger.log(CLEAN)
    assert UNTAKEN in capfd.readouterr().err

"""The ledger's daemon, as systemd's watchdog sees it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.audit.entries.recorder import Recorder
from appliance.audit.keys.ledger_keys import LedgerKeys
from appliance.audit.keys.locations import create_if_missing
from appliance.audit.service.daemon import Server
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import Ledger
from tests.paths import REPOSITORY


@contextmanager
def _daemon(folder: Path, notify: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "appliance.audit", "--create"]
    command += ["--ledger", str(folder / "ledger"), "--listen", str(folder / "audit.sock")]
    process = subprocess.Popen(
        command, cwd=REPOSITORY, env={**os.environ, "NOTIFY_SOCKET": str(notify)}
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_the_daemon_reports_that_it_is_ready_and_that_its_loop_runs(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(os.fspath(tmp_path / "notify"))
        systemd.settimeout(120)  # without systemd's library the daemon reports nothing, ever
        with _daemon(tmp_path, tmp_path / "notify"):
            assert systemd.recv(64) == b"READY=1"
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as caller:
                caller.connect(os.fspath(tmp_path / "audit.sock"))
                assert systemd.recv(64) == b"WATCHDOG=1"


def test_rounds_go_on_although_nobody_calls(tmp_path: Path) -> None:
    folder, keys_folder = tmp_path / "ledger", tmp_path / "keys"
    anchor = FileAnchor(keys_folder / "anchor")
    create_if_missing(folder, keys_folder, anchor)
    keys = LedgerKeys.load(keys_folder)
    server = Server(Recorder(Ledger(folder, keys.signer, anchor)), keys.pseudonym)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(os.fspath(tmp_path / "audit.sock"))
        server.listen(listener)
        rounds = iter([False, False, False, True])
        server.run(lambda: next(rounds), longest=0.01)
        assert next(rounds, None) is None
        server.close()

"""The policy sets how much the daemon logs for its operator."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest


def _logged_by_daemon(folder: Path, level: str) -> str:
    """The log of a daemon that was called by a user without a role."""
    (folder / "policy.yaml").write_text(f"system: {{log_level: {level}}}\n")
    path = folder / "audit.sock"
    command = [sys.executable, "-m", "appliance.audit", "--create", "--peer", "broker=4000000"]
    command += ["--ledger", str(folder / "ledger"), "--listen", str(path)]
    command += ["--policy", str(folder / "policy.yaml")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as caller:
                # It has its name a moment before anybody may connect.
                while caller.connect_ex(str(path)) and daemon.poll() is None:
                    time.sleep(0.02)
                if daemon.poll() is None:
                    assert caller.recv(1) == b""  # the connection is closed after it was logged
        finally:
            daemon.terminate()
        assert daemon.stderr
        return daemon.stderr.read()


@pytest.mark.parametrize(("level", "lines"), [("warning", 1), ("error", 0)])
def test_a_warning_is_logged_at_its_level_only(tmp_path: Path, level: str, lines: int) -> None:
    output = _logged_by_daemon(tmp_path, level)
    assert output.count('level=warning event="peer refused"') == lines
    assert output.count("\n") == lines


def test_the_daemon_refuses_a_malformed_policy(tmp_path: Path) -> None:
    output = _logged_by_daemon(tmp_path, "debug")
    assert "policy.yaml, line 1, system.log_level" in output

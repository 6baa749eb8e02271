"""How much the daemon tells whoever runs it is the policy's to say."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest


def _told(folder: Path, level: str) -> str:
    """What a daemon says of a caller that it does not know."""
    (folder / "policy.yaml").write_text(f"system: {{log_level: {level}}}\n")
    path = folder / "audit.sock"
    command = [sys.executable, "-m", "appliance.audit", "--create", "--peer", "broker=4000000"]
    command += ["--ledger", str(folder / "ledger"), "--listen", str(path)]
    command += ["--policy", str(folder / "policy.yaml")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
        try:
            while not path.exists() and daemon.poll() is None:
                time.sleep(0.02)
            if daemon.poll() is None:
                with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as caller:
                    caller.connect(str(path))
                    assert caller.recv(1) == b""  # turned away, and told of by then
        finally:
            daemon.terminate()
        assert daemon.stderr
        return daemon.stderr.read()


@pytest.mark.parametrize(("level", "lines"), [("warning", 1), ("error", 0)])
def test_a_warning_is_told_at_its_level_only(tmp_path: Path, level: str, lines: int) -> None:
    said = _told(tmp_path, level)
    assert said.count('level=warning event="peer refused"') == lines
    assert said.count("\n") == lines


def test_a_policy_that_is_none_is_no_daemon(tmp_path: Path) -> None:
    said = _told(tmp_path, "debug")
    assert "policy.yaml, line 1, system.log_level" in said

"""What a service takes from systemd and tells it, through systemd's own library."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from appliance.errors import WireError
from appliance.wire import activation
from appliance.wire.activation import (
    WATCHDOG_INTERVAL,
    Watchdog,
    extend_timeout,
    listening_socket,
    notify_ready,
)

# As systemd does: sockets from descriptor 3 on, and variables with their names and the process.
_HAND_OVER = (
    'exec 3<&0 4<&1; export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES="$1"; exec "$0" -c "$2"'
)
_SERVE = """
import socket
from appliance.wire.activation import listening_socket
listening_socket(socket.SOCK_STREAM, "appliance-x").accept()[0].send(b"served")
"""


def _listener(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.fspath(path))
    listener.listen()
    return listener


@pytest.mark.parametrize(
    ("names", "served"), [("appliance-x:other", "first"), ("other:appliance-x", "second")]
)
def test_a_service_takes_the_socket_of_its_name(tmp_path: Path, names: str, served: str) -> None:
    with (
        _listener(tmp_path / "first") as first,
        _listener(tmp_path / "second") as second,
        socket.socket(socket.AF_UNIX) as caller,
    ):
        caller.connect(os.fspath(tmp_path / served))
        command = ["/bin/sh", "-c", _HAND_OVER, sys.executable, names, _SERVE]
        subprocess.run(command, stdin=first.fileno(), stdout=second.fileno(), check=True)
        assert caller.recv(16) == b"served"


@pytest.mark.parametrize(
    ("process", "count"),
    [(None, None), (0, "1"), (os.getpid(), "0"), (os.getpid(), "1")],
    ids=["unset", "another process", "no socket", "another name"],
)
def test_without_a_socket_of_its_name_for_this_process_it_does_not_start(
    monkeypatch: pytest.MonkeyPatch, process: int | None, count: str | None
) -> None:
    for name, value in (("LISTEN_PID", process), ("LISTEN_FDS", count), ("LISTEN_FDNAMES", "x")):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, str(value))
    with pytest.raises(WireError) as caught:
        listening_socket(socket.SOCK_STREAM, "appliance-x")
    assert "appliance-x" in caught.value.hint


def test_without_the_library_the_hint_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(activation, "daemon", None)
    notify_ready()
    with pytest.raises(WireError) as caught:
        listening_socket(socket.SOCK_STREAM, "appliance-x")
    assert "python3-systemd" in caught.value.hint


def test_systemd_hears_that_a_service_is_ready_and_still_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(os.fspath(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", os.fspath(tmp_path / "notify"))
        notify_ready()
        Watchdog().still_running()
        extend_timeout(1.5)
        heard = [systemd.recv(64) for _ in range(3)]
    assert heard == [b"READY=1", b"WATCHDOG=1", b"EXTEND_TIMEOUT_USEC=1500000"]


def test_the_watchdog_hears_of_rounds_and_of_nothing_else() -> None:
    now = [100.0]
    messages: list[str] = []
    watchdog = Watchdog(messages.append, lambda: now[0])
    assert messages == []  # a loop that never begins is silent
    for _ in range(9):
        watchdog.still_running()
        now[0] += WATCHDOG_INTERVAL / 4
    assert messages == ["WATCHDOG=1"] * 3


def test_a_service_is_ready_and_watched_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    rounds: list[int] = []
    over = Event()
    monkeypatch.setattr(activation, "_notify", sent.append)

    def each_round() -> None:
        rounds.append(1)
        over.set()

    activation.serve_watched(over.wait, each_round)
    assert sent == ["READY=1", "WATCHDOG=1"]
    assert rounds

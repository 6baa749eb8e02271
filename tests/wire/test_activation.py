"""A service takes over the socket that was passed to it, and no other descriptor."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.errors import WireError
from appliance.wire.activation import listening_socket

# As systemd does: the socket is descriptor 3, and the environment says for which process it is.
_HAND_OVER = 'exec 3<&0; export LISTEN_PID=$$ LISTEN_FDS=1; exec "$0" -c "$1"'
_SERVE = """
import socket
from appliance.wire.activation import listening_socket
listening_socket(socket.SOCK_STREAM, "a.socket").accept()[0].send(b"served")
"""


def test_it_serves_on_the_socket_that_was_passed(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as caller:
        listener.bind(os.fspath(tmp_path / "s"))
        listener.listen()
        caller.connect(os.fspath(tmp_path / "s"))
        command = ["/bin/sh", "-c", _HAND_OVER, sys.executable, _SERVE]
        subprocess.run(command, stdin=listener.fileno(), check=True)
        assert caller.recv(16) == b"served"


@pytest.mark.parametrize(
    ("process", "count"), [(None, None), (0, "1"), (os.getpid(), "0"), (os.getpid(), "2")]
)
def test_without_exactly_one_socket_for_this_process_it_does_not_start(
    monkeypatch: pytest.MonkeyPatch, process: int | None, count: str | None
) -> None:
    for name, value in (("LISTEN_PID", process), ("LISTEN_FDS", count)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, str(value))
    with pytest.raises(WireError) as caught:
        listening_socket(socket.SOCK_STREAM, "some.socket")
    assert "some.socket" in caught.value.hint

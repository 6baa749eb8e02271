"""Detours and inheritance: io_uring, open descriptors."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from tests.paths import REPOSITORY

# Prints whether a descriptor that was open at the start can be written, and one opened later.
_INHERITED = """
import os, socket, sys
from pathlib import Path
from appliance.seal.process import descriptors
inherited = descriptors()
from appliance.cli.process.sealing import ProcessSealing
ours, _theirs = socket.socketpair()
if sys.argv[2] == "sealed":
    sealing = ProcessSealing(inherited)
    sealing.confine([], [])
    sealing.seal("cpu")
for descriptor in (int(sys.argv[1]), ours.fileno()):
    try:
        os.write(descriptor, b"a face")
        print("written")
    except OSError as error:
        print(error.strerror)
"""


@pytest.mark.parametrize(
    ("filter_", "answers"),
    [("none", ["done", "done"]), ("naive", ["EPERM", "done"]), ("sealed", ["EPERM", "EPERM"])],
)
def test_io_uring_creates_sockets_if_only_the_system_call_is_denied(
    filter_: str, answers: list[str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.escape.ring", filter_],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
    )
    assert done.stdout.split() == answers


@pytest.mark.parametrize(
    ("state", "answers", "heard"),
    [
        ("open", ["written", "written"], b"a face"),
        ("sealed", ["Bad file descriptor", "written"], b""),
    ],
)
def test_an_inherited_connection_is_closed(state: str, answers: list[str], heard: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as connection:
            done = subprocess.run(
                [sys.executable, "-c", _INHERITED, str(connection.fileno()), state],
                capture_output=True,
                text=True,
                check=True,
                cwd=REPOSITORY,
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
                pass_fds=[connection.fileno()],
            )
        accepted, _ = server.accept()
        with accepted:
            assert accepted.recv(99) == heard
    assert done.stdout.splitlines() == answers

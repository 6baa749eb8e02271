"""What comes along from outside: a ring instead of a call, descriptors, the environment."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from tests.paths import REPOSITORY

# Prints what became of a descriptor that was open when the program began, and of one of its own.
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

_LED = """
import os
from appliance.seal.process import scrub_environment
scrub_environment()
print(*sorted(os.environ))
"""


@pytest.mark.parametrize(
    ("filter_", "answers"),
    [("none", ["done", "done"]), ("naive", ["EPERM", "done"]), ("sealed", ["EPERM", "EPERM"])],
)
def test_a_ring_makes_sockets_where_only_the_call_is_forbidden(
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
def test_a_connection_that_was_inherited_is_closed(
    state: str, answers: list[str], heard: bytes
) -> None:
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


def test_nothing_of_the_environment_leads_a_library_elsewhere() -> None:
    led = {"LD_PRELOAD": "", "PYTHONSTARTUP": "x", "https_proxy": "x", "ALL_PROXY": "x"}
    done = subprocess.run(
        [sys.executable, "-c", _LED],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
        env={**led, "PATH": os.environ["PATH"], "LANG": "C"},
    )
    left = done.stdout.split()
    assert {"PATH", "LANG"} <= set(left)
    assert not set(led) & set(left)

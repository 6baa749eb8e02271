"""The seal of a process that shows a window: what it cannot do any more, and what it still does."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.escape.attempts import ATTEMPTS
from tests.escape.test_escape import DENIALS, listener, make_workspace, run
from tests.paths import REPOSITORY

__all__ = ["listener"]  # of a socket that one of the attempts connects to

# A window shares memory and calls services. Which services it sees, its unit says.
LEFT = {"socket: a local socket", "connect", "memfd_create"}
# Those that the tripwire alone stops are in Python, and reach the kernel through others.
ESCAPES = sorted(
    name for name, attempt in ATTEMPTS.items() if {"seccomp", "landlock"} & attempt.stops.keys()
)
# What a process calls to write a file, to have another process, or to reach another machine.
_STARTS = re.compile(r"\b(execve|execveat|fork|vfork)\(")
_WRITES = re.compile(r"\bopen(at)?\(.*O_(WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)")
_SOCKETS = re.compile(r"\bsocket\((?!AF_UNIX)")
_SELF_TEST = ["execve", "io_uring_setup", "mount", "ptrace", "socket", "unshare"]
_CODE = re.compile(r"\bm(map|protect)\(.*PROT_EXEC")


@cache
def _answers(outer: Path) -> Mapping[str, str]:
    done = run(make_workspace(outer), "window", *ESCAPES)
    assert done.returncode == 0, done.stderr
    assert {entry.name for entry in outer.iterdir()} == {"workspace", "outside"}
    found: dict[str, str] = json.loads(done.stdout)["answers"]
    return found


@pytest.fixture(scope="module")
def outer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a workspace in it, which is writable for everybody."""
    return tmp_path_factory.mktemp("outer")


@pytest.mark.parametrize("name", ESCAPES)
def test_behind_a_window_an_escape_fails(outer: Path, name: str) -> None:
    assert (_answers(outer)[name] in DENIALS) is (name not in LEFT)


def _standin(service: Path | str, *before: str) -> dict[str, object]:
    """All that the stand-in says, offscreen; ``before``: what runs it."""
    done = subprocess.Popen(
        [*before, sys.executable, "-m", "tests.kiosk.standin", str(service)],
        cwd=REPOSITORY,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.stdout is not None
    lines = [done.stdout.readline() for _ in range(3)]
    done.communicate()  # its standard input ends, and so does it
    assert done.returncode == 0
    return {name: value for line in lines for name, value in json.loads(line).items()}


def test_behind_a_window_screens_pictures_threads_and_services_go_on(tmp_path: Path) -> None:
    service = tmp_path / "service.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(service))
        listening.listen()
        command = (sys.executable, "-c", _ANSWER, str(listening.fileno()))
        answering = subprocess.Popen(command, pass_fds=[listening.fileno()])
        found = _standin(service)
        assert answering.wait(30) == 0
    assert found["wrong"] == []
    assert found["sealed"] == 7
    after = {"page": True, "picture": 32, "threads": 1, "service": "here"}
    assert {name: found[name] for name in after} == after


_ANSWER = """
import socket, sys
with socket.socket(fileno=int(sys.argv[1])) as listening:
    listening.settimeout(30)
    peer, _ = listening.accept()
    peer.sendall(b"here")
"""


def _violations(lines: list[str]) -> list[str]:
    bad = (_STARTS, _WRITES, _SOCKETS, _CODE)
    found = [line for line in lines if any(pattern.search(line) for pattern in bad)]
    return [line for line in found if "EPERM" not in line and "EACCES" not in line] + [
        line for line in lines if re.search(r"\bclone\(", line) and "CLONE_THREAD" not in line
    ]


def _refused(trace: str) -> list[str]:
    """The calls that were refused, by name."""
    return re.findall(r"(\w+)\(.*= -1 (?:EPERM|EACCES)", trace)


def test_a_sealed_window_does_nothing_that_is_forbidden(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    _standin("-", "/usr/bin/strace", "-f", "-o", str(trace))
    before, _, after = trace.read_text().rpartition("seccomp(SECCOMP_SET_MODE_FILTER")
    assert _violations(after.splitlines()) == []
    # The attempts of the self-test are all that was refused: nothing else was even tried.
    assert sorted(_refused(after)) == _SELF_TEST
    # The control: what came before is of those kinds.
    assert _violations(before.splitlines()) != []


def test_the_screen_is_sealed_when_it_is_ready(tmp_path: Path) -> None:
    notified, trace = tmp_path / "notify.sock", tmp_path / "trace"
    kiosk = (sys.executable, "-m", "appliance.kiosk", "--broker", str(tmp_path / "none.sock"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
        ready.bind(str(notified))
        ready.settimeout(60)
        started = subprocess.Popen(
            ["/usr/bin/strace", "-f", "-o", str(trace), *kiosk],
            cwd=REPOSITORY,
            env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "NOTIFY_SOCKET": str(notified)},
            start_new_session=True,  # strace ends with what it runs, not by a signal
        )
        try:
            assert ready.recv(100) == b"READY=1"
        finally:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()
    _, _, after = trace.read_text().rpartition("seccomp(SECCOMP_SET_MODE_FILTER")
    assert _violations(after.splitlines()) == []
    # systemd's library would like a larger buffer for what it says.
    assert set(_refused(after)) - {"setsockopt"} == set(_SELF_TEST)

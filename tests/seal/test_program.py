"""What a program of the system can still do once a process has become it under seal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import REPOSITORY

_BECOME = """
import sys
from pathlib import Path
from appliance.seal.program import Limits, become_sealed
become_sealed(Path(sys.argv[1]), sys.argv[1:], Limits(1 << 30, 20), descriptors=[0])
"""
_PYTHON = Path("/usr/bin/python3")


def become(*command: str, given: Path) -> subprocess.CompletedProcess[str]:
    """The end of ``command`` under seal, with the file ``given`` as its standard input."""
    with given.open("rb") as file:
        return subprocess.run(
            [sys.executable, "-P", "-c", _BECOME, *command],
            stdin=file,
            capture_output=True,
            text=True,
            check=False,
            cwd=REPOSITORY,
        )


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    file = tmp_path / "letter"
    file.write_text("read me")
    return file


def test_it_reads_what_it_is_given_and_writes_to_its_pipe(letter: Path) -> None:
    done = become("/usr/bin/cat", "/dev/fd/0", given=letter)
    assert (done.returncode, done.stdout) == (0, "read me")


def test_it_reads_no_other_file(letter: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    done = become("/usr/bin/cat", str(secret), given=letter)
    assert done.returncode != 0
    assert done.stdout == ""
    assert "Permission denied" in done.stderr


def test_it_writes_no_file(letter: Path, tmp_path: Path) -> None:
    done = become("/usr/bin/tee", str(tmp_path / "new"), given=letter)
    assert "Permission denied" in done.stderr
    assert not (tmp_path / "new").exists()


def test_it_starts_no_other_program(letter: Path) -> None:
    done = become("/usr/bin/env", "/usr/bin/cat", "/dev/fd/0", given=letter)
    assert done.returncode == 126  # found, and may not be run
    assert done.stdout == ""


@pytest.mark.parametrize(
    "attempt",
    [
        "import socket; socket.socket()",
        "import socket; socket.socketpair()",
        "import os; os.fork()",
        "import os; os.memfd_create('x')",
        "import os; os.kill(os.getppid(), 0)",
        "import os; os.execv('/bin/sh', ['sh', '-c', 'true'])",
        "import os; os.mkdir('/tmp/made')",
        "open('/dev/fd/0', 'r+b')",
        "import fcntl; fcntl.ioctl(0, 0x125E, bytes(4))",  # BLKROGET, which is not BLKGETSIZE
    ],
)
def test_it_has_no_way_out(attempt: str, letter: Path) -> None:
    control = become(str(_PYTHON), "-I", "-S", "-c", "print('alive')", given=letter)
    assert control.stdout == "alive\n", control.stderr
    done = become(str(_PYTHON), "-I", "-S", "-c", f"{attempt}\nprint('out')", given=letter)
    assert "out" not in done.stdout
    assert "PermissionError" in done.stderr

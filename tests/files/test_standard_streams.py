from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

_OPENS = """
import os, sys
if sys.argv[2] == "after":
    from appliance.files.standard_streams import open_closed_streams
    open_closed_streams()
    print("to a closed stream")
    print("to a closed stream", file=sys.stderr)
    assert sys.stdin.read() == ""
descriptor = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
os.write(descriptor, str(descriptor).encode())
"""


def opened_as(tmp_path: Path, closed: str, when: str) -> int:
    """The number that the first file gets in a process that starts with descriptors ``closed``."""
    number = tmp_path / "number"
    words = [sys.executable, "-c", _OPENS, str(number), when]
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", *words]
    subprocess.run(shell, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return int(number.read_bytes())


@pytest.mark.parametrize(
    "closed",
    [
        " ".join(some)
        for count in (1, 2, 3)
        for some in itertools.combinations(("<&-", ">&-", "2>&-"), count)
    ],
)
def test_no_file_gets_the_number_of_a_closed_stream(tmp_path: Path, closed: str) -> None:
    assert opened_as(tmp_path, closed, "after") > 2


def test_without_it_a_file_gets_such_a_number(tmp_path: Path) -> None:
    assert opened_as(tmp_path, ">&-", "before") == 1

"""Which network devices a machine has, as the broker reads it from what looks at them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.session.network import recorded
from tests.paths import REPOSITORY
from tests.session.standins import until

PROGRAM = REPOSITORY / "hardening/network/devices.py"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "devices"


@pytest.fixture
def looking(file: Path) -> Iterator[int]:
    """In a network of its own, by its process id."""
    command = ["/usr/bin/unshare", "--net", sys.executable, "-I", str(PROGRAM), str(file)]
    with subprocess.Popen(command) as process:
        yield process.pid
        process.kill()


def ip(inside: int, *words: str | bytes) -> None:
    enter = ("/usr/bin/nsenter", f"--net=/proc/{inside}/ns/net", "ip", "link")
    subprocess.run([*enter, *words], check=True, timeout=60)


def test_devices_are_written_as_they_come_and_go(looking: int, file: Path) -> None:
    until(lambda: recorded(file) == [])
    ip(looking, "add", "wire", "type", "veth", "peer", "name", "far")
    until(lambda: recorded(file) == ["far", "wire"])
    ip(looking, "set", "dev", "far", "name", b"f\xff#")
    until(lambda: recorded(file) == ["f\\xff#", "wire"])
    ip(looking, "delete", "wire")
    until(lambda: recorded(file) == [])
    assert file.stat().st_mode & 0o777 == 0o644


def test_it_shows_that_it_still_looks(looking: int, file: Path) -> None:
    until(lambda: recorded(file) is not None)
    first = file.read_bytes()
    until(lambda: file.read_bytes() != first)
    os.kill(looking, 9)
    later = time.clock_gettime(time.CLOCK_BOOTTIME) + 16
    assert recorded(file, lambda: later) is None

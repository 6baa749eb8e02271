"""The power goes in the middle of a session; then its disk is looked through from outside."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.lab.guest.before_the_cut import canary
from tests.lab.virtual_machine import Machine, machine

PHOTO = Path(__file__).parents[2] / "appliance/resources/portraits/person_a_1.jpg"
_PIECE = 64  # bytes; a block of the disk holds many, so a single block that leaked is found


def _cut_in_the_middle(cut: Machine) -> None:
    end = time.monotonic() + 600
    with cut.boot("before_the_cut.py"):
        while "READY FOR THE CUT" not in cut.text():
            ended = "\nLAB " in cut.text() or time.monotonic() > end
            assert not ended, cut.text() + cut.console()
            time.sleep(0.2)


def _pieces(data: bytes) -> list[bytes]:
    return [data[at : at + _PIECE] for at in range(0, len(data) - _PIECE, 4096)]


def _written(disk: Path) -> bytes:
    """What was ever written to the raw disk: all of it but the holes of its file."""
    parts, at = [], 0
    with disk.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        while at < size:
            try:
                start = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:
                break  # a hole to the end
            at = os.lseek(file.fileno(), start, os.SEEK_HOLE)
            parts.append(os.pread(file.fileno(), at - start, start))
    return b"".join(parts)


def _found(written: bytes, data: bytes) -> int:
    return sum(piece in written for piece in _pieces(data))


def test_a_power_cut_is_an_erasure_too() -> None:
    with machine() as cut:
        _cut_in_the_middle(cut)
        written = _written(cut.disk)
        assert _found(written, canary("outside")) > 200
        assert _found(written, canary("inside")) == 0
        assert _found(written, PHOTO.read_bytes()) == 0
        passed, report = cut.run("after_the_cut.py", seconds=600)
    print(report)
    assert passed, report

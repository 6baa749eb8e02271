"""The power goes in the middle of a session; then its disk is looked through from outside."""

from __future__ import annotations

import mmap
import time
from pathlib import Path

from tests.lab.guest.before_the_cut import canary
from tests.lab.machine import Machine, machine

PHOTO = Path(__file__).parents[1] / "data/portraits/person_a_1.jpg"
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


def _found(disk: Path, data: bytes) -> int:
    with disk.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as content:
        return sum(content.find(piece) >= 0 for piece in _pieces(data))


def test_a_power_cut_is_an_erasure_too() -> None:
    with machine() as cut:
        _cut_in_the_middle(cut)
        assert _found(cut.disk, canary("outside")) > 200
        assert _found(cut.disk, canary("inside")) == 0
        assert _found(cut.disk, PHOTO.read_bytes()) == 0
        passed, report = cut.run("after_the_cut.py", seconds=600)
    print(report)
    assert passed, report

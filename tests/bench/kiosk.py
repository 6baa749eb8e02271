"""The screen under a headless compositor: first frame, memory, idle time, and a whole visit.

    python -m tests.bench.kiosk

*First frame*: from the start of the compositor until there are letters in its picture, on the clock
of a machine that may be busy. *Memory*: the proportional share (PSS) of the screen's process and of
the compositor, with the first screen and the services of a training machine. *Idle*: processor time
of the screen's process in a minute in which nothing happens, over that minute.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.kiosk.compositor import Compositor, compositor
from tests.kiosk.machine import machine

_ROUNDS = 5
_IDLE = 60.0  # seconds
_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print the table."""
    table = Table("what", "measured", "goal")
    with machine() as running:
        command = [sys.executable, "-m", "appliance.kiosk", *running.options()]
        firsts = []
        for _ in range(_ROUNDS):
            start = time.monotonic()
            with compositor(command) as shown:
                firsts.append(_first_frame(shown, start))
        table.add_row("first frame, median s", f"{sorted(firsts)[_ROUNDS // 2]:.2f}", "1.0")
        # As on the appliance, where no software tokens are asked for twice a second.
        with compositor(command[: command.index("--training")]) as shown:
            _first_frame(shown, time.monotonic())
            screen = _screen_of(shown)
            time.sleep(5)
            memory = [_pss(screen), _pss(shown.process.pid)]
            before = _processor(screen)
            time.sleep(_IDLE)
            idle = (_processor(screen) - before) / _IDLE
        table.add_row(
            "PSS of screen + compositor, MiB", f"{memory[0]:.0f} + {memory[1]:.0f}", "180"
        )
        table.add_row("idle, % of a core", f"{100 * idle:.2f}", "0.1")
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        visit = [sys.executable, "-m", "tests.kiosk.whole_visit", folder]
        with compositor(visit) as shown:
            assert shown.process.stdout is not None
            assert "done" in shown.process.stdout.read(), shown.errors
        took = time.monotonic() - start
    table.add_row("a whole visit, the machine's start included, s", f"{took:.0f}", "60")
    Console().print(table)


def _first_frame(shown: Compositor, start: float) -> float:
    """Seconds until there are letters on the screen, whose edges have many colours."""
    while len(shown.picture().getcolors(1 << 24) or ()) <= 20:
        assert shown.process.poll() is None, shown.errors
    return time.monotonic() - start


def _screen_of(shown: Compositor) -> int:
    """The process of the screen: the compositor's only child."""
    process = shown.process.pid
    (child,) = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return int(child)


def _pss(process: int) -> float:
    """MiB."""
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    (kibibytes,) = re.findall(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(kibibytes) / 1024


def _processor(process: int) -> float:
    """Seconds of processor time, its children's left out."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


if __name__ == "__main__":
    main()

"""A machine that is broken on purpose, boot after boot: what its console says, and the results."""

from __future__ import annotations

import re
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.image.eyes import Sight
from tests.lab.image.machine import Hardware, ImageMachine, Running, copy_disk
from tests.lab.screen import Screen

DEBUG = (
    "io.systemd.stub.kernel-cmdline-extra=console=ttyS0 systemd.log_target=console loglevel=5"
    " systemd.journald.forward_to_console=1 systemd.show_status=yes"
)
"""Puts the journal on the serial port. It is measured: each boot of a machine has to have it."""

LOGIN = "Insert your token"

PATIENCE = 3600.0
"""Seconds; only a defect takes as long."""

DISK_GIB = 4
"""Of the machine's disk: room for two images, and for ``/var``."""

_IDENTITY = uuid.UUID("5d2f3a7c-90e1-4b6c-8d1e-6f0b9a4c7e35")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_PAUSE = 1.0  # seconds between two looks


class Bench:
    """A machine in ``folder``, which a run before this one may have left there, and its table.

    ``failed``: how many lines of it did not hold.
    """

    def __init__(self, image: Path, folder: Path, hardware: Hardware | None = None) -> None:
        self.folder = folder
        self.failed = 0
        self._image = image
        self._kept = folder / "machine"
        self._kept.mkdir(parents=True, exist_ok=True)
        hardware = hardware or Hardware(disk_gib=DISK_GIB)
        self.machine = ImageMachine(self._kept, image, hardware, (DEBUG,), _IDENTITY, copied=True)

    @property
    def disk(self) -> Path:
        """The machine's disk, raw."""
        return self.machine.disk

    def keep(self, name: str) -> None:
        """A copy of the disk as it is now, under ``name``."""
        copy_disk(self.disk, self._copy(name))

    def put_back(self, name: str) -> None:
        """The disk as it was kept; the TPM stays as it is."""
        copy_disk(self._copy(name), self.disk)

    def begin_again(self) -> None:
        """The disk as it was built; the TPM stays as it is."""
        copy_disk(self._image, self.disk, DISK_GIB << 30)

    def check(self, what: str, how: str, *, holds: bool, seconds: float) -> None:
        """Print a line of the table, and keep it."""
        self.failed += not holds
        line = f"{'holds' if holds else 'FAILS'} | {what} | {how} | {seconds:.0f} s\n"
        with (self.folder / "table.txt").open("a") as table:
            table.write(line)
        sys.stdout.write(line)
        sys.stdout.flush()

    @contextmanager
    def boot(self, disc: Path | None = None) -> Iterator[Boot]:
        """Switch it on; see ``ImageMachine.boot``."""
        console = self.machine.console
        before = console.stat().st_size if console.exists() else 0
        with self.machine.boot(disc) as running:
            yield Boot(self.folder, self.machine, running, before)

    def _copy(self, name: str) -> Path:
        return self._kept / f"{name}.kept"


class Boot:
    """The machine while it is on. ``before``: bytes of the console that earlier boots wrote."""

    def __init__(self, folder: Path, machine: ImageMachine, running: Running, before: int) -> None:
        self.running = running
        self._folder, self._machine, self._before = folder, machine, before
        self._screen = Screen(machine.folder, running.qmp)

    @property
    def console(self) -> str:
        """What came by the serial port in this boot, without colours."""
        with self._machine.console.open("rb") as file:
            file.seek(self._before)
            return _COLOURS.sub("", file.read().decode(errors="replace"))

    def until(self, *words: str, seconds: float = PATIENCE) -> tuple[str, float]:
        """Which of ``words`` is on the console first, and when; ``""`` after ``seconds``."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            console = self.console
            for word in words:
                if word in console:
                    return word, self.running.seconds
            if not self.running.is_on():
                break
            time.sleep(_PAUSE)
        return "", self.running.seconds

    def look(self, name: str) -> Sight:
        """What is on the screen, of which a picture is kept."""
        picture = self._screen.picture()
        picture.save(self._folder / f"{name}.png")
        return Sight(picture)

    def until_shown(self, phrase: str, name: str, seconds: float = PATIENCE) -> tuple[bool, float]:
        """Whether ``phrase`` came to the screen, and when."""
        end = time.monotonic() + seconds
        while self.running.is_on():
            if self.look(name).says(phrase):
                return True, self.running.seconds
            if time.monotonic() > end:
                break
            time.sleep(5 * _PAUSE)
        return False, self.running.seconds

"""What an update on the appliance itself works with: its TPM, its ledger, its console."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from appliance.audit.service.client import AuditClient
from appliance.machine import AUDIT_SOCKET
from appliance.tpm.number import TpmNumber
from appliance.updating.disk import Disk
from appliance.updating.install import Newest, Say, Updater
from appliance.updating.running import Locations, Place

NUMBER: Final = TpmNumber("0x01800102")
"""The number of the newest image that booted well on this machine."""

HERE: Final = Locations()
"""This machine."""

CONSOLE: Final = Path("/dev/console")

_INTERVAL = 5.0  # seconds between two lines about the same work


@contextmanager
def updater(
    say: Say,
    at: Locations = HERE,
    newest: Newest = NUMBER,
    ledger: Path = AUDIT_SOCKET,
) -> Iterator[Updater]:
    """What installs an update here; its ledger answers. Raises ``LedgerError`` if it does not."""
    with closing(AuditClient.connect(ledger)) as client:
        yield Updater(at, newest, client.append, say, open_disk)


def open_disk(place: Place) -> Disk:
    """The disk of the image, for writing. Raises ``OSError``."""
    return Disk.open(place.path, writable=True)


class ProgressLines:
    """Prints a line when other work begins or ends, and every few seconds in between."""

    def __init__(
        self, write: Callable[[str], object], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._write, self._clock = write, clock
        self._doing, self._printed = "", 0.0

    def __call__(self, doing: str, done: int, total: int) -> None:
        """Print a line if one is due."""
        now = self._clock()
        if doing == self._doing and done < total and now - self._printed < _INTERVAL:
            return
        self._doing, self._printed = doing, now
        self._write(f"update: {doing}: {done >> 20} of {total >> 20} MiB\n")


def on_console(line: str) -> None:
    """Show ``line`` to the person in front of the machine, if there is a console."""
    with suppress(OSError), CONSOLE.open("w") as console:
        console.write(line)

"""Events become entries: stamped, made canonical, and appended in one durable step."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from appliance.audit.entries import canonical
from appliance.audit.entries.events import (
    AnyEvent,
    Boot,
    ClockChanged,
    Entry,
    Role,
)
from appliance.audit.entries.receipt import Receipt
from appliance.audit.tlog.appender import Ledger
from appliance.machine import boot_id
from appliance.version import version

# A clock that is being slewed (adjtime: 0.5 ms a second) stays below this between two events;
# one that was set does not.
CLOCK_TOLERANCE_MS = 2000


@dataclass(frozen=True, slots=True)
class ClockReading:
    """A reading of both clocks, in milliseconds. ``mono`` counts on while the machine sleeps."""

    wall: int
    mono: int
    boot: str

    @classmethod
    def read(cls) -> ClockReading:
        """The clocks of this machine."""
        mono = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
        return cls(time.time_ns() // 1_000_000, mono, boot_id()[:8])


class Recorder:
    """Appends events to ``ledger``. ``clock`` is replaced in tests."""

    def __init__(
        self, ledger: Ledger, clock: Callable[[], ClockReading] = ClockReading.read
    ) -> None:
        self._ledger = ledger
        self._clock = clock

    def record(self, events: Sequence[tuple[Role, AnyEvent]]) -> list[Receipt]:
        """Append ``events``, each with who says so; their receipts once they are durable.

        What the recorder itself has to say goes in before them: that the machine was started, or
        that the wall clock was moved. Raises ``LedgerError``, see ``Ledger.append``.
        """
        with self._ledger.locked():
            now = self._clock()
            own: list[tuple[Role, AnyEvent]] = [("audit", event) for event in self._notices(now)]
            size = self._ledger.size
            entries = [
                Entry(now.wall, now.boot, by, event, now.mono, size + n)
                for n, (by, event) in enumerate([*own, *events])
            ]
            first, leaves = self._ledger.append([canonical.encode(entry) for entry in entries])
        receipts = [Receipt(first + n, leaf) for n, leaf in enumerate(leaves)]
        return receipts[len(own) :]

    def _notices(self, now: ClockReading) -> list[AnyEvent]:
        last = self._ledger.last()
        if last is None:
            return [_boot()]
        before = canonical.decode(last)
        if before.boot != now.boot:
            # Between two starts only the wall clock says how much time went by.
            backwards = now.wall - before.at
            return [_boot(), *([ClockChanged(backwards)] if backwards < 0 else [])]
        moved = (now.wall - before.at) - (now.mono - before.mono)
        if abs(moved) > CLOCK_TOLERANCE_MS or now.wall < before.at:
            return [ClockChanged(moved)]
        return []


def _boot() -> Boot:
    return Boot(version())

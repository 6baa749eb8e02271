"""Turns events into entries: stamps, encodes and appends them in one durable step."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from appliance.audit.entries import canonical
from appliance.audit.entries.entry import Entry
from appliance.audit.entries.events import AnyEvent, Boot, ClockChanged
from appliance.audit.entries.fields import Role
from appliance.audit.entries.reader import read_lines
from appliance.audit.entries.receipt import Receipt
from appliance.audit.tlog.appender import Ledger
from appliance.audit.tlog.proofs import EntryProver, TlogProof
from appliance.audit.tlog.reader import CHECKPOINT
from appliance.errors import LedgerError
from appliance.machine import boot_id
from appliance.version import version

# A clock that is slewed (adjtime: 0.5 ms per second) usually stays below this between two events; a
# clock that was set does not.
CLOCK_TOLERANCE_MS = 2000


@dataclass(frozen=True, slots=True)
class ClockReading:
    """Both clocks in milliseconds; ``mono`` includes the time that the machine was suspended."""

    wall: int
    mono: int
    boot: str

    @classmethod
    def read(cls) -> ClockReading:
        """The current reading of this machine's clocks."""
        mono = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
        return cls(time.time_ns() // 1_000_000, mono, boot_id()[:8])


class Recorder:
    """Appends events to ``ledger``; tests replace ``clock``."""

    def __init__(
        self, ledger: Ledger, clock: Callable[[], ClockReading] = ClockReading.read
    ) -> None:
        self._ledger = ledger
        self._clock = clock

    def record(self, events: Sequence[tuple[Role, AnyEvent]]) -> list[Receipt]:
        """Append ``events``, each with the role that logs it; returns their receipts.

        They are durable when it returns. If the machine was started or the wall clock was moved
        since the last entry, events of the recorder's own precede them. Raises ``LedgerError``, see
        ``Ledger.append``.
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

    def proof(self, index: int) -> tuple[TlogProof, str]:
        """The proof of the entry ``index`` in the ledger as it is now, and the log's public key.

        Raises ``LedgerError`` if the ledger lacks the entry or is damaged.
        """
        store = self._ledger.reader.snapshot()
        verifier = store.verifier()
        line = next(read_lines(store, store.checkpoint(verifier), index), None)
        if line is None or line.entry.seq != index:
            raise LedgerError("The ledger does not have this entry.", "Name one that it has.")
        return EntryProver(store, store.read(CHECKPOINT)).prove(index, line.data), verifier.vkey

    def _notices(self, now: ClockReading) -> list[AnyEvent]:
        last = self._ledger.last()
        if last is None:
            return [_boot()]
        before = canonical.decode(last)
        if before.boot != now.boot:
            # Between two starts of the machine, only the wall clock measures the time.
            backwards = now.wall - before.at
            return [_boot(), *([ClockChanged(backwards)] if backwards < 0 else [])]
        moved = (now.wall - before.at) - (now.mono - before.mono)
        if abs(moved) > CLOCK_TOLERANCE_MS or now.wall < before.at:
            return [ClockChanged(moved)]
        return []


def _boot() -> Boot:
    return Boot(version())

"""What is kept of a ledger between two calls: its sessions, its days, where it records refusals.

No entry is kept, so that a ledger of years has room; a page is read from the ledger again.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from appliance.audit.entries import events
from appliance.audit.entries.entry import Entry
from appliance.audit.entries.reader import read_lines
from appliance.audit.export.labels import labels
from appliance.audit.export.sessions import SessionSummaries
from appliance.audit.tlog.reader import LedgerReader

DAY: Final = 86_400_000  # milliseconds
_ROUND: Final = 4096  # entries between two calls of ``progress``


@dataclass(slots=True)
class DayCount:
    """How much there was on one day."""

    entries: int = 0
    sessions: int = 0
    alarms: int = 0


@dataclass(slots=True)
class Digest:
    """Of the first ``size`` entries of a ledger, those that were pruned left out.

    ``refusals``: the indices of entries that record a failure or a refusal. ``days``: by their
    first millisecond since 1970. ``anchored``: when a head was last attested outside the ledger.
    """

    size: int = 0
    sessions: SessionSummaries = field(default_factory=SessionSummaries)
    refusals: array[int] = field(default_factory=lambda: array("Q"))
    days: dict[int, DayCount] = field(default_factory=dict)
    anchored: int | None = None

    def advance(self, reader: LedgerReader, progress: Callable[[], object] = lambda: None) -> None:
        """Take what was added since; ``reader``: a snapshot. Raises ``LedgerError``.

        ``progress`` is called from time to time.
        """
        head = reader.checkpoint(reader.verifier())
        for number, line in enumerate(read_lines(reader, head, self.size)):
            self._take(line.entry)
            self.size = line.entry.seq + 1
            if number % _ROUND == 0:
                progress()

    def _take(self, entry: Entry) -> None:
        self.sessions.take(entry)
        day = self.days.setdefault(entry.at - entry.at % DAY, DayCount())
        day.entries += 1
        match entry.event:
            case events.SessionOpened():
                day.sessions += 1
            case events.CheckpointAnchored():
                self.anchored = entry.at
            case _:
                pass
        if labels(entry.event).failed:
            self.refusals.append(entry.seq)
            day.alarms += 1

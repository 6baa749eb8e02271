"""A counter in the TPM reveals a rollback of all disks of the machine.

An event in the log names the next value of the counter, then the counter is incremented to it. A
log that was rolled back ends with a smaller value than the counter has.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from appliance.audit.entries.events import CheckpointAnchored
from appliance.audit.entries.reader import read_lines
from appliance.audit.entries.recorder import Recorder
from appliance.audit.tlog.reader import LedgerReader
from appliance.audit.tlog.tiles import WIDTH
from appliance.tpm.counter import TpmCounter


def anchor_in_tpm(
    reader: LedgerReader, recorder: Recorder, counter: TpmCounter
) -> CheckpointAnchored:
    """Log the next value of ``counter`` with the log's present head, then increment the counter.

    Returns that event. After a crash in between, the counter is one below the newest event, which
    ``matches_counter`` accepts. Raises ``LedgerError``, or ``TpmError``.
    """
    if (value := counter.read()) is None:
        counter.increment()
        value = counter.read() or 0
    head = reader.checkpoint(reader.verifier())
    event = CheckpointAnchored(head.size, head.root.hex(), "tpm", value + 1)
    recorder.record([("audit", event)])
    counter.increment()
    return event


@dataclass(frozen=True, slots=True)
class Counts:
    """``logged``: in the log's newest event that has one. ``counted``: the counter's value."""

    logged: int | None
    counted: int | None

    @property
    def match(self) -> bool:
        """Whether the log is the one that was counted last; it was counted at least once."""
        if self.counted is None or self.logged is None:
            return False
        return self.counted in (self.logged, self.logged - 1)

    @property
    def rolled_back(self) -> bool:
        """Whether they contradict each other. A log and a counter that are both new do not."""
        return not self.match and (self.logged, self.counted) != (None, None)


def compare_counts(reader: LedgerReader, counter: TpmCounter) -> Counts:
    """What the log and ``counter`` say. Raises ``LedgerError``, or ``TpmError`` without a TPM."""
    # The counter first: one that is incremented in between is then one below the newest event.
    counted = counter.read()
    return Counts(newest_count(reader), counted)


def newest_count(reader: LedgerReader) -> int | None:
    """The counter in the newest event that has one, read from the end. Raises ``LedgerError``."""
    reader = reader.snapshot()
    head, minimum = reader.checkpoint(reader.verifier()), reader.minimum()
    for tile in range((head.size - 1) // WIDTH, minimum // WIDTH - 1, -1):
        found = [
            line.entry.event.counter
            for line in islice(read_lines(reader, head, tile * WIDTH), WIDTH)
            if isinstance(line.entry.event, CheckpointAnchored)
            and line.entry.event.counter is not None
        ]
        if found:
            return found[-1]
    return None


def matches_counter(last: int | None, counter: TpmCounter) -> bool:
    """Whether a log whose newest event names the value ``last`` was not rolled back.

    ``last`` is ``None`` if the log was never anchored. Raises ``TpmError`` without a TPM.
    """
    return Counts(last, counter.read()).match

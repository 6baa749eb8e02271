"""A counter in the TPM reveals a rollback of all disks of the machine.

An event in the log names the next value of the counter, then the counter is incremented to it. A
log that was rolled back ends with a smaller value than the counter has.
"""

from __future__ import annotations

from appliance.audit.entries.events import CheckpointAnchored
from appliance.audit.entries.recorder import Recorder
from appliance.audit.tlog.reader import LedgerReader
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


def matches_counter(last: int | None, counter: TpmCounter) -> bool:
    """Whether a log whose newest event names the value ``last`` was not rolled back.

    ``last`` is ``None`` if the log was never anchored. Raises ``TpmError`` without a TPM.
    """
    value = counter.read()
    return value is not None and last is not None and value in (last, last - 1)

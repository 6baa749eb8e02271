"""Retention: drops entries that are older than the policy keeps, in whole tiles.

The tree does not change and all hashes above remain, so the proofs of the remaining entries stay
valid (C2SP tlog-tiles, "Pruning"). The order makes a crash harmless: first the event that records
the pruning, then the published minimum index, then the files; a second call removes the rest.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from appliance.audit.entries.events import AnyEvent, LogPruned
from appliance.audit.entries.fields import Role
from appliance.audit.entries.reader import read_lines
from appliance.audit.entries.recorder import ClockReading, Recorder
from appliance.audit.tlog.appender import as_ledger_error
from appliance.audit.tlog.immutable import set_immutable
from appliance.audit.tlog.reader import MINIMUM, LedgerReader
from appliance.audit.tlog.reserve import Reserve
from appliance.audit.tlog.tiles import WIDTH, Tile
from appliance.errors import LedgerError
from appliance.files.atomic import publish
from appliance.policy.policy import LEGAL_FLOOR_DAYS

_DAY = 86_400_000  # milliseconds


def prune_ledger(
    folder: Path, recorder: Recorder, days: int, now: ClockReading, *, least: int = LEGAL_FLOOR_DAYS
) -> int:
    """Drop entries of the ledger in ``folder`` older than ``days``; returns the minimum index.

    Age is by the wall clock, as in the entries; if it was set, the log records that. ``least`` is
    the retention of the policy, in days. Raises ``LedgerError`` if ``days`` is below it or below
    what the law requires, or if the ledger cannot be read or written.
    """
    least = max(least, LEGAL_FLOOR_DAYS)
    if days < least:
        raise LedgerError(f"Entries are kept for {least} days at least.", "Choose more days.")
    reader = LedgerReader(folder).snapshot()
    minimum = _minimum(reader, now.wall - days * _DAY)
    try:
        if minimum > reader.minimum():
            # To prune is how a full disk gets room again, so its entry may use the reserve.
            pruned: list[tuple[Role, AnyEvent]] = [("audit", LogPruned(minimum, days))]
            Reserve.next_to(folder).record("ending", partial(recorder.record, pruned))
            publish(folder, {MINIMUM: f"{minimum}\n".encode()})
        _remove(folder, minimum)
    except OSError as error:
        raise as_ledger_error(error) from error
    return minimum


def _minimum(reader: LedgerReader, before: int) -> int:
    """First index whose tile has an entry that is not older than ``before``."""
    head = reader.checkpoint(reader.verifier())
    minimum = reader.minimum()
    for line in read_lines(reader, head):
        if line.entry.at >= before:
            break
        if line.entry.seq % WIDTH == WIDTH - 1:
            minimum = line.entry.seq + 1
    return minimum


def _remove(folder: Path, minimum: int) -> None:
    """Remove the tiles that end at or below ``minimum``, newest first, until one is missing."""
    level = 0
    while full := minimum >> 8 * (level + 1):
        for index in reversed(range(full)):
            tile = Tile(level, index)
            existed = (folder / tile.path).exists()
            for name in (tile.path, tile.entries_path)[: 2 if level == 0 else 1]:
                set_immutable(folder / name, wanted=False)
                (folder / name).unlink(missing_ok=True)
            if not existed:
                break
        level += 1

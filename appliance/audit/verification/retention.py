"""Retention: what is older than the policy keeps goes, in whole tiles, and the log says so.

The tree does not change and all hashes above stay, so every proof of an entry that is kept goes on
to hold (C2SP tlog-tiles, "Pruning"). The order makes a crash harmless: first the event that tells
it, then the published minimum index, then the files; a second call removes what is left of them.
"""

from __future__ import annotations

from pathlib import Path

from appliance.audit.entries.events import LogPruned
from appliance.audit.entries.reader import read_lines
from appliance.audit.entries.recorder import ClockReading, Recorder
from appliance.audit.tlog.appender import as_ledger_error
from appliance.audit.tlog.immutable import set_immutable
from appliance.audit.tlog.reader import MINIMUM, LedgerReader
from appliance.audit.tlog.tiles import WIDTH, Tile
from appliance.errors import LedgerError
from appliance.files.atomic import publish
from appliance.policy.policy import LEGAL_FLOOR_DAYS

_DAY = 86_400_000  # milliseconds


def prune_ledger(
    folder: Path, recorder: Recorder, days: int, now: ClockReading, *, least: int = LEGAL_FLOOR_DAYS
) -> int:
    """Drop the entries of the ledger in ``folder`` that are older than ``days``; the minimum index.

    It goes by the wall clock, as the entries do; that somebody set it is in the log itself. Raises
    ``LedgerError`` if ``days`` is below ``least``, what the policy keeps, or below what the law
    wants kept.
    """
    least = max(least, LEGAL_FLOOR_DAYS)
    if days < least:
        raise LedgerError(f"Entries are kept for {least} days at least.", "Ask for more days.")
    store = LedgerReader(folder).snapshot()
    minimum = _minimum(store, now.wall - days * _DAY)
    try:
        if minimum > store.minimum():
            recorder.record([("audit", LogPruned(minimum, days))])
            publish(folder, {MINIMUM: f"{minimum}\n".encode()})
        _remove(folder, minimum)
    except OSError as error:
        raise as_ledger_error(error) from error
    return minimum


def _minimum(store: LedgerReader, before: int) -> int:
    """First index whose tile holds an entry that is not older than ``before``."""
    head = store.checkpoint(store.verifier())
    minimum = store.minimum()
    for line in read_lines(store, head):
        if line.entry.at >= before:
            break
        if line.entry.seq % WIDTH == WIDTH - 1:
            minimum = line.entry.seq + 1
    return minimum


def _remove(folder: Path, minimum: int) -> None:
    """Every tile that ends at or below ``minimum``, newest first, until one is gone already."""
    level = 0
    while full := minimum >> 8 * (level + 1):
        for index in reversed(range(full)):
            tile = Tile(level, index)
            there = (folder / tile.path).exists()
            for name in (tile.path, tile.entries_path)[: 2 if level == 0 else 1]:
                set_immutable(folder / name, wanted=False)
                (folder / name).unlink(missing_ok=True)
            if not there:
                break
        level += 1

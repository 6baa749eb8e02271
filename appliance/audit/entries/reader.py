"""Entries out of a ledger, each held against the hash that the tree has of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from appliance.audit.entries import canonical
from appliance.audit.entries.events import Entry
from appliance.audit.tlog.checkpoint import Checkpoint
from appliance.audit.tlog.merkle import hash_leaf
from appliance.audit.tlog.reader import LedgerReader
from appliance.audit.tlog.tiles import WIDTH, Tile
from appliance.errors import LedgerError


@dataclass(frozen=True, slots=True)
class LogLine:
    """An entry, and the bytes that were hashed."""

    entry: Entry
    data: bytes


def read_lines(store: LedgerReader, head: Checkpoint, first: int = 0) -> Iterator[LogLine]:
    """The entries from ``first`` on, or from the first that is kept. Raises ``LedgerError``."""
    first = max(first, store.minimum())
    for index in range(first // WIDTH, (head.size + WIDTH - 1) // WIDTH):
        tile = Tile(0, index, min(WIDTH, head.size - index * WIDTH))
        entries = store.entries(tile)
        if list(map(hash_leaf, entries)) != store.hashes(tile):
            raise LedgerError(
                "The ledger is damaged: entries are not those that were hashed.",
                "Run `appliance audit verify`; it names them.",
            )
        for data in entries[max(0, first - index * WIDTH) :]:
            yield LogLine(canonical.decode(data), data)

"""Reads the entries of a ledger, each compared with its hash in the tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from appliance.audit.entries import canonical
from appliance.audit.entries.entry import Entry
from appliance.audit.tlog.checkpoint import Checkpoint
from appliance.audit.tlog.merkle import hash_leaf
from appliance.audit.tlog.reader import LedgerReader
from appliance.audit.tlog.tiles import WIDTH, Tile
from appliance.errors import LedgerError


@dataclass(frozen=True, slots=True)
class LogLine:
    """An entry, and the bytes that are hashed in the tree."""

    entry: Entry
    data: bytes


def read_lines(reader: LedgerReader, head: Checkpoint, first: int = 0) -> Iterator[LogLine]:
    """The entries from ``first`` on, or from the first that was not pruned.

    Raises ``LedgerError`` if a tile is missing, or an entry does not match its hash.
    """
    first = max(first, reader.minimum())
    for index in range(first // WIDTH, (head.size + WIDTH - 1) // WIDTH):
        tile = Tile(0, index, min(WIDTH, head.size - index * WIDTH))
        entries = reader.entries(tile)
        if list(map(hash_leaf, entries)) != reader.hashes(tile):
            raise LedgerError(
                "The ledger is damaged: entries do not match their hashes.",
                "Run `appliance audit verify`; it lists them.",
            )
        for data in entries[max(0, first - index * WIDTH) :]:
            yield LogLine(canonical.decode(data), data)

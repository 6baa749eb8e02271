"""Is a ledger whole? Every byte that its checkpoint covers is read, and every rule is asked.

What is wrong is found and named, each place by itself, and the look goes on: a report that stops
at the first damage would hide the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self, TypeAlias

import msgspec

from appliance.audit.entries import canonical
from appliance.audit.entries.events import (
    CheckpointAnchored,
    ClockChanged,
    Entry,
    LogPruned,
)
from appliance.audit.tlog.anchor import FileAnchor, anchor_mismatch
from appliance.audit.tlog.checkpoint import Checkpoint
from appliance.audit.tlog.merkle import hash_leaf, perfect_root
from appliance.audit.tlog.reader import LedgerReader
from appliance.audit.tlog.signed_note import Verifier
from appliance.audit.tlog.tiles import WIDTH, Frontier, Tile
from appliance.errors import LedgerError

Problem: TypeAlias = Literal[
    "key",  # log.vkey is missing or altered
    "checkpoint",  # not signed by the log's key, or malformed
    "minimum",  # entries are missing that no pruning event accounts for
    "tile",  # missing, of a wrong width, or not the hashes of what is below
    "bundle",  # entries are missing or cut off
    "entry",  # not the entry that was hashed, or not an entry at all
    "sequence",  # an entry says that it stands elsewhere
    "clock-back",  # time runs backwards, and no event says that the clock was set
    "root",  # the tiles do not add up to what was signed
    "truncated",  # shorter than the checkpoint kept outside
    "forked",  # of the same length as the checkpoint kept outside or longer, and not its heir
    "anchor",  # the checkpoint kept outside is missing or malformed
    "tpm",  # an older log than the one that the TPM has counted
]


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong. ``where``: a file of the ledger or ``entry N``."""

    problem: Problem
    where: str


class Verification(msgspec.Struct, frozen=True):
    """What a look at a whole ledger found; it is sound if ``findings`` is empty.

    ``size`` and ``root`` (hex) are the checkpoint's; entries below ``minimum`` were pruned.
    ``since`` and ``until``: wall clock of the first and last entry kept, milliseconds since 1970.
    """

    origin: str
    size: int
    root: str
    minimum: int
    entries: int
    since: int
    until: int
    findings: tuple[Finding, ...]
    counter: int | None = None  # the number of the TPM that the newest event about it names


@dataclass(frozen=True, slots=True)
class OutsideCheckpoint:
    """What an anchor held: a signed checkpoint, or ``None`` if it was missing or unreadable.

    A ledger without an anchor has no ``OutsideCheckpoint`` at all, and is not compared with one.
    """

    note: bytes | None

    @classmethod
    def read(cls, anchor: FileAnchor) -> Self:
        """What ``anchor`` holds now."""
        try:
            return cls(anchor.load())
        except LedgerError:
            return cls(None)


def verify_ledger(
    folder: Path, trusted: Verifier | None = None, anchor: FileAnchor | None = None
) -> Verification:
    """Look at the whole ledger in ``folder``, under the key ``trusted`` or else its own.

    ``anchor``: where a checkpoint was kept outside, if one was.
    """
    # Before the head is read: whoever appends writes the head first.
    outside = None if anchor is None else OutsideCheckpoint.read(anchor)
    store = LedgerReader(folder)
    try:
        verifier = store.verifier()
    except LedgerError:
        return _nothing(Finding("key", "log.vkey"))
    if trusted is not None and trusted != verifier:
        return _nothing(Finding("key", "log.vkey"))
    try:
        return verify_snapshot(store.snapshot(), verifier, outside)
    except LedgerError:
        return _nothing(Finding("checkpoint", "checkpoint"))


def verify_snapshot(
    store: LedgerReader, verifier: Verifier, outside: OutsideCheckpoint | None = None
) -> Verification:
    """As ``verify``, of a snapshot; ``remembered`` holds what was kept outside.

    Raises ``LedgerError`` if its head is not signed by ``verifier``.
    """
    head = store.checkpoint(verifier)
    look = _Look(store, head)
    look.run()
    if outside is not None:
        look.compare(outside, verifier)
    return Verification(
        head.origin,
        head.size,
        head.root.hex(),
        look.minimum,
        look.entries,
        look.since,
        look.until,
        tuple(look.findings),
        look.counter,
    )


def _nothing(finding: Finding) -> Verification:
    return Verification("", 0, "", 0, 0, 0, 0, (finding,))


@dataclass(slots=True)
class _Look:
    store: LedgerReader
    head: Checkpoint
    findings: list[Finding] = field(default_factory=list)
    minimum: int = 0
    entries: int = 0
    since: int = 0
    until: int = 0
    counter: int | None = None
    _before: Entry | None = None
    _pruned: set[int] = field(default_factory=set)

    def run(self) -> None:
        self._read_minimum()
        edges: list[list[bytes]] = []
        below: dict[int, bytes] = {}  # by index: the hashes that this level's tiles must hold
        level = 0
        while self.head.size >> 8 * level:
            below = self._level(level, below, edges)
            level += 1
        if self.minimum and self.minimum not in self._pruned:
            self._find("minimum", "minimum-index")
        if len(edges) == level and Frontier.restore(self.head.size, edges).range.root() != (
            self.head.root
        ):
            self._find("root", "checkpoint")

    def compare(self, outside: OutsideCheckpoint, verifier: Verifier) -> None:
        """Hold the log against the checkpoint that was kept outside."""
        try:
            found = anchor_mismatch(outside.note, verifier, self.store, self.head)
        except LedgerError:
            found = "anchor"
        if found is not None:
            self._find(found, "checkpoint")

    def _read_minimum(self) -> None:
        try:
            self.minimum = self.store.minimum()
        except LedgerError:
            self._find("minimum", "minimum-index")
        if self.minimum > self.head.size:
            self._find("minimum", "minimum-index")
            self.minimum = 0

    def _level(
        self, level: int, below: dict[int, bytes], edges: list[list[bytes]]
    ) -> dict[int, bytes]:
        """Hold a level's tiles against what is below them; the roots of its full tiles."""
        roots: dict[int, bytes] = {}
        edge: list[bytes] = []
        for tile in self._tiles(level):
            hashes = self._hashes(tile)
            if level == 0:
                self._entries(tile, hashes)
            if hashes is None:
                continue
            start = tile.index * WIDTH
            for n, value in enumerate(hashes, start):
                if below.get(n, value) != value:
                    self._find("tile", tile.path)
                    break
            if tile.width == WIDTH:
                roots[tile.index] = perfect_root(hashes)
            else:
                edge = hashes
        edges.append(edge)
        return roots

    def _tiles(self, level: int) -> Iterator[Tile]:
        """All tiles of a level that have to be there."""
        full, width = divmod(self.head.size >> 8 * level, WIDTH)
        for index in range(self.minimum >> 8 * (level + 1), full):
            yield Tile(level, index)
        if width:
            yield Tile(level, full, width)

    def _hashes(self, tile: Tile) -> list[bytes] | None:
        try:
            return self.store.hashes(tile)
        except LedgerError:
            self._find("tile", tile.path)
            return None

    def _entries(self, tile: Tile, hashes: list[bytes] | None) -> None:
        try:
            entries = self.store.entries(tile)
        except LedgerError:
            self._find("bundle", tile.entries_path)
            self._before = None
            return
        leaves = list(map(hash_leaf, entries))
        if leaves != hashes:
            for n, leaf in enumerate(leaves):
                if hashes is not None and leaf != hashes[n]:
                    self._find("entry", f"entry {tile.index * WIDTH + n}")
        for index, data in enumerate(entries, tile.index * WIDTH):
            self._entry(index, data)

    def _entry(self, index: int, data: bytes) -> None:
        try:
            entry = canonical.decode(data)
        except LedgerError:
            self._find("entry", f"entry {index}")
            self._before = None
            return
        if entry.seq != index:
            self._find("sequence", f"entry {index}")
        before, self._before = self._before, entry
        if before is not None and entry.at < before.at and not self._announced(entry, before):
            self._find("clock-back", f"entry {index}")
        if isinstance(entry.event, LogPruned):
            self._pruned.add(entry.event.minimum)
        if isinstance(entry.event, CheckpointAnchored) and entry.event.counter is not None:
            self.counter = entry.event.counter
        self.entries += 1
        self.since = self.since or entry.at
        self.until = entry.at

    def _announced(self, entry: Entry, before: Entry) -> bool:
        """Whether the log says so: at once, or just after the start of the machine."""
        if isinstance(entry.event, ClockChanged):
            return True
        return entry.boot != before.boot

    def _find(self, problem: Problem, where: str) -> None:
        self.findings.append(Finding(problem, where))

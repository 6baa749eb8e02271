"""Verifies a ledger: reads every byte that its checkpoint covers and checks every rule.

Each defect is reported with its place, and verification continues: a report that stopped at the
first one would hide the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self, TypeAlias

import msgspec

from appliance.audit.entries import canonical
from appliance.audit.entries.entry import Entry
from appliance.audit.entries.events import CheckpointAnchored, ClockChanged, LogPruned
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
    "tile",  # missing, of a wrong width, or not the hashes of the level below
    "bundle",  # entries are missing or cut short
    "entry",  # not the entry that was hashed, or not an entry at all
    "sequence",  # an entry contains another index than its own
    "clock-back",  # time runs backwards, and no event records that the clock was set
    "root",  # the tiles do not yield the root that was signed
    "truncated",  # shorter than the outside checkpoint
    "forked",  # as long as the outside checkpoint or longer, but does not extend it
    "anchor",  # the outside checkpoint is missing or malformed
    "tpm",  # older than the log that was last counted in the TPM
]


class Finding(msgspec.Struct, frozen=True):
    """One defect. ``where``: a file of the ledger, or ``entry N``."""

    problem: Problem
    where: str


class Verification(msgspec.Struct, frozen=True):
    """The result for a whole ledger, which is sound if ``findings`` is empty.

    ``size`` and ``root`` (hex) are the checkpoint's; entries below ``minimum`` were pruned.
    ``since`` and ``until``: wall clock of the first and last entry, in milliseconds since 1970.
    """

    origin: str
    size: int
    root: str
    minimum: int
    entries: int
    since: int
    until: int
    findings: tuple[Finding, ...]
    counter: int | None = None  # the value of the TPM's counter in the newest event that has one
    counted: int | None = None  # when that event was logged, in milliseconds since 1970
    anchored: int | None = None  # the same of the newest event of any attestation


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
    """Verify the ledger in ``folder`` with the key ``trusted``, by default its own.

    ``anchor``: the place of the outside checkpoint, if there is one. Raises no error for a defect.
    """
    # Read before the head: an append writes the head first.
    outside = None if anchor is None else OutsideCheckpoint.read(anchor)
    reader = LedgerReader(folder)
    try:
        verifier = reader.verifier()
    except LedgerError:
        return _unreadable(Finding("key", "log.vkey"))
    if trusted is not None and trusted != verifier:
        return _unreadable(Finding("key", "log.vkey"))
    try:
        return verify_snapshot(reader.snapshot(), verifier, outside)
    except LedgerError:
        return _unreadable(Finding("checkpoint", "checkpoint"))


def verify_snapshot(
    reader: LedgerReader,
    verifier: Verifier,
    outside: OutsideCheckpoint | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Verification:
    """Verify a snapshot, and compare it with the checkpoint ``outside`` if that is given.

    ``progress`` is called with the part of the entries that was read, 0 to 1. Raises
    ``LedgerError`` if its head is not signed by ``verifier``.
    """
    head = reader.checkpoint(verifier)
    check = _Check(reader, head, progress)
    check.run()
    if outside is not None:
        check.compare(outside, verifier)
    return Verification(
        head.origin,
        head.size,
        head.root.hex(),
        check.minimum,
        check.entries,
        check.since,
        check.until,
        tuple(check.findings),
        check.counter,
        check.counted,
        check.anchored,
    )


def _unreadable(finding: Finding) -> Verification:
    return Verification("", 0, "", 0, 0, 0, 0, (finding,))


@dataclass(slots=True)
class _Check:
    reader: LedgerReader
    head: Checkpoint
    progress: Callable[[float], None]
    findings: list[Finding] = field(default_factory=list)
    minimum: int = 0
    entries: int = 0
    since: int = 0
    until: int = 0
    counter: int | None = None
    counted: int | None = None
    anchored: int | None = None
    _before: Entry | None = None
    _pruned: set[int] = field(default_factory=set)

    def run(self) -> None:
        self._read_minimum()
        edges: list[list[bytes]] = []
        below: dict[
            int, bytes
        ] = {}  # by index: the hashes that the tiles of this level must contain
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
        """Compare the log with the outside checkpoint."""
        try:
            found = anchor_mismatch(outside.note, verifier, self.reader, self.head)
        except LedgerError:
            found = "anchor"
        if found is not None:
            self._find(found, "checkpoint")

    def _read_minimum(self) -> None:
        try:
            self.minimum = self.reader.minimum()
        except LedgerError:
            self._find("minimum", "minimum-index")
        if self.minimum > self.head.size:
            self._find("minimum", "minimum-index")
            self.minimum = 0

    def _level(
        self, level: int, below: dict[int, bytes], edges: list[list[bytes]]
    ) -> dict[int, bytes]:
        """Compare the tiles of a level with the level below; returns the roots of the full ones."""
        roots: dict[int, bytes] = {}
        edge: list[bytes] = []
        for tile in self._tiles(level):
            hashes = self._hashes(tile)
            if level == 0:
                self._entries(tile, hashes)
                self.progress((tile.index * WIDTH + tile.width) / self.head.size)
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
        """All tiles that a level must have."""
        full, width = divmod(self.head.size >> 8 * level, WIDTH)
        for index in range(self.minimum >> 8 * (level + 1), full):
            yield Tile(level, index)
        if width:
            yield Tile(level, full, width)

    def _hashes(self, tile: Tile) -> list[bytes] | None:
        try:
            return self.reader.hashes(tile)
        except LedgerError:
            self._find("tile", tile.path)
            return None

    def _entries(self, tile: Tile, hashes: list[bytes] | None) -> None:
        try:
            entries = self.reader.entries(tile)
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
        if before is not None and entry.at < before.at and not self._may_go_back(entry, before):
            self._find("clock-back", f"entry {index}")
        if isinstance(entry.event, LogPruned):
            self._pruned.add(entry.event.minimum)
        if isinstance(entry.event, CheckpointAnchored):
            self.anchored = entry.at
            if entry.event.counter is not None:
                self.counter, self.counted = entry.event.counter, entry.at
        self.entries += 1
        self.since = self.since or entry.at
        self.until = entry.at

    def _may_go_back(self, entry: Entry, before: Entry) -> bool:
        """Whether ``entry`` is a clock change, or the machine was started before it."""
        if isinstance(entry.event, ClockChanged):
            return True
        return entry.boot != before.boot

    def _find(self, problem: Problem, where: str) -> None:
        self.findings.append(Finding(problem, where))

"""A Merkle tree in files of 256 hashes each (C2SP tlog-tiles), and the files of its entries.

::

    tile/<L>/<N>            256 hashes of 32 bytes: roots over 256^L entries each
    tile/<L>/<N>.p/<W>      the last tile of its level, with W < 256 hashes
    tile/entries/<N>[.p/W]  the entries of tile/0/<N>, each after its length (uint16 BE)

    N in groups of three digits, all but the last prefixed with x: 1234067 is x001/x234/067
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from appliance.audit.tlog.merkle import HASH_SIZE, CompactRange, perfect_root
from appliance.errors import LedgerError

WIDTH = 256
MAX_ENTRY = 0xFFFF  # bytes


@dataclass(frozen=True, slots=True)
class Tile:
    """The place of ``width`` hashes (1 to 256): tile ``index`` of ``level``."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """The tile's file, relative to the ledger."""
        return f"tile/{self.level}/{_number(self.index)}{self._suffix}"

    @property
    def entries_path(self) -> str:
        """The file of the entries of a tile of level 0, relative to the ledger."""
        return f"tile/entries/{_number(self.index)}{self._suffix}"

    @property
    def _suffix(self) -> str:
        return "" if self.width == WIDTH else f".p/{self.width}"


def edge_tiles(size: int) -> Iterator[Tile]:
    """The partial tiles of a tree of ``size`` leaves, from level 0 up."""
    level = 0
    while size:
        index, width = divmod(size, WIDTH)
        if width:
            yield Tile(level, index, width)
        size, level = index, level + 1


def split_hashes(data: bytes, width: int) -> list[bytes]:
    """The hashes (32 bytes each) in a tile. Raises ``LedgerError`` unless there are ``width``."""
    if len(data) != width * HASH_SIZE:
        raise _damaged("the width of a tile differs from its name")
    return [data[n : n + HASH_SIZE] for n in range(0, len(data), HASH_SIZE)]


def join_entries(entries: Sequence[bytes]) -> bytes:
    """The bundle of ``entries``, which have 1 to 65535 bytes each."""
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def split_entries(data: bytes, width: int) -> list[bytes]:
    """The entries in a bundle. Raises ``LedgerError`` unless there are ``width``."""
    entries, at, end = [], 0, len(data)
    while at + 2 <= end:
        begin = at + 2
        at = begin + (data[at] << 8 | data[at + 1])
        entries.append(data[begin:at])
    if at != end or len(entries) != width:
        raise _damaged("the number of entries in a bundle differs from its name")
    return entries


@dataclass(slots=True)
class Frontier:
    """What must be in memory for a tree to grow: its compact range and its partial tiles.

    ``edges[L]`` holds the hashes of the partial tile of level L, fewer than 256.
    """

    range: CompactRange = field(default_factory=CompactRange)
    edges: list[list[bytes]] = field(default_factory=list)

    @classmethod
    def restore(cls, size: int, edges: list[list[bytes]]) -> Frontier:
        """The frontier of a tree of ``size`` leaves, from the hashes of its partial tiles."""
        peaks: list[bytes] = []
        for hashes in reversed(edges):
            at = 0
            for bit in (1 << n for n in reversed(range(8))):
                if len(hashes) & bit:
                    peaks.append(perfect_root(hashes[at : at + bit]))
                    at += bit
        return cls(CompactRange(size, peaks), edges)

    def append(self, leaf: bytes) -> list[tuple[Tile, bytes]]:
        """Add a leaf's hash; returns the full tiles that it completes, with their bytes."""
        full = []
        # A subtree of height 8 L is one hash of level L.
        for level, subtree in enumerate(self.range.append(leaf)[::8]):
            if level == len(self.edges):
                self.edges.append([])
            edge = self.edges[level]
            edge.append(subtree)
            if len(edge) == WIDTH:
                index = (self.range.size >> 8 * (level + 1)) - 1
                full.append((Tile(level, index), b"".join(edge)))
                self.edges[level] = []
        return full

    def partial(self) -> Iterator[tuple[Tile, bytes]]:
        """The partial tiles with their bytes, from level 0 up."""
        for tile in edge_tiles(self.range.size):
            yield tile, b"".join(self.edges[tile.level])

    def copy(self) -> Frontier:
        """A copy that can grow independently."""
        return Frontier(self.range.copy(), [list(edge) for edge in self.edges])


def _number(index: int) -> str:
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    return "/".join(reversed(groups))


def _damaged(what: str) -> LedgerError:
    return LedgerError(
        f"The ledger is damaged: {what}.",
        "Run `appliance audit verify`, keep the damaged copy, and restore the last good one.",
    )

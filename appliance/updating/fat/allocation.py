"""Which clusters of a FAT32 file system belong to which file, and which are free.

Free is what no file reaches, whatever the table says: clusters that a power cut left marked but
unused are used again.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from appliance.updating.disk import Region
from appliance.updating.problem import RefusedUpdateError

FIRST: Final = 2
"""The number of the first cluster."""

_LINK = 0x0FFFFFFF  # the upper four bits of an entry are reserved, and kept
_BAD = 0x0FFFFFF7
_LAST = 0x0FFFFFF8  # this and above: no cluster follows
_UNKNOWN = b"\xff\xff\xff\xff"
_LEAD, _INSIDE = b"RRaA", b"rrAa"


@dataclass(frozen=True, slots=True)
class Shape:
    """Where things are, in bytes of the region, and how many clusters there are."""

    sector: int
    cluster: int
    table_at: int
    table_size: int
    tables: int
    data_at: int
    clusters: int
    root: int
    summary_at: int

    @classmethod
    def read(cls, region: Region) -> Self:
        """From the first sector. Raises ``RefusedUpdateError`` if this is not FAT32."""
        boot = region.read(0, 512)
        sector, per_cluster, reserved, tables = struct.unpack_from("<HBHB", boot, 11)
        old_root, old_total, _, old_size = struct.unpack_from("<HHBH", boot, 17)
        total, size, flags, _, root, summary = struct.unpack_from("<IIHHIH", boot, 32)
        mirrored = not flags & 0x80
        sound = (
            boot[510:512] == b"\x55\xaa"
            and sector in (512, 1024, 2048, 4096)
            and per_cluster.bit_count() == 1
            and 1 <= tables <= 2
            and (old_root, old_total, old_size) == (0, 0, 0)
            and mirrored
            and total * sector <= region.size
        )
        start = reserved + tables * size
        clusters = (total - start) // per_cluster if sound else 0
        if clusters < 1 or not FIRST <= root < FIRST + clusters:
            raise RefusedUpdateError("esp")
        if (FIRST + clusters) * 4 > size * sector:
            raise RefusedUpdateError("esp")
        return cls(
            sector,
            sector * per_cluster,
            reserved * sector,
            size * sector,
            tables,
            start * sector,
            clusters,
            root,
            summary * sector,
        )

    def place(self, cluster: int) -> int:
        """Where ``cluster`` begins."""
        return self.data_at + (cluster - FIRST) * self.cluster


class Allocation:
    """The table of clusters, as it is on the disk."""

    def __init__(self, region: Region, shape: Shape) -> None:
        """Read the table."""
        self._region, self._shape = region, shape
        raw = region.read(shape.table_at, shape.table_size)
        self._links = list(struct.unpack(f"<{shape.table_size // 4}I", raw))

    def chain(self, first: int) -> list[int]:
        """The clusters from ``first`` on, as far as they make sense."""
        found: list[int] = []
        seen: set[int] = set()
        cluster = first
        while FIRST <= cluster < FIRST + self._shape.clusters and cluster not in seen:
            seen.add(cluster)
            found.append(cluster)
            cluster = self._links[cluster] & _LINK
        return found

    def ends_well(self, chain: list[int]) -> bool:
        """Whether ``chain`` is followed by the mark of an end."""
        return bool(chain) and self._links[chain[-1]] & _LINK >= _LAST

    def free(self, used: Iterable[int], wanted: int) -> list[int]:
        """``wanted`` clusters that are not ``used``. Raises ``RefusedUpdateError``."""
        taken = set(used)
        found: list[int] = []
        for cluster in range(FIRST, FIRST + self._shape.clusters):
            if len(found) == wanted:
                break
            if cluster not in taken and self._links[cluster] & _LINK != _BAD:
                found.append(cluster)
        if len(found) < wanted:
            raise RefusedUpdateError("too-large")
        return found

    def link(self, clusters: list[int]) -> None:
        """Make one chain of ``clusters``, durably."""
        following = [*clusters[1:], _LINK]
        self._change(dict(zip(clusters, following, strict=True)))

    def release(self, used: Iterable[int]) -> None:
        """Mark as free what is not ``used``, durably, and make both tables the same."""
        taken = set(used)
        idle = {
            cluster: 0
            for cluster in range(FIRST, FIRST + self._shape.clusters)
            if cluster not in taken and self._links[cluster] & _LINK not in (0, _BAD)
        }
        self._change(idle)
        self._count()

    def _change(self, links: Mapping[int, int]) -> None:
        for cluster, link in links.items():
            self._links[cluster] = self._links[cluster] & ~_LINK | link
        raw = struct.pack(f"<{len(self._links)}I", *self._links)
        # What changes belongs to no file yet, or to none any more: the order does not matter.
        changed = False
        for number in range(self._shape.tables):
            at = self._shape.table_at + number * self._shape.table_size
            present = self._region.read(at, len(raw))
            for offset in range(0, len(raw), self._shape.sector):
                sector = raw[offset : offset + self._shape.sector]
                if present[offset : offset + self._shape.sector] != sector:
                    self._region.write(at + offset, sector)
                    changed = True
        if changed:
            self._region.flush()

    def _count(self) -> None:
        """Correct the number of free clusters, which is a hint for others."""
        at = self._shape.summary_at
        sector = bytearray(self._region.read(at, 512))
        if sector[:4] != _LEAD or sector[484:488] != _INSIDE:
            return
        clusters = self._links[FIRST : FIRST + self._shape.clusters]
        free = sum(1 for link in clusters if not link & _LINK)
        fresh = sector[:488] + free.to_bytes(4, "little") + _UNKNOWN + sector[496:]
        if fresh != sector:
            self._region.write(at, bytes(fresh))
            self._region.flush()

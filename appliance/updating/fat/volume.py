"""The boot partition: files appear, change their name and disappear by one write of one sector.

A disk writes a sector whole or not at all. So whatever a change prepares is durable before the one
sector is written that makes it visible:

- a new file: its bytes, then its clusters in the table, then its slots;
- a new name: slots in the sector of the old name, if there is room; otherwise a second entry for
  the same bytes, and then the first one is removed. A file never has no name;
- a removal: its slot, then its clusters.

A power cut between two steps leaves clusters that nothing uses or two names of the same bytes;
``tidy`` puts both right. mtools and the drivers of firmware make no such promise: they write the
table and the folder in an order of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from appliance.updating.disk import CHUNK, Region
from appliance.updating.fat.allocation import Allocation, Shape
from appliance.updating.fat.names import (
    DELETED,
    END,
    SLOT,
    Entry,
    entries,
    free_alias,
    renamed,
    slots_of,
)
from appliance.updating.problem import RefusedUpdateError

_MOST_FOLDERS = 256  # on a boot partition; a loop of folders ends here


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes on the volume that have no name yet."""

    first: int
    size: int


class Volume:
    """A FAT32 file system, and one folder in it."""

    def __init__(self, region: Region, folder: tuple[str, ...]) -> None:
        """Open ``folder``, named from the root. Raises ``RefusedUpdateError``."""
        self._region = region
        self._shape = Shape.read(region)
        self._table = Allocation(region, self._shape)
        first = self._shape.root
        for name in folder:
            inside = [one for one in entries(self._data(first)) if one.is_folder]
            found = next((one for one in inside if one.name.lower() == name.lower()), None)
            if found is None:
                raise RefusedUpdateError("esp")
            first = found.first
        self._chain = self._table.chain(first)
        if not self._chain:
            raise RefusedUpdateError("esp")

    def files(self) -> list[Entry]:
        """The files of the folder."""
        return [one for one in entries(self._folder()) if not one.is_folder]

    def is_whole(self, file: Entry) -> bool:
        """Whether ``file`` has as many clusters as its size needs."""
        chain = self._table.chain(file.first)
        return self._table.ends_well(chain) and len(chain) == self._clusters_of(file.size)

    def read(self, file: Entry | Stored) -> Iterator[bytes]:
        """The bytes of ``file``, in pieces. Raises ``RefusedUpdateError`` if it is not whole."""
        left = file.size
        for at, size in self._runs(self._table.chain(file.first)):
            if left <= 0:
                break
            yield self._region.read(at, min(size, left))
            left -= size
        if left > 0:
            raise RefusedUpdateError("esp")

    def room(self, removed: Iterable[Entry]) -> int:
        """Bytes of the largest file that fits once ``removed`` are gone."""
        gone = {cluster for file in removed for cluster in self._table.chain(file.first)}
        used = self._used() - gone
        return (self._shape.clusters - len(used)) * self._shape.cluster

    def tidy(self, running: Entry) -> None:
        """Remove other names of the bytes of ``running``, and free what no file reaches."""
        for file in self.files():
            if file.first == running.first and file.slots != running.slots:
                self._delete(file)
        self._table.release(self._used())

    def remove(self, file: Entry) -> None:
        """Remove ``file``, durably."""
        self._delete(file)
        self._table.release(self._used())

    def store(self, data: Iterable[bytes], size: int) -> Stored:
        """Write the ``size`` bytes of ``data``, durably and without a name.

        Raises ``RefusedUpdateError`` if they do not fit.
        """
        clusters = self._table.free(self._used(), self._clusters_of(size))
        runs = self._runs(clusters)
        at, room = next(runs, (0, 0))
        for block in data:
            rest = memoryview(block)
            while rest:
                if not room:
                    at, room = next(runs)
                # The last cluster of a file is written up to its last byte.
                part = rest[:room]
                self._region.write(at, bytes(part))
                at, room, rest = at + len(part), room - len(part), rest[len(part) :]
        self._region.flush()
        self._table.link(clusters)
        return Stored(clusters[0], size)

    def name(self, stored: Stored, name: str) -> None:
        """Give ``stored`` a name, durably. Raises ``RefusedUpdateError`` if there is no room."""
        alias = free_alias(name, {one.alias for one in entries(self._folder())})
        self._insert(slots_of(name, alias, stored.first, stored.size))
        self._table.release(self._used())

    def rename(self, file: Entry, name: str) -> None:
        """Give ``file`` another name, durably. Raises ``RefusedUpdateError`` if there is no room.

        There is no moment at which it has none.
        """
        alias = free_alias(name, {one.alias for one in entries(self._folder())})
        fresh = renamed(name, alias, file.raw)
        folder = bytearray(self._folder())
        for slot in file.slots:
            folder[slot * SLOT] = DELETED
        sector = file.slots[-1] * SLOT // self._shape.sector
        start = sector * self._shape.sector
        place = self._place(folder, len(fresh), range(sector, sector + 1))
        if place is None or place >= _end(folder):
            self._insert(fresh)
            self._delete(file)
            return
        self._end_behind(folder, place, fresh)
        folder[place * SLOT : place * SLOT + len(fresh)] = fresh
        self._write(start, bytes(folder[start : start + self._shape.sector]))
        self._region.flush()
        self._delete_slots([one for one in file.slots if one * SLOT < start])

    def _insert(self, slots: bytes) -> None:
        """Write ``slots`` into one sector of the folder, durably."""
        folder = bytearray(self._folder())
        place = self._place(folder, len(slots), range(len(folder) // self._shape.sector))
        if place is None:
            raise RefusedUpdateError("esp")
        start = place * SLOT
        start, end = place * SLOT, _end(folder)
        sector = start - start % self._shape.sector
        between = [slot for slot in range(end, place) if slot * SLOT < sector]
        if place >= end:
            if between:
                self._end_at(folder, start)
            self._delete_slots(between)
        self._end_behind(folder, place, slots)
        for slot in range(end, place):
            folder[slot * SLOT] = DELETED
        folder[start : start + len(slots)] = slots
        self._write(sector, bytes(folder[sector : sector + self._shape.sector]))
        self._region.flush()

    def _end_behind(self, folder: bytearray, place: int, slots: bytes) -> None:
        """Let a list that ``slots`` at ``place`` make longer end behind them.

        What lies behind the end of a list is not zero on every volume.
        """
        after = place * SLOT + len(slots)
        if after // SLOT <= _end(folder) or after >= len(folder):
            return
        if after % self._shape.sector == 0:
            self._end_at(folder, after)
        else:
            folder[after] = END  # it is in the sector that is written next

    def _end_at(self, folder: bytearray, at: int) -> None:
        """Make the slot at ``at``, which no list reaches yet, the end of one, durably."""
        if at < len(folder) and folder[at] != END:
            folder[at] = END
            sector = at - at % self._shape.sector
            self._write(sector, bytes(folder[sector : sector + self._shape.sector]))
            self._region.flush()

    def _place(self, folder: bytearray, size: int, sectors: Iterable[int]) -> int | None:
        """The first of the free slots in one of ``sectors`` that hold ``size`` bytes."""
        end = _end(folder)
        per_sector, wanted = self._shape.sector // SLOT, size // SLOT
        for sector in sectors:
            run = 0
            for slot in range(sector * per_sector, (sector + 1) * per_sector):
                is_free = slot >= end or folder[slot * SLOT] == DELETED
                run = run + 1 if is_free else 0
                if run == wanted:
                    return slot - wanted + 1
        return None

    def _delete(self, file: Entry) -> None:
        """Free the slots of ``file``, durably: first the one that makes it exist."""
        sector = file.slots[-1] * SLOT // self._shape.sector
        there = [one for one in file.slots if one * SLOT // self._shape.sector == sector]
        self._delete_slots(there)
        self._delete_slots([one for one in file.slots if one not in there])

    def _delete_slots(self, slots: list[int]) -> None:
        folder = bytearray(self._folder())
        for slot in slots:
            folder[slot * SLOT] = DELETED
        for start in sorted({slot * SLOT // self._shape.sector for slot in slots}):
            at = start * self._shape.sector
            self._write(at, bytes(folder[at : at + self._shape.sector]))
        if slots:
            self._region.flush()

    def _write(self, offset: int, data: bytes) -> None:
        """Write one sector of the folder."""
        cluster = self._chain[offset // self._shape.cluster]
        self._region.write(self._shape.place(cluster) + offset % self._shape.cluster, data)

    def _folder(self) -> bytes:
        return b"".join(self._clusters(self._chain))

    def _data(self, first: int) -> bytes:
        return b"".join(self._clusters(self._table.chain(first)))

    def _clusters(self, chain: Iterable[int]) -> Iterator[bytes]:
        for cluster in chain:
            yield self._region.read(self._shape.place(cluster), self._shape.cluster)

    def _runs(self, chain: list[int]) -> Iterator[tuple[int, int]]:
        """Where consecutive clusters are, and their bytes: as much as is copied at a time."""
        at = 0
        while at < len(chain):
            n = 1
            while (
                at + n < len(chain)
                and chain[at + n] == chain[at] + n
                and (n + 1) * self._shape.cluster <= CHUNK
            ):
                n += 1
            yield self._shape.place(chain[at]), n * self._shape.cluster
            at += n

    def _clusters_of(self, size: int) -> int:
        return max(1, -(-size // self._shape.cluster))

    def _used(self) -> set[int]:
        """All clusters that a file or a folder reaches. Raises ``RefusedUpdateError``."""
        used = set(self._table.chain(self._shape.root))
        folders, seen = [self._shape.root], 0
        while folders:
            seen += 1
            if seen > _MOST_FOLDERS:
                raise RefusedUpdateError("esp")
            for one in entries(self._data(folders.pop())):
                used.update(self._table.chain(one.first))
                if one.is_folder:
                    folders.append(one.first)
        return used


def _end(folder: bytearray) -> int:
    """The number of the first slot that the list of ``folder`` does not reach."""
    slots = len(folder) // SLOT
    return next((slot for slot in range(slots) if folder[slot * SLOT] == END), slots)

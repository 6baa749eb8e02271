"""The partition table of a disk: read from whichever copy is whole, written one copy at a time.

The table exists twice, at the start of a disk and at its end, and firmware uses the second one
where the first one is damaged (UEFI Specification 2.10, section 5.3.2). A change is written to the
copy at the end, made durable, and then to the one at the start. At each moment one of them is
whole, and both name the running image's partitions.
"""

from __future__ import annotations

import struct
import uuid
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

from appliance.updating.disk import Disk, Region
from appliance.updating.problem import RefusedUpdateError

# Types of the Discoverable Partitions Specification, for x86-64.
ROOT: Final = uuid.UUID("4f68bce3-e8cd-4db1-96e7-fbcaf984b709")
VERITY: Final = uuid.UUID("2c7357ed-ebd2-46d9-aec1-23d437ec2bf5")
ESP: Final = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")

_SIGNATURE = b"EFI PART"
_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")  # section 5.3.2, table 5.5
_ENTRY = struct.Struct("<16s16sQQQ72s")  # section 5.3.3, table 5.6
_MOST_BYTES = 1 << 16  # of all entries; tables in use have 16 KiB
_PRIMARY = 1  # the sector of the first header


@dataclass(frozen=True, slots=True)
class Partition:
    """``first`` and ``last``: its sectors. ``number``: its place in the table, from 0."""

    number: int
    kind: uuid.UUID
    id: uuid.UUID
    first: int
    last: int
    name: str

    def region(self, disk: Disk) -> Region:
        """Its bytes on ``disk``."""
        return Region(disk, self.first * disk.sector, (self.last - self.first + 1) * disk.sector)


@dataclass(frozen=True, slots=True)
class _Copy:
    """One copy of the table. ``at`` and ``other``: the sectors of its header and of the other's."""

    at: int
    other: int
    entries_at: int
    fields: tuple[object, ...]
    entry_size: int
    entries: bytes

    @property
    def common(self) -> tuple[object, ...]:
        """What both copies have to agree on."""
        first, last, disk_id = self.fields[7:10]
        return first, last, disk_id, self.entry_size, self.entries


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it was read; ``torn``: that copy was damaged, or is older than the other."""

    copy: _Copy
    backup_at: int
    backup_entries_at: int
    torn: str | None

    @classmethod
    def read(cls, disk: Disk) -> Self:
        """The table of ``disk``: the first copy if that is whole, otherwise the second.

        Raises ``RefusedUpdateError`` if neither is.
        """
        end = disk.size // disk.sector - 1
        primary = _read(disk, _PRIMARY)
        backup = _read(disk, primary.other if primary else end)
        known = primary or backup
        if known is None or (primary and primary.other > end):
            raise RefusedUpdateError("disk")
        size = -(-len(known.entries) // disk.sector)
        backup_at = primary.other if primary else known.at
        torn = None
        if primary is None:
            torn = "primary"
        elif backup is None or backup.common != primary.common:
            torn = "backup"
        return cls(known, backup_at, backup.entries_at if backup else backup_at - size, torn)

    @property
    def partitions(self) -> list[Partition]:
        """The partitions, in the order of the table."""
        found = []
        size = self.copy.entry_size
        for number in range(len(self.copy.entries) // size):
            entry = self.copy.entries[number * size : (number + 1) * size]
            kind, identity, first, last, _, name = _ENTRY.unpack(entry[: _ENTRY.size])
            if any(kind):
                found.append(
                    Partition(
                        number,
                        uuid.UUID(bytes_le=kind),
                        uuid.UUID(bytes_le=identity),
                        first,
                        last,
                        name.decode("utf-16-le", "replace").partition("\0")[0],
                    )
                )
        return found

    def heal(self, disk: Disk) -> Table:
        """Write the copy that is torn, if one is, from the one that is whole."""
        if self.torn is not None:
            self.write(disk, backup=self.torn == "backup")
        return replace(self, torn=None)

    def rename(self, disk: Disk, names: Mapping[int, tuple[uuid.UUID, str]]) -> Table:
        """Give partitions, by their numbers, a new id and a new name, durably.

        Both copies must be whole: call ``heal`` first. Raises ``ValueError`` if they are not.
        """
        if self.torn is not None:
            raise ValueError("one copy of the table is torn")
        entries = bytearray(self.copy.entries)
        for number, (identity, name) in names.items():
            at = number * self.copy.entry_size
            kind, _, first, last, attributes, _ = _ENTRY.unpack_from(entries, at)
            fresh = (kind, identity.bytes_le, first, last, attributes, name.encode("utf-16-le"))
            _ENTRY.pack_into(entries, at, *fresh)
        table = replace(self, copy=replace(self.copy, entries=bytes(entries)))
        if table.copy.entries != self.copy.entries:
            table.write(disk, backup=True)
            table.write(disk, backup=False)
        return table

    def write(self, disk: Disk, *, backup: bool) -> None:
        """Write one copy, entries first, and make it durable. Unchanged sectors stay unwritten."""
        at = self.backup_at if backup else _PRIMARY
        other = _PRIMARY if backup else self.backup_at
        entries_at = self.backup_entries_at if backup else _PRIMARY + 1
        entries = self.copy.entries
        padded = entries + bytes(-len(entries) % disk.sector)
        present = disk.read(entries_at * disk.sector, len(padded))
        for offset in range(0, len(padded), disk.sector):
            sector = padded[offset : offset + disk.sector]
            if present[offset : offset + disk.sector] != sector:
                disk.write(entries_at * disk.sector + offset, sector)
        disk.write(at * disk.sector, self._header(disk, at, other, entries_at))
        disk.flush()

    def _header(self, disk: Disk, at: int, other: int, entries_at: int) -> bytes:
        fields = list(self.copy.fields)
        fields[3], fields[5], fields[6] = 0, at, other
        fields[10], fields[13] = entries_at, zlib.crc32(self.copy.entries)
        fields[2] = _HEADER.size
        fields[3] = zlib.crc32(_HEADER.pack(*fields))
        return _HEADER.pack(*fields) + bytes(disk.sector - _HEADER.size)


def _read(disk: Disk, at: int) -> _Copy | None:
    """The copy whose header is in sector ``at``; ``None`` if it is not whole."""
    last = disk.size // disk.sector - 1
    if not _PRIMARY <= at <= last:
        return None
    sector = disk.read(at * disk.sector, disk.sector)
    fields = _HEADER.unpack_from(sector)
    signature, _, size, checksum, _, here, other, *_ = fields
    entries_at, number, entry_size, entries_checksum = fields[10:14]
    if (
        signature != _SIGNATURE
        or not _HEADER.size <= size <= disk.sector
        or here != at
        or entry_size < _ENTRY.size
        or not 0 < number * entry_size <= _MOST_BYTES
        or (entries_at + 1) * disk.sector + number * entry_size > disk.size
    ):
        return None
    cleared = sector[:16] + bytes(4) + sector[20:size]
    entries = disk.read(entries_at * disk.sector, number * entry_size)
    if zlib.crc32(cleared) != checksum or zlib.crc32(entries) != entries_checksum:
        return None
    return _Copy(at, other, entries_at, fields, entry_size, entries)

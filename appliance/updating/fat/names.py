"""Entries of a folder of FAT: 32 bytes each, a long name in several of them before its file's.

Source: Microsoft, "FAT File System Specification" (fatgen103), sections on directory structure and
long names.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

SLOT: Final = 32
"""Bytes of an entry, here called a slot."""

END, DELETED = 0x00, 0xE5
"""The first byte of a slot after which there are none, and of one that is free."""

FOLDER: Final = 0x10
_LABEL, _LONG, _ARCHIVE = 0x08, 0x0F, 0x20
_LAST_LONG = 0x40
_UNITS = 13  # UTF-16 units of a long name in one slot
_FILE = struct.Struct("<11sBBBHHHHHHHI")
_FIRST_DATE = 0x0021  # 1980-01-01: the appliance's clock is no news for firmware
_MOST_ALIASES = 9999


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder. ``first``: its first cluster. ``slots``: their numbers, in order.

    The last of them is the one that makes the file exist.
    """

    name: str
    attributes: int
    first: int
    size: int
    slots: tuple[int, ...]
    raw: bytes

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return bool(self.attributes & FOLDER)

    @property
    def alias(self) -> bytes:
        """The short name, as it is stored: 11 bytes."""
        return self.raw[:11]


def entries(data: bytes) -> Iterator[Entry]:
    """The files and folders in ``data``, all clusters of a folder; not ``.``, ``..`` or a label."""
    long: list[tuple[int, bytes]] = []
    for number in range(len(data) // SLOT):
        raw = data[number * SLOT : (number + 1) * SLOT]
        if raw[0] == END:
            return
        if raw[0] == DELETED:
            long = []
            continue
        if raw[11] & 0x3F == _LONG:
            if raw[0] & _LAST_LONG:
                long = []
            long.append((number, raw))
            continue
        pieces, long = _whole(long, raw[:11]), []
        if raw[0] == ord(".") or raw[11] & _LABEL:
            continue
        first = int.from_bytes(raw[20:22], "little") << 16 | int.from_bytes(raw[26:28], "little")
        name = _long_name(pieces) if pieces else _short_name(raw[:11])
        slots = (*(at for at, _ in pieces), number)
        yield Entry(name, raw[11], first, int.from_bytes(raw[28:32], "little"), slots, raw)


def slots_of(name: str, alias: bytes, first: int, size: int) -> bytes:
    """The slots of a new file."""
    high, low = first >> 16, first & 0xFFFF
    file = _FILE.pack(
        alias, _ARCHIVE, 0, 0, 0, _FIRST_DATE, _FIRST_DATE, high, 0, _FIRST_DATE, low, size
    )
    return renamed(name, alias, file)


def renamed(name: str, alias: bytes, file: bytes) -> bytes:
    """The slots of the file whose own slot was ``file``, under another ``name``."""
    units = name.encode("utf-16-le")
    if len(units) % (2 * _UNITS):
        units += b"\0\0"
    units += b"\xff" * (-len(units) % (2 * _UNITS))
    pieces = [units[at : at + 2 * _UNITS] for at in range(0, len(units), 2 * _UNITS)]
    checksum = _checksum(alias)
    slots = b""
    for order in range(len(pieces), 0, -1):
        piece = pieces[order - 1]
        mark = order | (_LAST_LONG if order == len(pieces) else 0)
        slots += bytes([mark]) + piece[:10] + bytes([_LONG, 0, checksum])
        slots += piece[10:22] + b"\0\0" + piece[22:]
    return slots + alias + file[11:]


def free_alias(name: str, taken: Collection[bytes]) -> bytes:
    """A short name for ``name`` that is not ``taken``, such as ``FACEAP~1EFI``.

    Raises ``ValueError`` if there is none left.
    """
    stem, _, suffix = name.upper().rpartition(".")
    letters = "".join(letter for letter in stem if letter.isascii() and letter.isalnum())
    for number in range(1, _MOST_ALIASES):
        tail = f"~{number}"
        alias = f"{letters[: 8 - len(tail)]}{tail}".ljust(8) + suffix[:3].ljust(3)
        if alias.encode() not in taken:
            return alias.encode()
    raise ValueError("no short name is left")


def _whole(long: list[tuple[int, bytes]], alias: bytes) -> list[tuple[int, bytes]]:
    """The slots of the long name, if they belong to the file of this ``alias``."""
    orders = [raw[0] & 0x3F for _, raw in long]
    checksum = _checksum(alias)
    if orders == list(range(len(long), 0, -1)) and all(raw[13] == checksum for _, raw in long):
        return long
    return []


def _long_name(pieces: list[tuple[int, bytes]]) -> str:
    units = b"".join(raw[1:11] + raw[14:26] + raw[28:32] for _, raw in reversed(pieces))
    return units.decode("utf-16-le", "replace").partition("\0")[0]


def _short_name(alias: bytes) -> str:
    text = alias.decode("latin-1")
    stem, suffix = text[:8].rstrip(), text[8:].rstrip()
    return f"{stem}.{suffix}" if suffix else stem


def _checksum(alias: bytes) -> int:
    total = 0
    for byte in alias:
        total = (((total & 1) << 7) + (total >> 1) + byte) & 0xFF
    return total

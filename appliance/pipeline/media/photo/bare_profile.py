"""A colour profile without its free text: what is written is what decides colours, and no more.

A profile names who made it, and may hold any tag, and bytes that belong to none: names, serial
numbers of a screen, a whole file. What is kept here are the tags by which RGB becomes the colours
of the connection space (ICC.1:2022, 9.2), each as long as its type needs, below a header of our
own.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

_HEADER = 128  # bytes
_MOST_TAGS = 100
_KEPT = frozenset(
    (
        *(b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC", b"wtpt", b"chad", b"cicp"),
        *(b"A2B0", b"A2B1", b"A2B2", b"B2A0", b"B2A1", b"B2A2"),
    )
)
_CLASSES, _SPACES = (b"scnr", b"mntr", b"prtr", b"spac"), (b"XYZ ", b"Lab ")
_MATRIX = frozenset((b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"))
_NUMBERS_OF_FUNCTION = (1, 3, 4, 5, 7)  # ICC.1:2022, table 68
_D50 = bytes.fromhex("0000f6d6 00010000 0000d32d")  # 7.2.16
_NAME, _RIGHTS = "RGB", "CC0"


def bare_profile(icc: bytes) -> bytes | None:
    """``icc``, an RGB profile, without what does not decide colours; ``None`` if it decides none.

    What this function has made it leaves as it is.
    """
    if len(icc) < _HEADER + 4 or icc[16:20] != b"RGB ":
        return None
    values = dict(_values(icc))
    if not (values.keys() >= _MATRIX or b"A2B0" in values):
        return None
    fourth = icc[8] >= 4
    named = _multilingual if fourth else _described
    tags = {
        b"desc": named(_NAME),
        b"cprt": (_multilingual if fourth else _plain)(_RIGHTS),
        **values,
    }
    return _assembled(_header(icc), tags)


def _header(icc: bytes) -> bytearray:
    """A header with the version, class, spaces and intent of ``icc``, and nothing else of it."""
    header = bytearray(_HEADER)
    header[8:10] = icc[8:10]
    header[12:16] = icc[12:16] if icc[12:16] in _CLASSES else b"mntr"
    header[16:20] = b"RGB "
    header[20:24] = icc[20:24] if icc[20:24] in _SPACES else b"XYZ "
    header[36:40] = b"acsp"
    header[64:68] = bytes((0, 0, 0, icc[67] & 3))
    header[68:80] = _D50
    return header


def _values(icc: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The tags that are kept, in their order, cut to what their type needs."""
    (count,) = struct.unpack_from(">I", icc, _HEADER)
    seen = set()
    for number in range(min(count, _MOST_TAGS)):
        entry = icc[_HEADER + 4 + 12 * number :][:12]
        if len(entry) < 12:
            return
        signature, at, size = struct.unpack(">4sII", entry)
        if signature not in _KEPT or signature in seen:
            continue
        value = icc[at : at + size]
        measure = _SIZES.get(value[:4])
        needed = 0 if measure is None else measure(value)
        if 8 < needed <= len(value):
            seen.add(signature)
            yield signature, value[:4] + bytes(4) + value[8:needed]


def _curve(value: bytes) -> int:
    return 12 + 2 * int.from_bytes(value[8:12], "big")


def _function(value: bytes) -> int:
    kind = int.from_bytes(value[8:10], "big")
    known = kind < len(_NUMBERS_OF_FUNCTION) and value[10:12] == bytes(2)
    return 12 + 4 * _NUMBERS_OF_FUNCTION[kind] if known else 0


def _table_of_bytes(value: bytes) -> int:
    return 0 if len(value) < 11 else 48 + 256 * (value[8] + value[9]) + _grid(value)


def _table_of_words(value: bytes) -> int:
    if len(value) < 52:
        return 0
    entries, exits = struct.unpack_from(">HH", value, 48)
    return 52 + 2 * (int(entries) * value[8] + int(exits) * value[9] + _grid(value))


def _grid(value: bytes) -> int:
    points: int = value[10] ** min(value[8], 4)
    return points * value[9]


# By the type of a tag: the bytes that it needs, from its own first numbers. The tables of version 4
# are copied whole: their parts lie at places of their own choice.
_SIZES: Mapping[bytes, Callable[[bytes], int]] = MappingProxyType(
    {
        b"XYZ ": lambda _: 20,
        b"sf32": lambda _: 44,
        b"cicp": lambda _: 12,
        b"curv": _curve,
        b"para": _function,
        b"mft1": _table_of_bytes,
        b"mft2": _table_of_words,
        b"mAB ": len,
        b"mBA ": len,
    }
)


def _assembled(header: bytearray, tags: Mapping[bytes, bytes]) -> bytes:
    table, body = bytearray(struct.pack(">I", len(tags))), bytearray()
    start = _HEADER + 4 + 12 * len(tags)
    places: dict[bytes, int] = {}
    for signature, value in tags.items():
        if value not in places:
            places[value] = start + len(body)
            body += value + bytes(-len(value) % 4)
        table += signature + struct.pack(">II", places[value], len(value))
    header[:4] = struct.pack(">I", start + len(body))
    return bytes(header + table + body)


def _multilingual(text: str) -> bytes:
    """``text``, of ASCII, in English (ICC.1:2022, 10.15)."""
    raw = b"".join(bytes((0, ord(letter))) for letter in text)
    return b"mluc" + bytes(4) + struct.pack(">II4sII", 1, 12, b"enUS", len(raw), 28) + raw


def _plain(text: str) -> bytes:
    return b"text" + bytes(4) + text.encode() + b"\0"


def _described(text: str) -> bytes:
    """``text`` as ICC.1:2001-04, 6.5.17, wants it: in ASCII, and empty in other scripts."""
    words = text.encode() + b"\0"
    return b"desc" + bytes(4) + struct.pack(">I", len(words)) + words + bytes(4 + 4 + 2 + 1 + 67)

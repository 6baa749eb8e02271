"""Data sets as bytes: explicit representations, little-endian (PS3.5, annex A.2; PS3.10, 7.1).

Nothing is read here, and nothing is written to a disk: a library that writes such files keeps
copies in the folder for temporary files, and loads modules for the network.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from appliance.release.dicom.dictionary import ELEMENTS, PIXEL_DATA

Value: TypeAlias = "str | int | bytes | tuple[str, ...] | tuple[int, ...] | list[DataSet]"
DataSet: TypeAlias = Mapping[str, Value]
"""Values by PS3.6's keyword; a list of data sets is a sequence. An empty text has no value."""

# Value representations whose length has four bytes, behind two that are zero (PS3.5, 7.1.2).
_LONG = frozenset(("OB", "SQ", "UV"))
_NUMBERS = {"US": "H", "UL": "I", "UV": "Q"}
_ITEM, _SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_UNDEFINED = 0xFFFFFFFF


def encode(data: DataSet) -> bytes:
    """``data`` as bytes, in the order of numbers. Every length is even (PS3.5, 7.1)."""
    rows = sorted((*ELEMENTS[name], value) for name, value in data.items())
    return b"".join(_element(tag, vr, _bytes(vr, value)) for tag, vr, value in rows)


def encode_file(meta: DataSet, body: bytes) -> bytes:
    """A file of the data set ``body``, with the elements ``meta`` about it in front."""
    about = encode({"FileMetaInformationVersion": b"\0\1", **meta})
    length = encode({"FileMetaInformationGroupLength": len(about)})
    return bytes(128) + b"DICM" + length + about + body


def encapsulated(fragment: bytes) -> bytes:
    """Pixel data that are one compressed picture, behind an empty table (PS3.5, annex A.4)."""
    padded = fragment + b"\0" * (len(fragment) % 2)
    return (
        _head(PIXEL_DATA, "OB", _UNDEFINED)
        + _ITEM
        + bytes(4)
        + _ITEM
        + struct.pack("<I", len(padded))
        + padded
        + _SEQUENCE_END
        + bytes(4)
    )


def encode_items(items: Sequence[DataSet]) -> list[bytes]:
    """The items of a sequence, each with its length in front."""
    encoded = map(encode, items)
    return [_ITEM + struct.pack("<I", len(content)) + content for content in encoded]


def _element(tag: int, vr: str, value: bytes) -> bytes:
    return _head(tag, vr, len(value)) + value


def _head(tag: int, vr: str, length: int) -> bytes:
    start = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr.encode()
    return start + struct.pack("<HI" if vr in _LONG else "<H", *((0,) * (vr in _LONG)), length)


def _bytes(vr: str, value: Value) -> bytes:
    if isinstance(value, list):
        return b"".join(encode_items(value))
    if isinstance(value, bytes):
        return value + b"\0" * (len(value) % 2)
    values = value if isinstance(value, tuple) else (value,)
    if vr in _NUMBERS:
        return struct.pack(f"<{len(values)}{_NUMBERS[vr]}", *values)
    text = "\\".join(map(str, values)).encode()
    padding = b"\0" if vr == "UI" else b" "
    return text + padding * (len(text) % 2)

"""DICOM files of one picture, built element by element."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
JPEG, JPEG_2000, RLE = (f"1.2.840.10008.1.2.{part}" for part in ("4.50", "4.90", "5"))
PHOTOGRAPH, CAPTURE = (f"1.2.840.10008.5.1.4.1.1.{part}" for part in ("77.1.4", "7"))
CT = "1.2.840.10008.5.1.4.1.1.2"
NAME = b"Doe^Jane"
_LONG = ("OB", "OW", "SQ", "UN")


@dataclass(frozen=True)
class Dicom:
    """``pixels``: as stored, or the fragments of a compressed picture. ``more``: other elements."""

    rows: int
    columns: int
    pixels: bytes | Sequence[bytes]
    photometric: str = "RGB"
    samples: int = 3
    allocated: int = 8
    stored: int = 0
    planar: int = 0
    sop_class: str = PHOTOGRAPH
    syntax: str = EXPLICIT
    more: Mapping[tuple[int, str], bytes] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The file."""
        stored = self.stored or self.allocated
        values: dict[tuple[int, str], bytes] = {
            (0x00080016, "UI"): self.sop_class.encode(),
            (0x00080018, "UI"): b"1.2.3.4",
            (0x00100010, "PN"): NAME,
            (0x00280002, "US"): _short(self.samples),
            (0x00280004, "CS"): self.photometric.encode(),
            (0x00280006, "US"): _short(self.planar),
            (0x00280010, "US"): _short(self.rows),
            (0x00280011, "US"): _short(self.columns),
            (0x00280100, "US"): _short(self.allocated),
            (0x00280101, "US"): _short(stored),
            (0x00280102, "US"): _short(stored - 1),
            (0x00280103, "US"): _short(0),
        }
        values |= dict(self.more)
        implicit = self.syntax == IMPLICIT
        body = b"".join(
            _element(tag, kind, value, implicit=implicit)
            for (tag, kind), value in sorted(values.items())
        )
        syntax = _element(0x00020010, "UI", self.syntax.encode(), implicit=False)
        length = _element(0x00020000, "UL", struct.pack("<I", len(syntax)), implicit=False)
        # A sequence of undefined length, and an item in it, that have to be passed over.
        nested = _element(0x00280010, "US", _short(1), implicit=implicit)
        item = _item(nested + _mark(0xFFFEE00D), undefined=True) + _mark(0xFFFEE0DD)
        sequence = _head(0x00081140, "SQ", 0xFFFFFFFF, implicit=implicit) + item
        first = len(_element(0x00080016, "UI", self.sop_class.encode(), implicit=implicit))
        first += len(_element(0x00080018, "UI", b"1.2.3.4", implicit=implicit))
        body = body[:first] + sequence + body[first:]
        return bytes(128) + b"DICM" + length + syntax + body + self._pixels(implicit=implicit)

    def _pixels(self, *, implicit: bool) -> bytes:
        kind = "OW" if self.allocated == 16 or implicit else "OB"
        if isinstance(self.pixels, bytes):
            return _element(0x7FE00010, kind, self.pixels, implicit=implicit)
        items = b"".join(_item(_even(part)) for part in (b"", *self.pixels))
        return _head(0x7FE00010, "OB", 0xFFFFFFFF, implicit=False) + items + _mark(0xFFFEE0DD)


def _short(value: int) -> bytes:
    return struct.pack("<H", value)


def _even(value: bytes, filler: bytes = b"\0") -> bytes:
    return value + filler * (len(value) % 2)


def _mark(tag: int, length: int = 0) -> bytes:
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, length)


def _item(content: bytes, *, undefined: bool = False) -> bytes:
    return _mark(0xFFFEE000, 0xFFFFFFFF if undefined else len(content)) + content


def _head(tag: int, kind: str, length: int, *, implicit: bool) -> bytes:
    start = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    if implicit:
        return start + struct.pack("<I", length)
    if kind in _LONG:
        return start + kind.encode() + struct.pack("<HI", 0, length)
    return start + kind.encode() + struct.pack("<H", length)


def _element(tag: int, kind: str, value: bytes, *, implicit: bool) -> bytes:
    raw = _even(value, b" " if kind in ("CS", "PN", "IS") else b"\0")
    return _head(tag, kind, len(raw), implicit=implicit) + raw

"""The boxes of MP4 and MOV (ISO/IEC 14496-12, 4.2), as far as FFmpeg does not tell of them."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from appliance.pipeline.media.streams import ReadableFile

# Boxes that hold boxes, on the way to the tables of a track.
_PARENTS = frozenset((b"moov", b"trak", b"mdia", b"minf", b"stbl"))
_DEPTH = len(_PARENTS)
_HEADER, _LARGE_HEADER = 8, 16
# Entries of a table that are read at a time.
_ENTRIES = 1 << 16


@dataclass(frozen=True, slots=True)
class Box:
    """One box. ``body`` and ``end``: bytes from the start of the file."""

    kind: bytes
    body: int
    end: int


def read_box(file: ReadableFile, position: int, limit: int) -> Box:
    """The box that starts at ``position``; its ``end`` may lie behind ``limit``.

    A length of 1 means a 64-bit length, 0 up to ``limit``. The ``end`` of a box whose length is
    impossible is ``position``.
    """
    file.seek(position, os.SEEK_SET)
    header = file.read(_HEADER)
    if len(header) < _HEADER:
        return Box(header[4:], position, position)
    length, kind = struct.unpack(">I4s", header)
    body = position + _HEADER
    if length == 1:
        length = int.from_bytes(file.read(8), "big")
        body = position + _LARGE_HEADER
    elif length == 0:
        length = limit - position
    is_possible = length >= body - position
    return Box(kind, body, position + length if is_possible else position)


def boxes(file: ReadableFile, position: int, end: int) -> Iterator[Box]:
    """The boxes between ``position`` and ``end``, up to the first that does not fit."""
    while position + _HEADER <= end:
        box = read_box(file, position, end)
        if not position < box.end <= end:
            return
        yield box
        position = box.end


def inner_boxes(file: ReadableFile, box: Box, depth: int = _DEPTH) -> Iterator[Box]:
    """All boxes in ``box`` that lead to tables of its tracks, depth first, ``depth`` levels."""
    for inner in boxes(file, box.body, box.end):
        yield inner
        if depth and inner.kind in _PARENTS:
            yield from inner_boxes(file, inner, depth - 1)


def chunks(file: ReadableFile, moov: Box) -> Iterator[int]:
    """Where in the file the chunks of samples start of all tracks."""
    for box in inner_boxes(file, moov):
        if box.kind in (b"stco", b"co64"):
            yield from _table(file, box, "I" if box.kind == b"stco" else "Q")


def sample_entries(file: ReadableFile) -> Mapping[int, str]:
    """By number of the track the type of its first sample entry, as ``"tmcd"``.

    The file is left where it was.
    """
    before = file.tell()
    try:
        size = file.seek(0, os.SEEK_END)
        moov = [box for box in boxes(file, 0, size) if box.kind == b"moov"]
        tracks = [box for one in moov for box in boxes(file, one.body, one.end)]
        return dict(_entry(file, box) for box in tracks if box.kind == b"trak")
    finally:
        file.seek(before, os.SEEK_SET)


def _entry(file: ReadableFile, track: Box) -> tuple[int, str]:
    number, entry = 0, ""
    for box in inner_boxes(file, track):
        file.seek(box.body, os.SEEK_SET)
        if box.kind == b"tkhd":
            body = file.read(24)
            # After the times, which version 1 counts in 64 bits.
            at = 20 if body[:1] == b"\1" else 12
            number = int.from_bytes(body[at : at + 4], "big")
        elif box.kind == b"stsd":
            # Version, flags, number of entries; then the first, which is a box.
            entry = file.read(16)[12:16].decode("latin-1")
    return number, entry


def _table(file: ReadableFile, box: Box, form: str) -> Iterator[int]:
    """The numbers of a table with version, flags and number of entries; ``form``: ``struct``'s."""
    width = struct.calcsize(f">{form}")
    file.seek(box.body, os.SEEK_SET)
    listed = int.from_bytes(file.read(8)[4:], "big")
    left = min(listed, max(0, box.end - box.body - 8) // width)
    while left:
        count = min(left, _ENTRIES)
        yield from struct.unpack(f">{count}{form}", file.read(count * width))
        left -= count

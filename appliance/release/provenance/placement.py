"""What of a file its signature leaves out, checked byte by byte.

A hash cannot cover the manifest that holds it. In photos the signed hash names the ranges that it
leaves out; in films, kinds of boxes: among them the first, which says what the film is compatible
with, and those that are free to hold anything. What we sign has one value for each of these bytes.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import BinaryIO, Final

from appliance.release.provenance.manifest_form import has_our_form

FILM_KINDS: Final = ("mp4", "mov")

_LARGEST_STORE = 1 << 20  # bytes of a manifest; ours have 3 to 20 thousand
_LARGEST_TYPE = 1 << 10  # bytes of a film's first box
_MOST_BOXES = 64  # in a film; ours have about five
# APP11 of JPEG: "JP", the instance that the library always numbers so, the first segment (ISO/IEC
# 19566-5, D.2); a manifest of ours fits into one.
_JPEG_HEAD = b"JP\x02\x11\0\0\0\1"
_C2PA_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")  # its UUID (C2PA 2.2, A.5)
# Version and flags, the purpose, and where more would lie.
_C2PA_BOX_HEAD = _C2PA_BOX + b"\0\0\0\0manifest\0" + bytes(8)
_FREE = (b"free", b"skip")


def film_type(file: BinaryIO) -> str:
    """The first box of a film as hexadecimal digits: no signature covers it unless it is stated.

    Raises ``ValueError`` if it is another one than ``ftyp``, or a large one.
    """
    kind, at, size = next(_boxes(file))
    if kind != b"ftyp" or size > _LARGEST_TYPE:
        raise ValueError
    file.seek(at)
    return file.read(size).hex()


def is_placed_as_signed(
    file: BinaryIO, kind: str, left_out: Sequence[Mapping[str, int]], stated_type: str | None
) -> bool:
    """Whether each byte in ``file`` that its signature leaves out is as we write it.

    ``left_out``: ``start`` and ``length`` of the ranges that a photo's signed hash names.
    ``stated_type``: what the signed manifest of a film says of :func:`film_type`.
    """
    try:
        if kind in FILM_KINDS:
            return film_type(file) == stated_type and _is_film_as_signed(file)
        return _is_photo_as_signed(file, kind, [(one["start"], one["length"]) for one in left_out])
    except (ValueError, KeyError, TypeError, struct.error, StopIteration):
        return False


def _is_photo_as_signed(file: BinaryIO, kind: str, left_out: Sequence[tuple[int, int]]) -> bool:
    *others, (start, length) = left_out
    held = _read(file, start, length)
    if kind == "tiff":  # the number of bytes in the directory's entry, and those bytes
        ((at, size),) = others
        order = "<" if _read(file, 0, 2) == b"II" else ">"
        return struct.unpack(f"{order}I", _read(file, at, size)) == (length,) and has_our_form(held)
    return not others and _STILLS[kind](held)


def _is_segment(held: bytes) -> bool:
    head = b"\xff\xeb" + struct.pack(">H", len(held) - 2) + _JPEG_HEAD
    return held.startswith(head) and has_our_form(held[len(head) :])


def _is_chunk(held: bytes) -> bool:
    store = held[8:-4]
    head, checked = struct.pack(">I", len(store)) + b"caBX", zlib.crc32(held[4:-4])
    return held == head + store + struct.pack(">I", checked) and has_our_form(store)


def _is_riff_chunk(held: bytes) -> bool:
    # The byte that makes its length even is not left out, but hashed.
    store = held[8:]
    return held[:8] == b"C2PA" + struct.pack("<I", len(store)) and has_our_form(store)


_STILLS: Mapping[str, Callable[[bytes], bool]] = MappingProxyType(
    {"jpeg": _is_segment, "png": _is_chunk, "webp": _is_riff_chunk}
)


def _is_film_as_signed(file: BinaryIO) -> bool:
    boxes = list(_boxes(file))
    for number, (kind, at, size) in enumerate(boxes[:-1]):
        if kind == b"mfra" or (kind == b"ftyp") != (number == 0):
            return False
        if kind in _FREE and not _is_zero(file, at + 8, size - 8):
            return False
        if kind == b"uuid" and _read(file, at + 8, 16) == _C2PA_BOX:
            return False
    kind, at, size = boxes[-1]
    held = _read(file, at, size)
    head = struct.pack(">I", size) + b"uuid" + _C2PA_BOX_HEAD
    return held.startswith(head) and has_our_form(held[len(head) :])


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Kind, place and size of each of the boxes that fill a film. Raises ``ValueError``."""
    end = file.seek(0, os.SEEK_END)
    at = 0
    for _ in range(_MOST_BOXES):
        if at == end:
            return
        file.seek(at)
        head = file.read(16)
        size, kind = struct.unpack_from(">I4s", head)
        least = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", head, 8)
            least = 16
        if not least <= size <= end - at:
            raise ValueError
        yield kind, at, size
        at += size
    raise ValueError


def _is_zero(file: BinaryIO, at: int, size: int) -> bool:
    return not any(_read(file, at, size))


def _read(file: BinaryIO, at: int, size: int) -> bytes:
    if not 0 <= size <= _LARGEST_STORE:
        raise ValueError
    file.seek(at)
    found = file.read(size)
    if len(found) != size:
        raise ValueError
    return found

"""The chunks of a PNG (third edition, 5.3), read and added."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from itertools import takewhile

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Bytes of the signature and of IHDR, the first chunk.
_HEADER = 33


def all_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each chunk; none of a damaged file's rest.

    Checksums are not looked at: Pillow refuses a PNG with a wrong one.
    """
    at = len(_SIGNATURE)
    while data.startswith(_SIGNATURE) and at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if at + 8 + length > len(data):
            return
        yield name, data[at + 8 : at + 8 + length]
        at += 12 + length


def first_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each chunk before the first with pixels."""
    return takewhile(lambda chunk: chunk[0] not in (b"IDAT", b"IEND"), all_chunks(data))


def with_chunk(png: bytes, name: bytes, content: bytes) -> bytes:
    """``png`` with a further chunk behind its header."""
    size = struct.pack(">I", len(content))
    check = struct.pack(">I", zlib.crc32(name + content))
    return b"".join((png[:_HEADER], size, name, content, check, png[_HEADER:]))

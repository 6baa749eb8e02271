"""Looks for what must not be there: words in a dump of the memory, frames that left a machine."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Sequence
from pathlib import Path

_NETWORKS_OWN = (b"\x52\x55", b"\x52\x56")  # how the addresses of QEMU's network begin
_HEAD, _FRAME_HEAD = 24, 16  # bytes: pcap-savefile(5)


def sent(capture: Path) -> list[bytes]:
    """The frames that left the machine, of those that QEMU recorded in ``capture`` (pcap)."""
    content, at, frames = capture.read_bytes(), _HEAD, []
    while at < len(content):
        (length,) = struct.unpack_from("<8xI4x", content, at)
        frames.append(content[at + _FRAME_HEAD : at + _FRAME_HEAD + length])
        at += _FRAME_HEAD + length
    return [frame for frame in frames if frame[6:8] not in _NETWORKS_OWN]


def found_in(path: Path, words: Sequence[str]) -> dict[str, int]:
    """How often each word is in the file, as UTF-8 or as UTF-16, which Qt has in memory."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return {
            word: sum(_count(content, word.encode(coding)) for coding in ("utf-8", "utf-16-le"))
            for word in words
        }


def _count(content: mmap.mmap, needle: bytes) -> int:
    count, at = 0, content.find(needle)
    while at >= 0:
        count += 1
        at = content.find(needle, at + len(needle))
    return count

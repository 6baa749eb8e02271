"""Looks for what must not be left: words in a file of any size, such as a dump of the memory."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from pathlib import Path


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

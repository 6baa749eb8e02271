"""Reads a medium back in user space, and compares every file on it; nothing is mounted.

xorriso reads the file system and says where each file lies. The medium is then read once, from its
first sector to its last, for its own hash and that of every file.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from appliance.burner.contents import Contents
from appliance.burner.layout import BLOCK
from appliance.burner.medium import Medium
from appliance.burner.problem import SpoiledError
from appliance.burner.xorriso import Xorriso

# Which part of the file, its first sector, its sectors, bytes, and the name in quotation marks.
_EXTENT = re.compile(r"\AFile data lba: +(\d+) , +(\d+) , +(\d+) , +(\d+) , '/(.*)'\Z")
_REGULAR = re.compile(r"\A'/(.*)'\Z")


def read_back(
    xorriso: Xorriso,
    medium: Medium,
    contents: Contents,
    blocks: int,
    progress: Callable[[float], None],
) -> str:
    """The SHA-256 of the first ``blocks`` sectors of ``medium``, which hold just ``contents``.

    ``progress`` is called with what is done, 0 to 1. Raises ``SpoiledError``.
    """
    extents = _extents(xorriso, medium, contents)
    reader = _Reader(blocks, extents, {file.name: file.size for file in contents.files}, progress)
    read = xorriso.stream(
        [
            *("-indev", medium.address),
            *("-check_media", "use=indev", "what=disc", "min_lba=0", f"max_lba={blocks - 1}"),
            *("data_to=-", "--"),
        ],
        medium.inherited,
        reader.take,
    )
    if not read or reader.at != blocks * BLOCK:
        raise SpoiledError("read", disc=medium.is_disc)
    if any(reader.digest(file.name) != file.sha256 for file in contents.files):
        raise SpoiledError("compare", disc=medium.is_disc)
    return reader.medium()


@dataclass(frozen=True, slots=True)
class _Extent:
    """Where a part of a file lies: ``start`` and ``length`` in bytes of the medium."""

    name: str
    start: int
    length: int


def _extents(xorriso: Xorriso, medium: Medium, contents: Contents) -> Sequence[_Extent]:
    """Where the files lie. Raises ``SpoiledError`` if others are there, or not all of them."""
    done, lines = xorriso.lines(
        [
            *("-indev", medium.address),
            *("-find", "/", "-type", "f", "-exec", "report_lba", "--"),
            *("-find", "/", "-not", "-type", "d", "--"),
        ],
        medium.inherited,
    )
    if not done:
        raise SpoiledError("read", disc=medium.is_disc)
    parts: defaultdict[str, list[tuple[int, int, int]]] = defaultdict(list)
    names = set()
    for line in lines:
        if extent := _EXTENT.match(line):
            number, start, count, _ = (int(extent[n]) for n in range(1, 5))
            parts[extent[5]].append((number, start, count))
        elif regular := _REGULAR.match(line):
            names.add(regular[1])
    found = []
    for file in contents.files:
        rest = file.size
        for _, start, count in sorted(parts[file.name]):
            found.append(_Extent(file.name, start * BLOCK, min(rest, count * BLOCK)))
            rest -= count * BLOCK
        if not -BLOCK < rest <= 0:
            names.discard(file.name)
    if names != {file.name for file in contents.files}:
        raise SpoiledError("compare", disc=medium.is_disc)
    return sorted(found, key=lambda extent: extent.start)


@dataclass(slots=True)
class _Reader:
    """Hashes the medium and its files while it passes; ``at``: bytes so far."""

    blocks: int
    extents: Sequence[_Extent]
    sizes: Mapping[str, int]
    progress: Callable[[float], None]
    at: int = 0
    whole: Any = field(default_factory=hashlib.sha256)
    _files: dict[str, Any] = field(default_factory=dict)
    _next: int = 0

    def take(self, block: bytes) -> None:
        """The next bytes of the medium."""
        self.whole.update(block)
        end = self.at + len(block)
        while self._next < len(self.extents):
            extent = self.extents[self._next]
            low, high = max(extent.start, self.at), min(extent.start + extent.length, end)
            if low < high:
                digest = self._files.setdefault(extent.name, hashlib.sha256())
                digest.update(block[low - self.at : high - self.at])
            if extent.start + extent.length > end:
                break
            self._next += 1
        self.at = end
        self.progress(min(1.0, end / (self.blocks * BLOCK)))

    def medium(self) -> str:
        """SHA-256 of all that was read, in hex."""
        return str(self.whole.hexdigest())

    def digest(self, name: str) -> str:
        """SHA-256 of the file ``name``, in hex; empty if nothing of it was read."""
        digest = self._files.get(name)
        return str(digest.hexdigest()) if digest else ""

"""The files of a disc, as xorriso lists them: its answer is bounded and believed in nothing.

The program that wrote it has parsed what a stranger burned, and may have been taken over by it. So
each line must have the one form that is read here, and each extent must lie on the disc.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from appliance.disc_reader.medium import BLOCK
from appliance.errors import InputError

MAX_FILES: Final = 20_000
MAX_DEPTH: Final = 32
"""Folders above a file; ECMA-119 allows 7, Rock Ridge more."""

MAX_PATH: Final = 1024
"""Bytes of the path of a file."""

MAX_FILE_BYTES: Final = 64 << 30
"""As of any file that is imported."""

MAX_EXTENTS: Final = 64
"""Of one file; 4 GiB each."""

MAX_LISTING: Final = 32 << 20
"""Bytes of the program's answer."""

_TITLE = b"Report layout: xt , Startlba ,   Blocks , Filesize , ISO image path"
_LINE = re.compile(
    rb"File data lba: {1,3}(\d{1,3}) , {1,8}(\d{1,10}) , {1,8}(\d{1,10}) , {1,12}(\d{1,15}) , "
    rb"('(?:[^']|'\"'\"')*')"
)
_QUOTE = b"'\"'\"'"
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_LETTERS = {b"a": 7, b"b": 8, b"e": 27, b"f": 12, b"n": 10, b"r": 13, b"t": 9, b"v": 11}

Refusal: TypeAlias = Literal["outside", "packed", "shared", "too-large"]
"""Why a file is not read: it does not lie on the disc, is packed (zisofs, which is not unpacked),
lies partly where another does (or twice in the same place), or is larger than what is imported."""


@dataclass(frozen=True, slots=True)
class Extent:
    """``start`` and ``size`` in bytes: where a part of a file lies on the disc."""

    start: int
    size: int

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.start + self.size


@dataclass(frozen=True, slots=True)
class DiscFile:
    """A regular file on a disc.

    ``path``: from the root, which may name a patient: for the screen of the person who holds the
    disc, and nothing else. ``size``: bytes.
    """

    path: bytes = field(repr=False)
    size: int
    extents: tuple[Extent, ...]
    refusal: Refusal | None = None


def parse_listing(lines: Iterable[bytes], disc_size: int) -> list[DiscFile]:
    """The files that the program's ``lines`` name, in their order. Raises ``InputError``."""
    files: list[DiscFile] = []
    for file in _whole_files(lines, disc_size):
        if len(files) == MAX_FILES:
            raise InputError(
                "The disc holds more files than are read here.",
                f"Have the photos burned alone: a disc may hold {MAX_FILES:,} files.",
            )
        files.append(file)
    return _without_shared_places(files)


def _whole_files(lines: Iterable[bytes], disc_size: int) -> Iterator[DiscFile]:
    """Each file once, with all its extents: a line of the answer is about one extent."""
    path, size, extents = b"", 0, list[Extent]()
    for line in lines:
        if not line.strip() or line.strip() == _TITLE:
            continue
        match = _LINE.fullmatch(line.strip(b"\n"))
        if match is None:
            raise unreadable()
        number, start, blocks, total = (int(word) for word in match.groups()[:4])
        if number == 0:
            if path:
                yield _file(path, size, extents, disc_size)
            path, size, extents = _path(match[5]), total, []
        if number != len(extents) or number >= MAX_EXTENTS or _path(match[5]) != path:
            raise unreadable()
        rest = size - sum(extent.size for extent in extents)
        if rest < 0:
            raise unreadable()
        extents.append(Extent(start * BLOCK, min(rest, blocks * BLOCK)))
    if path:
        yield _file(path, size, extents, disc_size)


def _file(path: bytes, size: int, extents: Sequence[Extent], disc_size: int) -> DiscFile:
    refusal: Refusal | None = None
    if size > MAX_FILE_BYTES:
        refusal = "too-large"
    elif any(one.end > disc_size for one in extents):
        refusal = "outside"
    elif sum(one.size for one in extents) != size:
        refusal = "packed"
    elif _overlap(sorted(extents, key=lambda one: one.start)):
        refusal = "shared"
    return DiscFile(path, size, tuple(extents), refusal)


def _overlap(ordered: Sequence[Extent]) -> bool:
    return any(after.start < one.end for one, after in pairwise(ordered))


def _without_shared_places(files: Sequence[DiscFile]) -> list[DiscFile]:
    """Refuse files that lie partly where another does. Two names of one file are sound."""
    places = sorted(
        {
            (extent.start, extent.end)
            for file in files
            if file.refusal is None
            for extent in file.extents
            if extent.size
        }
    )
    shared: set[tuple[int, int]] = set()
    furthest: tuple[int, int] | None = None
    for place in places:
        if furthest is not None and place[0] < furthest[1]:
            shared |= {place, furthest}
        if furthest is None or place[1] > furthest[1]:
            furthest = place
    return [
        replace(file, refusal="shared")
        if any((one.start, one.end) in shared for one in file.extents)
        else file
        for file in files
    ]


def _path(quoted: bytes) -> bytes:
    """The path that the program has quoted for a shell, and in which it has escaped bytes."""
    path = _ESCAPE.sub(_byte, quoted[1:-1].replace(_QUOTE, b"'"))
    parts = path.split(b"/")
    if (
        parts[0]
        or len(path) > MAX_PATH
        or len(parts) - 2 > MAX_DEPTH
        or any(part in (b"", b".", b"..") or b"\0" in part for part in parts[1:])
    ):
        raise unreadable()
    return path


def _byte(match: re.Match[bytes]) -> bytes:
    code = match[1]
    if len(code) == 3:
        return bytes([int(code, 8) & 0xFF])
    if code in _LETTERS:
        return bytes([_LETTERS[code]])
    return code


def unreadable() -> InputError:
    """What is said of a disc whose folders make no sense."""
    return InputError(
        "The folders of the disc cannot be read.",
        "The disc is damaged or was crafted to do damage; ask for another copy of it.",
    )

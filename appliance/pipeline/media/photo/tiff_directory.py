"""The directories of a TIFF or BigTIFF: which tags each has, and where their values lie.

This reads bytes of a foreign file. ``TiffDirectories`` and its methods raise ``ValueError`` for
whatever is not sound, and are bounded in time and memory by the size of the file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

# Tags of TIFF 6.0, its supplements, and DNG 1.7.
NEW_SUBFILE_TYPE, SUBFILE_TYPE = 254, 255
IMAGE_WIDTH, IMAGE_LENGTH, BITS_PER_SAMPLE, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
FILL_ORDER, STRIP_OFFSETS, ORIENTATION, SAMPLES_PER_PIXEL, ROWS_PER_STRIP = 266, 273, 274, 277, 278
STRIP_BYTE_COUNTS, X_RESOLUTION, Y_RESOLUTION, PLANAR_CONFIGURATION = 279, 282, 283, 284
TRANSFER_FUNCTION, PREDICTOR, WHITE_POINT, PRIMARY_CHROMATICITIES = 301, 317, 318, 319
TILE_WIDTH, TILE_LENGTH, TILE_OFFSETS, TILE_BYTE_COUNTS, SUB_IFDS = 322, 323, 324, 325, 330
EXTRA_SAMPLES, SAMPLE_FORMAT, ICC_PROFILE, DNG_VERSION = 338, 339, 34675, 50706

MAX_DIRECTORIES = 64
"""That are looked at: more pages or levels than a single photo has."""

MAX_TAGS = 1024
"""Of a directory; cameras write fewer than 200."""

# struct's letter for a field type, and how many of them a value has.
_TYPES: Mapping[int, tuple[str, int]] = {
    1: ("B", 1),
    2: ("B", 1),
    3: ("H", 1),
    4: ("I", 1),
    5: ("I", 2),  # a fraction
    6: ("b", 1),
    7: ("B", 1),
    8: ("h", 1),
    9: ("i", 1),
    10: ("i", 2),
    11: ("f", 1),
    12: ("d", 1),
    13: ("I", 1),
    16: ("Q", 1),
    17: ("q", 1),
    18: ("Q", 1),
}
_FRACTIONS = (5, 10)
_LONG = 4
_CLASSIC, _BIG = 42, 43


@dataclass(frozen=True, slots=True)
class Entry:
    """``count`` values of field type ``kind``, from byte ``at`` of the file."""

    kind: int
    count: int
    at: int


@dataclass(frozen=True, slots=True)
class _Field:
    """``count`` values of field type ``kind``, in the file's byte order."""

    kind: int
    count: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Directory:
    """One image file directory, at byte ``at``; ``following``: of the next page, or 0."""

    at: int
    entries: Mapping[int, Entry]
    following: int


class TiffDirectories:
    """What a file of TIFF says of its pictures, read from bytes that nothing vouches for."""

    def __init__(self, data: bytes) -> None:
        """Read the header. Raises ``ValueError`` if it is not that of a TIFF."""
        self._data = data
        orders = {b"II": "<", b"MM": ">"}
        if data[:2] not in orders:
            raise ValueError("no byte order")
        self.order = orders[data[:2]]
        (version,) = self._unpack("H", 2)
        if version == _BIG and self._unpack("HH", 4) != (8, 0):
            raise ValueError("offsets of an unknown size")
        if version not in (_CLASSIC, _BIG):
            raise ValueError("an unknown version")
        self.is_big = version == _BIG
        self.first_at: int = self._unpack("Q", 8)[0] if self.is_big else self._unpack("I", 4)[0]

    def directory(self, at: int) -> Directory:
        """The directory at byte ``at``. Raises ``ValueError`` if it is cut short."""
        head, size, word = ("Q", 20, "Q") if self.is_big else ("H", 12, "I")
        (count,) = self._unpack(head, at)
        start = at + struct.calcsize(head)
        if count > MAX_TAGS:
            raise ValueError("more tags than a picture has")
        entries: dict[int, Entry] = {}
        for place in range(start, start + count * size, size):
            tag, kind, number = self._unpack("HH" + word, place)
            value_at = place + 4 + struct.calcsize(word)
            if kind not in _TYPES:
                continue
            if number * self._size(kind) > struct.calcsize(word):
                (value_at,) = self._unpack(word, value_at)
            entries.setdefault(tag, Entry(kind, number, value_at))
        (following,) = self._unpack(word, start + count * size)
        return Directory(at, entries, following)

    def pages(self) -> list[Directory]:
        """The chain of pages, at most ``MAX_DIRECTORIES`` of it. Raises ``ValueError``."""
        found: list[Directory] = []
        at = self.first_at
        while at and len(found) < MAX_DIRECTORIES and at not in {page.at for page in found}:
            found.append(self.directory(at))
            at = found[-1].following
        if not found:
            raise ValueError("no page")
        return found

    def below(self, directory: Directory) -> Iterator[Directory]:
        """The directories that ``directory`` points to, not those below them.

        One that is not sound is left out: no photo depends on it.
        """
        for at in self.numbers(directory, SUB_IFDS)[:MAX_DIRECTORIES]:
            with suppress(ValueError):
                yield self.directory(int(at))

    def numbers(self, directory: Directory, tag: int) -> tuple[float, ...]:
        """The values of ``tag``, empty without it. Raises ``ValueError`` if they are cut short."""
        entry = directory.entries.get(tag)
        if entry is None:
            return ()
        letter, several = _TYPES[entry.kind]
        if entry.count * self._size(entry.kind) > len(self._data):
            raise ValueError("more values than bytes")
        values = self._unpack(f"{entry.count * several}{letter}", entry.at)
        if entry.kind not in _FRACTIONS:
            return values
        pairs = zip(values[::2], values[1::2], strict=True)
        return tuple(above / below if below else 0.0 for above, below in pairs)

    def number(self, directory: Directory, tag: int, default: int = 0) -> int:
        """The first value of ``tag``, or ``default``. Raises ``ValueError`` if it is cut short."""
        values = self.numbers(directory, tag)
        return int(values[0]) if values else default

    def raw(self, directory: Directory, tag: int) -> bytes:
        """The bytes of ``tag``'s values, empty without it. Raises ``ValueError``."""
        entry = directory.entries.get(tag)
        if entry is None:
            return b""
        end = entry.at + entry.count * self._size(entry.kind)
        if end > len(self._data):
            raise ValueError("values are cut short")
        return self._data[entry.at : end]

    def alone(self, directory: Directory) -> bytes:
        """The file with ``directory`` as its first and only page; unchanged if it is that.

        A BigTIFF comes out as a TIFF, for Pillow reads one of the two byte orders only. Raises
        ``ValueError`` if a value is cut short.
        """
        if directory.at == self.first_at and not directory.following and not self.is_big:
            return self._data
        fields = {}
        for tag, entry in directory.entries.items():
            if _TYPES[entry.kind][0] in "Qq":
                values = self.numbers(directory, tag)
                fields[tag] = self._longs(tuple(int(value) for value in values))
            else:
                fields[tag] = _Field(entry.kind, entry.count, self.raw(directory, tag))
        return self._with(fields)

    def with_directory(self, tags: Mapping[int, tuple[int, ...]]) -> bytes:
        """The file as a TIFF with one new directory in the place of its own: ``tags``, as LONGs.

        Raises ``ValueError`` for a number that does not fit into four bytes.
        """
        return self._with({tag: self._longs(values) for tag, values in tags.items()})

    def _longs(self, values: tuple[int, ...]) -> _Field:
        try:
            raw = struct.pack(f"{self.order}{len(values)}I", *values)
        except struct.error as error:
            raise ValueError("a number is too large") from error
        return _Field(_LONG, len(values), raw)

    def _with(self, fields: Mapping[int, _Field]) -> bytes:
        at = len(self._data) + len(self._data) % 2
        body_at = at + 2 + 12 * len(fields) + 4
        directory = bytearray(struct.pack(self.order + "H", len(fields)))
        body = bytearray()
        for tag, field in sorted(fields.items()):
            directory += struct.pack(self.order + "HHI", tag, field.kind, field.count)
            if len(field.raw) > 4:
                directory += struct.pack(self.order + "I", body_at + len(body))
                body += field.raw + bytes(len(field.raw) % 2)
            else:
                directory += field.raw.ljust(4, b"\0")
        header = self._data[:2] + struct.pack(self.order + "HI", _CLASSIC, at)
        padding = bytes(len(self._data) % 2)
        return b"".join((header, self._data[8:], padding, directory, bytes(4), body))

    def _size(self, kind: int) -> int:
        letter, several = _TYPES[kind]
        return struct.calcsize("=" + letter) * several

    def _unpack(self, letters: str, at: int) -> tuple[int, ...]:
        try:
            return struct.unpack_from(self.order + letters, self._data, at)
        except (struct.error, OverflowError) as error:
            raise ValueError("cut short") from error

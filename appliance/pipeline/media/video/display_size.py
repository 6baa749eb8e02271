"""Matroska's and WebM's display size, written into the header of a file that FFmpeg has muxed.

VP9 has no field for the shape of its pixels, so the container must say at what size the picture is
shown. FFmpeg's muxer takes that from a field of the stream that PyAV (18.1) cannot set. A title of
the track reserves the room, since nothing of the file may move: positions are in its index.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import pack
from zlib import crc32

from appliance.errors import OutputError
from appliance.pipeline.media.streams import WritableFile

RESERVING_TITLE = "room for the display size"
"""Of the track, when it is muxed; the file loses it again. Longer by far than what replaces it."""

# Of RFC 9559 and, the last two, RFC 8794.
_SEGMENT, _TRACKS, _TRACK, _VIDEO = 0x18538067, 0x1654AE6B, 0xAE, 0xE0
_NAME, _WIDTH, _HEIGHT, _UNIT = 0x536E, 0x54B0, 0x54BA, 0x54B2
_CRC, _VOID = 0xBF, 0xEC
# Bytes from the start of the file in which the description of the tracks must end.
_HEAD = 4 << 20


class HeadRecorder:
    """A file that remembers what was written to its head."""

    def __init__(self, file: WritableFile) -> None:
        self._file = file
        self._head = bytearray()

    def write(self, data: bytes, /) -> int:
        """Write all of ``data``."""
        start = self._file.tell()
        end = min(start + len(data), _HEAD)
        if start < end:
            self._head.extend(bytes(max(0, end - len(self._head))))
            self._head[start:end] = data[: end - start]
        return self._file.write(data)

    def seek(self, offset: int, whence: int, /) -> int:
        """As ``io.IOBase`` has it."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """As ``io.IOBase`` has it."""
        return self._file.tell()

    def set_display_size(self, width: int, height: int) -> None:
        """Say in the complete file that its picture is shown at this size, in pixels.

        Raises ``OutputError`` if there is no track of the reserving title.
        """
        try:
            start, tracks = _with_display_size(bytes(self._head), width, height)
        except (LookupError, ValueError) as error:
            hint = "Write an MP4, MOV or MKV instead."
            raise OutputError("The shape of the pixels cannot be written.", hint) from error
        self._file.seek(start, 0)
        self._file.write(tracks)
        self._file.seek(0, 2)


@dataclass(frozen=True, slots=True)
class _Element:
    """An element of EBML: where it begins, where its content begins, and where it ends."""

    name: int
    start: int
    content: int
    end: int


def _with_display_size(head: bytes, width: int, height: int) -> tuple[int, bytes]:
    """Where the content of the tracks' element begins, and that content with the display size."""
    tracks = _child(head, _child(head, _Element(0, 0, 0, len(head)), _SEGMENT), _TRACKS)
    if tracks.end > len(head):
        raise ValueError("the description of the tracks is too long")
    title = RESERVING_TITLE.encode()
    for track in _children(head, tracks):
        if track.name != _TRACK:
            continue
        parts = list(_children(head, track))
        if any(_is_title(head, part, title) for part in parts):
            content = b"".join(
                _shown(head, part, width, height)
                if part.name == _VIDEO
                else head[part.start : part.end]
                for part in parts
                if not _is_title(head, part, title)
            )
            content += _void(track.end - track.content - len(content))
            patched = head[tracks.content : track.content] + content + head[track.end : tracks.end]
            return tracks.content, _with_checksum(patched)
    raise LookupError("no track has the title")


def _children(data: bytes, parent: _Element) -> Iterator[_Element]:
    at = parent.content
    while at < min(parent.end, len(data)):
        name_size = 9 - data[at].bit_length()
        size_at = at + name_size
        size_size = 9 - data[size_at].bit_length()
        content = size_at + size_size
        size = int.from_bytes(data[size_at:content], "big") & ((1 << 7 * size_size) - 1)
        yield _Element(int.from_bytes(data[at:size_at], "big"), at, content, content + size)
        at = content + size


def _child(data: bytes, parent: _Element, name: int) -> _Element:
    """The first child of that ``name``. Raises ``LookupError``."""
    for child in _children(data, parent):
        if child.name == name:
            return child
    raise LookupError("an element is missing")


def _is_title(data: bytes, part: _Element, title: bytes) -> bool:
    return part.name == _NAME and data[part.content : part.end] == title


def _shown(data: bytes, video: _Element, width: int, height: int) -> bytes:
    """The element ``video`` with this display size in place of its own."""
    content = b"".join(
        data[part.start : part.end]
        for part in _children(data, video)
        if part.name not in (_WIDTH, _HEIGHT, _UNIT)  # FFmpeg writes that the unit is unknown
    )
    content += _number(_WIDTH, width) + _number(_HEIGHT, height)
    return _VIDEO.to_bytes(1, "big") + _size(len(content)) + content


def _number(name: int, value: int) -> bytes:
    return name.to_bytes(2, "big") + _size(4) + pack(">I", value)


def _size(size: int) -> bytes:
    """A size in two bytes, which is enough for a track's picture."""
    return (0x4000 | size).to_bytes(2, "big")


def _void(size: int) -> bytes:
    """An element of ``size`` bytes that means nothing."""
    if size < 3:
        raise ValueError("too little room")
    return bytes([_VOID]) + _size(size - 3) + bytes(size - 3)


def _with_checksum(content: bytes) -> bytes:
    """The content of an element, and its checksum put right if it begins with one (MKV does)."""
    if content[0] != _CRC:
        return content
    return content[:2] + pack("<I", crc32(content[6:])) + content[6:]

"""The kind of a video file and whether it is complete, from its outermost structure.

FFmpeg treats a file that was cut short as a shorter video. Every container states in its outermost
lengths where it ends, so the cut is found before a frame is decoded. Recognising the kind here also
keeps FFmpeg from guessing: of its several hundred demuxers a file can only reach three.
"""

from __future__ import annotations

import os
import struct

from appliance.errors import InputError
from appliance.pipeline.media.kind import (
    DemuxerFamily,
    VideoKind,
    read_head,
    video_family,
)
from appliance.pipeline.media.streams import ReadableFile

_DOC_TYPE, _SEGMENT, _CLUSTER = 0x4282, 0x18538067, 0x1F43B675
_ELEMENTS = frozenset(
    (
        *(0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B),  # seek head, info, tracks, cues
        *(0x1043A770, 0x1941A469, 0x1254C367),  # chapters, attachments, tags
        *(0xEC, 0xBF),  # padding and checksums, anywhere
        *(0xE7, 0xA3, 0xA0, 0xA7, 0xAB, 0x5854, 0xAF),  # in a cluster: its time, blocks, places
    )
)


def identify_container(file: ReadableFile) -> tuple[DemuxerFamily, VideoKind]:
    """The demuxer and the kind of ``file``, which is left at its start.

    Raises ``InputError`` if it is empty, not a video of a known kind, or cut short.
    """
    size = file.seek(0, os.SEEK_END)
    head = read_head(file)
    try:
        return _identify(file, size, head)
    finally:
        file.seek(0, os.SEEK_SET)


def _identify(file: ReadableFile, size: int, head: bytes) -> tuple[DemuxerFamily, VideoKind]:
    if size == 0:
        raise InputError("The video is empty.", "Copy it again from the camera; it holds 0 bytes.")
    family = video_family(head)
    if family == "mov":
        return family, _check_boxes(file, size)
    if family == "matroska":
        return family, _check_segment(file, size)
    if family == "avi":
        _check_riff(file, size)
        return family, "avi"
    if head[:6] in (b"GIF87a", b"GIF89a") or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        raise InputError("Animated pictures are not taken as video.", "Convert it to an MP4 first.")
    raise InputError("This is not a video of a known kind.", "Use an MP4, MOV, MKV, WebM or AVI.")


def _check_boxes(file: ReadableFile, size: int) -> VideoKind:
    """ISO/IEC 14496-12, 4.2: size and type of each box; 1 means a 64-bit size, 0 up to the end."""
    position, kinds = 0, set()
    brand = b"qt  "  # QuickTime files may lack a brand, which is newer
    while position + 8 <= size:
        file.seek(position, os.SEEK_SET)
        length, kind = struct.unpack(">I4s", file.read(8))
        if kind == b"\0\0\0\0":
            break  # padding that some cameras write after the last box
        kinds.add(kind)
        if length == 1:
            length = int.from_bytes(file.read(8), "big")
        if kind == b"ftyp":
            brand = file.read(4)
        if length == 0:
            break
        if length < 8 or position + length > size:
            raise _cut_short()
        position += length
    if b"moov" not in kinds:
        hint = "The recording was not finished or the copy was cut short; copy it again."
        raise InputError("The video has no index.", hint)
    return "mov" if brand == b"qt  " else "mp4"


def _check_segment(file: ReadableFile, size: int) -> VideoKind:
    """RFC 8794 and 9559: the EBML header, then a segment whose elements follow each other.

    FFmpeg skips a damaged cluster, and so loses seconds without an error. Here every element, down
    to single blocks, is visited by its length: a wrong length leads to an unknown element.
    """
    file.seek(4, os.SEEK_SET)
    header, _ = _vint(file)
    kind = _doc_type(file, file.tell() + header)
    if _identifier(file) != _SEGMENT:
        raise _cut_short()
    length, unknown = _vint(file)
    end = size if unknown else file.tell() + length
    if end > size:
        raise _cut_short()
    while file.tell() < end:
        element = _identifier(file)
        length, unknown = _vint(file)
        if element == _CLUSTER:
            continue  # its elements are visited as if they were its siblings
        if element not in _ELEMENTS or unknown:
            raise InputError("The video is damaged.", "Copy it again from the camera.")
        if file.seek(length, os.SEEK_CUR) > end:
            raise _cut_short()
    return kind


def _doc_type(file: ReadableFile, end: int) -> VideoKind:
    """The kind in the EBML header, which ends at ``end``, where the file is left."""
    kind: VideoKind = "mkv"
    while file.tell() < end:
        element = _identifier(file)
        length, _ = _vint(file)
        after = file.tell() + length
        if element == _DOC_TYPE and file.read(min(length, 8)).rstrip(b"\0") == b"webm":
            kind = "webm"
        file.seek(after, os.SEEK_SET)
    file.seek(end, os.SEEK_SET)
    return kind


def _identifier(file: ReadableFile) -> int:
    """An EBML element's identifier including its length marker, as the standards print it."""
    first = file.read(1)
    if not first or first[0] < 0x10:
        raise _cut_short()
    return int.from_bytes(first + file.read(8 - first[0].bit_length()), "big")


def _vint(file: ReadableFile) -> tuple[int, bool]:
    """An EBML variable-length integer, and whether it is the one that means "unknown"."""
    first = file.read(1)
    if not first or not first[0]:
        raise _cut_short()
    width = 9 - first[0].bit_length()
    value = int.from_bytes(bytes([first[0] & (0xFF >> width)]) + file.read(width - 1), "big")
    return value, value == (1 << 7 * width) - 1


def _check_riff(file: ReadableFile, size: int) -> None:
    """RIFF chunks of an AVI: several beyond 1 GB; of length 0 if the recorder crashed."""
    position = 0
    while position + 12 <= size:
        file.seek(position, os.SEEK_SET)
        mark, length = struct.unpack("<4sI", file.read(8))
        if mark != b"RIFF":
            break
        if length in (0, 0xFFFFFFFF):
            hint = "The recording was not finished; repair it with the recorder's own tool."
            raise InputError("The video does not say where it ends.", hint)
        if position + 8 + length > size:
            raise _cut_short()
        position += 8 + length + length % 2


def _cut_short() -> InputError:
    return InputError(
        "The video is cut short.", "Copy it again from the camera; its end is missing."
    )

"""The kind of a video file and whether it is complete, from its outermost structure.

FFmpeg treats a file that was cut short as a shorter video. Every container states in its outermost
lengths where it ends, so the cut is found before a frame is decoded. Recognising the kind here also
keeps FFmpeg from guessing: of its several hundred demuxers a file can only reach five.
"""

from __future__ import annotations

import os
import struct

from appliance.errors import InputError
from appliance.pipeline.media.kind import (
    DemuxerFamily,
    SourceKind,
    VideoKind,
    read_head,
    transport_packet,
    video_family,
)
from appliance.pipeline.media.streams import ReadableFile
from appliance.pipeline.media.unread_kind import VIDEO_KINDS, check_kind
from appliance.pipeline.media.video.box_check import check_boxes, cut_short
from appliance.pipeline.media.video.stream_check import (
    check_program_stream,
    check_transport_stream,
)

_DOC_TYPE, _SEGMENT, _CLUSTER = 0x4282, 0x18538067, 0x1F43B675
# Bytes read at a time, and of a tag of MP3 that other programs write, too.
_TRAILER, _ID3V1 = 1 << 16, 128
_ELEMENTS = frozenset(
    (
        *(0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B),  # seek head, info, tracks, cues
        *(0x1043A770, 0x1941A469, 0x1254C367),  # chapters, attachments, tags
        *(0xEC, 0xBF),  # padding and checksums, anywhere
        *(0xE7, 0xA3, 0xA0, 0xA7, 0xAB, 0x5854, 0xAF),  # in a cluster: its time, blocks, places
    )
)


def identify_container(file: ReadableFile) -> tuple[DemuxerFamily, SourceKind]:
    """The demuxer and the kind of ``file``, which is left at its start.

    Raises ``InputError`` if it is empty, not a video of a known kind, or cut short.
    """
    size = file.seek(0, os.SEEK_END)
    head = read_head(file)
    try:
        return _identify(file, size, head)
    finally:
        file.seek(0, os.SEEK_SET)


def _identify(file: ReadableFile, size: int, head: bytes) -> tuple[DemuxerFamily, SourceKind]:
    if size == 0:
        raise InputError("The video is empty.", "Copy it again from the camera; it holds 0 bytes.")
    family = video_family(head)
    if family == "mov":
        return family, check_boxes(file, size)
    if family == "matroska":
        return family, _check_segment(file, size)
    if family == "avi":
        _check_riff(file, size)
        return family, "avi"
    if family == "mpegts":
        check_transport_stream(file, size, transport_packet(head) or 0)
        return family, "ts"
    if family == "mpeg":
        check_program_stream(file, size)
        return family, "mpg"
    check_kind(head, video_too=True)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        raise InputError("Animated pictures are not taken as video.", "Convert it to an MP4 first.")
    raise InputError("This is not a video of a known kind.", f"Use an {VIDEO_KINDS}.")


def _check_segment(file: ReadableFile, size: int) -> VideoKind:
    """RFC 8794 and 9559: the EBML header, then a segment whose elements follow each other.

    FFmpeg skips a damaged cluster, and so loses seconds without an error. Here every element, down
    to single blocks, is visited by its length: a wrong length leads to an unknown element.
    """
    file.seek(4, os.SEEK_SET)
    header, _ = _vint(file)
    kind = _doc_type(file, file.tell() + header)
    if _identifier(file) != _SEGMENT:
        raise cut_short()
    length, is_endless = _vint(file)
    end = size if is_endless else file.tell() + length
    if end > size:
        raise cut_short()
    while (start := file.tell()) < end:
        try:
            _skip_element(file, end)
        except InputError:
            if is_endless and _is_trailer(file, start):
                break
            raise
    return kind


def _skip_element(file: ReadableFile, end: int) -> None:
    """Go to the next element, of a cluster to its first. Raises ``InputError``."""
    element = _identifier(file)
    length, unknown = _vint(file)
    if element == _CLUSTER:
        return  # its elements are visited as if they were its siblings
    if element not in _ELEMENTS or unknown:
        raise InputError("The video is damaged.", "Copy it again from the camera.")
    if file.seek(length, os.SEEK_CUR) > end:
        raise cut_short()


def _is_trailer(file: ReadableFile, start: int) -> bool:
    """Whether all from ``start`` on is padding of one value, or an ID3v1 tag.

    Behind a segment that does not say where it ends, anything else may be a damaged element.
    """
    file.seek(start, os.SEEK_SET)
    first = file.read(_TRAILER)
    if len(first) == _ID3V1 and first.startswith(b"TAG"):
        return True
    value, part = first[:1], first
    while part:
        if part.strip(value):
            return False
        part = file.read(_TRAILER)
    return True


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
        raise cut_short()
    return int.from_bytes(first + file.read(8 - first[0].bit_length()), "big")


def _vint(file: ReadableFile) -> tuple[int, bool]:
    """An EBML variable-length integer, and whether it is the one that means "unknown"."""
    first = file.read(1)
    if not first or not first[0]:
        raise cut_short()
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
            raise cut_short()
        position += 8 + length + length % 2

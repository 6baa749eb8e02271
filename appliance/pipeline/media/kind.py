"""Whether a file is a photo or a video, and of which kind, by its first bytes, never its name."""

from __future__ import annotations

import os
from typing import Literal, TypeAlias

from appliance.pipeline.media.streams import ReadableFile

VideoKind: TypeAlias = Literal["mp4", "mov", "mkv", "webm", "avi"]
"""A container that is read and written, by its usual name."""

SourceKind: TypeAlias = Literal["mp4", "mov", "mkv", "webm", "avi", "ts", "mpg"]
"""A container that is read: ``ts`` and ``mpg`` are MPEG's transport and program streams."""

DemuxerFamily: TypeAlias = Literal["mov", "matroska", "avi", "mpegts", "mpeg"]
"""FFmpeg's demuxers: ``mov`` for MP4 and MOV, ``matroska`` for MKV and WebM, the others alone."""

EBML = 0x1A45DFA3
PACK = b"\0\0\1\xba"
"""The start code of a pack (ISO/IEC 13818-1, 2.5.3.3), with which a program stream begins."""

# Five packets of a transport stream of cameras, whose packets have 192 bytes.
_HEAD = 1024
_BOXES = frozenset((b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp", b"pnot"))
_HEIC = frozenset((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"))
_AVIF = frozenset((b"avif", b"avis"))
# DICOM PS3.10, 7.1: the mark follows a preamble of 128 bytes for other programs.
_DICOM, _DICOM_AT = b"DICM", 128
_SYNC = 0x47
_PACKETS = 5
# Bytes a packet and before its sync byte: ISO/IEC 13818-1; the same after a time stamp (Blu-ray,
# AVCHD); the same with the parity bytes of broadcasts.
_PACKET_SIZES = ((188, 0), (192, 4), (204, 0))


def is_dicom(head: bytes) -> bool:
    """Whether a file that starts with ``head`` is a DICOM file; its first bytes may be anything."""
    return head[_DICOM_AT : _DICOM_AT + len(_DICOM)] == _DICOM


def is_heic(head: bytes) -> bool:
    """Whether a file that starts with ``head`` is a HEIC photo, which has the boxes of an MP4."""
    return head[4:8] == b"ftyp" and head[8:12] in _HEIC


def is_avif(head: bytes) -> bool:
    """Whether a file that starts with ``head`` is an AVIF, still or moving."""
    return head[4:8] == b"ftyp" and head[8:12] in _AVIF


def video_family(head: bytes) -> DemuxerFamily | None:
    """The demuxer for a file that starts with ``head``; ``None`` if that is not a video."""
    if is_dicom(head):
        return None
    if head[4:8] in _BOXES:
        return None if is_heic(head) or is_avif(head) else "mov"
    if head[:4] == EBML.to_bytes(4, "big"):
        return "matroska"
    if head[:4] == PACK:
        return "mpeg"
    if transport_packet(head) is not None:
        return "mpegts"
    return "avi" if head[:4] == b"RIFF" and head[8:12] == b"AVI " else None


def transport_packet(head: bytes) -> int | None:
    """Bytes a packet of the transport stream that starts with ``head``, or ``None``."""
    for size, before in _PACKET_SIZES:
        starts = [before + number * size for number in range(_PACKETS)]
        if all(_is_packet(head[start : start + 4]) for start in starts):
            return size
    return None


def starts_packet(rest: bytes, size: int) -> bool:
    """Whether ``rest`` is the beginning of a transport packet of ``size`` bytes."""
    before = next(before for known, before in _PACKET_SIZES if known == size)
    return _is_packet(rest[before : before + 4])


def written_as(kind: SourceKind) -> VideoKind:
    """The container of a result whose name does not say it, for a target of this ``kind``."""
    match kind:
        case "ts" | "mpg":
            return "mp4"
        case _:
            return kind


def read_head(file: ReadableFile) -> bytes:
    """The first bytes of ``file``, enough to recognise it; the file is left at its start."""
    file.seek(0, os.SEEK_SET)
    try:
        return file.read(_HEAD)
    finally:
        file.seek(0, os.SEEK_SET)


def is_video(file: ReadableFile) -> bool:
    """Whether ``file`` is to be read as a video; the file is left at its start."""
    return video_family(read_head(file)) is not None


def _is_packet(header: bytes) -> bool:
    """A sync byte, no error, and a payload or an adaptation field (ISO/IEC 13818-1, 2.4.3.2)."""
    is_whole = len(header) == 4 and header[0] == _SYNC
    return is_whole and not header[1] & 0x80 and bool(header[3] & 0x30)

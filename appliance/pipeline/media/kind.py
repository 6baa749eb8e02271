"""Whether a file is a photo or a video, and of which kind, by its first bytes, never its name."""

from __future__ import annotations

import os
from typing import Literal, TypeAlias

from appliance.pipeline.media.streams import ReadableFile

VideoKind: TypeAlias = Literal["mp4", "mov", "mkv", "webm", "avi"]
"""A container by its usual name."""

DemuxerFamily: TypeAlias = Literal["mov", "matroska", "avi"]
"""FFmpeg's demuxers: ``mov`` for MP4 and MOV, ``matroska`` for MKV and WebM, ``avi``."""

EBML = 0x1A45DFA3
_HEAD = 16
_BOXES = frozenset((b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp", b"pnot"))
_HEIC = frozenset((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"))
# Not a photo that can be read here, and not a video.
_AVIF = frozenset((b"avif", b"avis"))


def is_heic(head: bytes) -> bool:
    """Whether a file that starts with ``head`` is a HEIC photo, which has the boxes of an MP4."""
    return head[4:8] == b"ftyp" and head[8:12] in _HEIC


def video_family(head: bytes) -> DemuxerFamily | None:
    """The demuxer for a file that starts with ``head``; ``None`` if that is not a video."""
    if head[4:8] in _BOXES:
        is_still = head[4:8] == b"ftyp" and head[8:12] in _HEIC | _AVIF
        return None if is_still else "mov"
    if head[:4] == EBML.to_bytes(4, "big"):
        return "matroska"
    return "avi" if head[:4] == b"RIFF" and head[8:12] == b"AVI " else None


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

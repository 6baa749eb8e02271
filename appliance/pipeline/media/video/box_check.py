"""Whether an MP4 or MOV is complete, by its boxes.

Bytes behind the last box are common: trailers of cameras and telephones, tags, padding. They are no
fault if the boxes before them are whole and hold all that the index points to.
"""

from __future__ import annotations

import os

from appliance.errors import InputError
from appliance.pipeline.media.kind import VideoKind
from appliance.pipeline.media.streams import ReadableFile
from appliance.pipeline.media.video.boxes import Box, boxes, chunks

# If one of these is cut, so is the recording.
_ESSENTIAL = frozenset((b"ftyp", b"moov", b"mdat", b"moof", b"styp", b"sidx", b"emsg", b"mfra"))
_WITHOUT_SAMPLES = frozenset((b"ftyp", b"moov", b"moof", b"styp", b"sidx", b"mfra"))
_PADDING = b"\0\0\0\0"


def check_boxes(file: ReadableFile, size: int) -> VideoKind:
    """Whether the file is an MP4 or a MOV. Raises ``InputError`` if a part of it is missing."""
    found = list(boxes(file, 0, size))
    end = found[-1].end if found else 0
    kinds = {box.kind for box in found}
    moov = next((box for box in found if box.kind == b"moov"), None)
    file.seek(end, os.SEEK_SET)
    rest = file.read(16)
    is_padding = len(rest) >= 8 and rest[4:8] == _PADDING
    if rest.strip(b"\0") and not is_padding:
        _check_rest(rest, is_fragmented=b"moof" in kinds)
        if moov is None or not _has_chunks(file, moov, found):
            raise cut_short()
    if moov is None:
        hint = "The recording was not finished or the copy was cut short; copy it again."
        raise InputError("The video has no index.", hint)
    return "mov" if _brand(file, found) == b"qt  " else "mp4"


def _check_rest(rest: bytes, *, is_fragmented: bool) -> None:
    """Raise ``InputError`` if ``rest`` is the beginning of a box that was cut."""
    is_cut = rest[4:8] in _ESSENTIAL
    if is_fragmented and len(rest) < 8:
        # The first bytes of a fragment's header, of which none is larger than 16 MB.
        is_cut |= rest[0] == 0 and any(kind.startswith(rest[4:]) for kind in _ESSENTIAL)
    if is_cut:
        raise cut_short()


def _has_chunks(file: ReadableFile, moov: Box, found: list[Box]) -> bool:
    """Whether all chunks of samples start in whole boxes that can hold samples."""
    places = [(box.body, box.end) for box in found if box.kind not in _WITHOUT_SAMPLES]
    return all(any(body <= at < end for body, end in places) for at in chunks(file, moov))


def _brand(file: ReadableFile, found: list[Box]) -> bytes:
    """The major brand; QuickTime files may lack one, which is newer."""
    for box in found:
        if box.kind == b"ftyp":
            file.seek(box.body, os.SEEK_SET)
            return file.read(4)
    return b"qt  "


def cut_short() -> InputError:
    """The error for every container that ends too early."""
    return InputError(
        "The video is cut short.", "Copy it again from the camera; its end is missing."
    )

"""What a file carries: the label that programs read, a watermark, and signed provenance."""

from __future__ import annotations

import io
from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from typing import BinaryIO, Literal, TypeAlias

import av
import msgspec
import numpy as np
from PIL import Image

from appliance.errors import InputError, ReleaseError
from appliance.pipeline.media.photo.decode import MAX_PHOTO_BYTES, read_photo
from appliance.release.dicom.extraction import MARK, MARK_AT, jpeg_inside
from appliance.release.labels.implicit.label import KEY
from appliance.release.labels.implicit.reading import label_in_text, label_in_xmp
from appliance.release.provenance.library import MIME_TYPES
from appliance.release.provenance.reading import Verdict, read_provenance
from appliance.release.watermark.reading import Reading, read_from_frames, read_from_photo

Kind: TypeAlias = Literal["jpeg", "png", "webp", "tiff", "bmp", "mp4", "mov", "matroska", "dicom"]

_XMP_TAG, _EXIF_DIRECTORY, _USER_COMMENT = 700, 0x8769, 0x9286
_HEAD = 16  # bytes by which kinds are told apart
_MOST_FRAMES = 12  # of a film, that are looked at for a watermark
_STILLS = ("jpeg", "png", "webp", "tiff")


class FoundMark(msgspec.Struct, frozen=True):
    """The ``number`` in the pixels, or ``None``; ``score``: deviations of chance, 0 without one."""

    number: int | None
    score: float = 0.0


class FileInspection(msgspec.Struct, frozen=True):
    """What a file of ``kind`` carries.

    ``label``: the fields of the label of GB 45438-2025, ``None`` without one. ``trusted``: whether
    one of the anchors vouches for the file as it is; of DICOM, for the JPEG in it, and for nothing
    that is said around it. ``watermark``: ``None`` if it was not looked for. ``inside``: SHA-256 of
    the JPEG in DICOM, which is the copy that left. Visible words cannot be read here.
    """

    kind: Kind
    trusted: bool
    provenance: Verdict
    label: dict[str, str] | None
    watermark: FoundMark | None = None
    inside: str | None = None


def inspect_file(
    file: BinaryIO, anchors: str, watermark_key: bytes | None = None
) -> FileInspection:
    """What ``file`` carries; ``anchors``: the roots that are trusted, as PEM.

    ``watermark_key``: 32 bytes, to look for a number in the pixels. Raises ``ReleaseError`` if it
    is of no kind that is released.
    """
    file.seek(0)
    head = file.read(MARK_AT + len(MARK))
    if head.endswith(MARK):
        jpeg = jpeg_inside(head + file.read(MAX_PHOTO_BYTES))
        found = inspect_file(io.BytesIO(jpeg), anchors, watermark_key)
        return msgspec.structs.replace(found, kind="dicom", inside=sha256(jpeg).hexdigest())
    kind = _kind(head[:_HEAD])
    verdict = read_provenance(file, kind, anchors) if kind in MIME_TYPES else Verdict("none")
    file.seek(0)
    label = _label(file, kind)
    mark = None if watermark_key is None else _mark(file, kind, watermark_key)
    return FileInspection(kind, verdict.state == "trusted", verdict, label, mark)


def _kind(head: bytes) -> Kind:
    beginnings: dict[bytes, Kind] = {
        b"\xff\xd8\xff": "jpeg",
        b"\x89PNG\r\n\x1a\n": "png",
        b"II*\0": "tiff",
        b"MM\0*": "tiff",
        b"BM": "bmp",
        b"\x1a\x45\xdf\xa3": "matroska",
    }
    for beginning, kind in beginnings.items():
        if head.startswith(beginning):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        return "mov" if head[8:12] == b"qt  " else "mp4"
    raise ReleaseError(
        "A file of this kind is never released.", "Name a photo or film that was released."
    )


def _mark(file: BinaryIO, kind: Kind, key: bytes) -> FoundMark:
    """No number too if the file cannot be decoded so far."""
    file.seek(0)
    try:
        if kind in (*_STILLS, "bmp"):
            found = read_from_photo(read_photo(file.read()), key)
        else:
            found = _mark_in_film(file, key)
    except (InputError, OSError, ValueError, av.FFmpegError):
        return FoundMark(None)
    return FoundMark(found.number, round(found.score, 1))


def _mark_in_film(file: BinaryIO, key: bytes) -> Reading:
    """From key frames, which an encoder keeps best: the first of them."""
    with av.open(file, "r", metadata_errors="replace") as film:
        stream = film.streams.video[0]
        stream.codec_context.skip_frame = "NONKEY"
        frames = list(islice(film.decode(stream), _MOST_FRAMES))
    depth = max(8, max((frame.format.components[0].bits for frame in frames), default=8))
    name = "gray" if depth == 8 else f"gray{depth}le"
    luma = [np.ascontiguousarray(frame.reformat(format=name).to_ndarray()) for frame in frames]
    return read_from_frames(luma, key, depth)


def _label(file: BinaryIO, kind: Kind) -> dict[str, str] | None:
    """``None`` too if a damaged file cannot be read so far."""
    try:
        if kind in _STILLS:
            return next(filter(None, _labels_of_still(file)), None)
        if kind in ("mp4", "mov"):
            return _label_of_film(file)
    except (OSError, ValueError, SyntaxError, KeyError, TypeError, av.FFmpegError):
        pass  # Pillow's errors are of several kinds
    return None


def _labels_of_still(file: BinaryIO) -> Iterator[dict[str, str] | None]:
    with Image.open(file, formats=tuple(kind.upper() for kind in _STILLS)) as image:
        packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
        if image.format == "TIFF":
            packet = image.getexif().get(_XMP_TAG)
        if isinstance(packet, str):
            packet = packet.encode()
        if isinstance(packet, bytes):
            yield label_in_xmp(packet)
        yield label_in_text(str(image.info.get(KEY, "")))
        comment = image.getexif().get_ifd(_EXIF_DIRECTORY).get(_USER_COMMENT)
        if isinstance(comment, bytes):
            yield label_in_text(comment[8:].decode("ascii"))


def _label_of_film(file: BinaryIO) -> dict[str, str] | None:
    with av.open(file, metadata_errors="replace") as film:
        return label_in_text(film.metadata.get(KEY, ""))

"""What to answer to a file of a kind that is not read: which kind it is, and what is read."""

from __future__ import annotations

from appliance.errors import InputError
from appliance.pipeline.media.kind import is_dicom

PHOTO_KINDS = "JPEG, PNG, WebP, TIFF, BMP, HEIC, AVIF or DICOM"
VIDEO_KINDS = "MP4, MOV, MKV, WebM, AVI, MPEG-TS or MPG"

# The first bytes of videos that are not read, by the names that people know. ASF (WMV) begins with
# the GUID of its header object, MXF with the universal label of a partition pack (SMPTE ST 377-1),
# DV with the header of its first DIF sequence (IEC 61834-2), for 525 lines and for 625.
_VIDEOS: tuple[tuple[bytes, str], ...] = (
    (bytes.fromhex("3026b2758e66cf11"), "a WMV video"),
    (b"FLV\1", "an FLV video"),
    (b"OggS", "an OGG file"),
    (b".RMF", "a RealMedia video"),
    (bytes.fromhex("060e2b34020501010d010201"), "an MXF video"),
    (b"\x1f\x07\x00\x3f", "a raw DV video"),
    (b"\x1f\x07\x00\xbf", "a raw DV video"),
    (b"DKIF", "an IVF video"),
    (b"YUV4MPEG2", "a Y4M video"),
    (b"nut/multimedia", "a NUT video"),
    (b"\0\0\1\xb3", "a bare MPEG video without a container"),
    (b"\0\0\0\1", "a bare video stream without a container"),
    (b"FWS", "a Flash film"),
    (b"CWS", "a Flash film"),
)
_GIF = (b"GIF87a", b"GIF89a")
_USE_PHOTO = f"Use a {PHOTO_KINDS} photo."


class UnknownKindError(InputError):
    """The file is neither a photo nor a video that can be read."""


def check_kind(head: bytes, *, video_too: bool) -> None:
    """Raise ``UnknownKindError`` if a file that starts with ``head`` is known, and is not read.

    ``video_too``: whether a video would be taken, too.
    """
    if is_dicom(head):
        return
    if head[:6] in _GIF:
        raise UnknownKindError(
            "Animated pictures (GIF) are not taken.",
            "Convert it to an MP4 video, or one picture of it to a PNG.",
        )
    name = _video_name(head)
    if name is not None:
        hint = f"Convert it to an {VIDEO_KINDS} first." if video_too else _USE_PHOTO
        raise UnknownKindError(f"This is {name}, which is not taken.", hint)


def unknown_kind(*, video_too: bool) -> UnknownKindError:
    """The error for a file of which nothing is known. ``video_too``: see ``check_kind``."""
    if not video_too:
        return UnknownKindError("This is not a photo of a known kind.", _USE_PHOTO)
    hint = f"Use a {PHOTO_KINDS} photo, or an {VIDEO_KINDS} video."
    return UnknownKindError("This is neither a photo nor a video of a known kind.", hint)


def _video_name(head: bytes) -> str | None:
    if head[:4] == b"RIFF" and head[8:12] == b"CDXA":
        return "a Video CD's film"
    return next((name for mark, name in _VIDEOS if head.startswith(mark)), None)

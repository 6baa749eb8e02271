"""Pictures that are not read, by their first bytes: which kind it is, and what to do."""

from __future__ import annotations

from appliance.errors import InputError
from appliance.pipeline.media.photo.tiff_picture import raw_file
from appliance.pipeline.media.unread_kind import check_kind

# Raw files that are not TIFF, or of another version of it, as libraw and ExifTool know them:
# Fujifilm, Canon's CRW, Minolta, Sigma, Panasonic and Leica, Olympus.
_RAW = (
    *(b"FUJIFILMCCD-RAW", b"II\x1a\0\0\0HEAPCCDR", b"\0MRM", b"FOVb", b"IIU\0"),
    *(b"IIRO", b"IIRS", b"MMOR"),
)
# Those that begin as a TIFF does, by what follows: Canon's CR2, Phase One's IIQ.
_RAW_AT_8 = (b"CR\2", b"IIII", b"MMMM")
_CR3 = b"ftypcrx "

_PICTURES: tuple[tuple[bytes, str], ...] = (
    (b"8BPS", "a Photoshop document"),
    (b"%PDF", "a PDF"),
    (b"%!PS", "a PostScript file"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript file"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
    (b"II\xbc\x01", "a JPEG XR picture"),
    (b"v/1\1", "an OpenEXR picture"),
    (b"#?RADIANCE", "a Radiance picture"),
    (b"gimp xcf", "a GIMP document"),
    (b"\xff\xd8\xff\xf7", "a JPEG-LS picture"),
    (b"P5", "a portable grey map"),
    (b"P6", "a portable pixel map"),
)
_SVG = (b"<svg", b"<?xml", b"<!DOCTYPE svg")


def check_photo_kind(head: bytes) -> None:
    """Raise ``InputError`` if a file that starts with ``head`` is of a kind that is not read."""
    is_raw = head.startswith(_RAW) or head[4:12] == _CR3
    if is_raw or (head[:2] in (b"II", b"MM") and head[8:].startswith(_RAW_AT_8)):
        raise raw_file()
    check_kind(head, video_too=False)
    name = next((name for mark, name in _PICTURES if head.startswith(mark)), None)
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_SVG):
        name = "a drawing (SVG) or another XML file"
    if name is not None:
        raise InputError(f"This is {name}, which is not taken.", "Save it as a PNG or JPEG first.")

"""Photos that lie: about their size, their parts, and where those are."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

from PIL import Image

from tests.formats.photos import PHOTOS, dicom
from tests.pipeline.media.heif import make_heic

_SMALL = (16, 12)


def _saved(form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", _SMALL, "orange").save(buffer, form, **options)
    return buffer.getvalue()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _header(width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    return _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


def _png(*chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + _chunk(b"IEND", b"")


_ROWS = _chunk(b"IDAT", zlib.compress(b"\0" * (16 * 3 + 1) * 12))
_BOMB = zlib.compress(bytes(8 << 20), 9)


def _tiff(*entries: tuple[int, int, int, int], tail: bytes = b"", following: int = 0) -> bytes:
    """A little-endian TIFF: its directory, then ``tail``."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    directory = struct.pack("<H", len(entries)) + body + struct.pack("<I", following)
    return b"II*\0\x08\0\0\0" + directory + tail


# ImageWidth, ImageLength, BitsPerSample, PhotometricInterpretation, SamplesPerPixel, Rows.
_GREY = ((256, 4, 1, 16), (257, 4, 1, 12), (258, 3, 1, 8), (262, 3, 1, 1), (278, 4, 1, 12))
_PACKED = (*_GREY, (277, 3, 1, 1))


def _strip(offset: int, count: int) -> tuple[tuple[int, int, int, int], ...]:
    return ((273, 4, 1, offset), (279, 4, 1, count))


def _with_exif(exif: bytes) -> bytes:
    plain = _saved("JPEG")
    body = b"Exif\0\0" + exif
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + plain[2:]


def _resized_jpeg() -> bytes:
    data = bytearray(_saved("JPEG"))
    frame = data.index(b"\xff\xc0")
    struct.pack_into(">HH", data, frame + 5, 65_500, 65_500)
    return bytes(data)


def _patched(data: bytes, at: bytes, shift: int, new: bytes) -> bytes:
    """``data`` with ``new`` in place of what is ``shift`` bytes behind ``at``."""
    place = data.index(at) + shift
    return data[:place] + new + data[place + len(new) :]


def _bmp(height: int, bits: int, offset: int = 54) -> bytes:
    head = struct.pack("<2sIHHI", b"BM", 54 + 16 * 12 * 3, 0, 0, offset)
    return (
        head + struct.pack("<IiiHHIIiiII", 40, 16, height, 1, bits, 0, 0, 0, 0, 0, 0) + bytes(600)
    )


_WEBP_CANVAS = b"VP8X" + struct.pack("<I", 10) + b"\x10\0\0\0" + b"\xff\x3f\0\xff\x3f\0"
_WEBP_BODY = PHOTOS["WebP"]()[12:]

PHOTO_FILES: Mapping[str, tuple[str, Callable[[], bytes]]] = MappingProxyType(
    {
        "png-huge.png": (
            "claims 100000 x 100000 pixels",
            lambda: _png(_header(100_000, 100_000), _ROWS),
        ),
        "png-empty.png": ("is 0 pixels wide", lambda: _png(_header(0, 12), _ROWS)),
        "png-bad-sum.png": (
            "a checksum is wrong",
            lambda: _patched(_saved("PNG"), b"IDAT", 6, b"\0\0\0"),
        ),
        "png-two-headers.png": (
            "has two headers, which disagree",
            lambda: _png(_header(16, 12), _header(9, 9), _ROWS),
        ),
        "png-profile-bomb.png": (
            "its profile unpacks to 8 MB",
            lambda: _png(_header(16, 12), _chunk(b"iCCP", b"x\0\0" + _BOMB), _ROWS),
        ),
        "png-text-bomb.png": (
            "its comment unpacks to 8 MB",
            lambda: _png(_header(16, 12), _chunk(b"zTXt", b"x\0\0" + _BOMB), _ROWS),
        ),
        "png-rows-bomb.png": (
            "its pixels unpack to 8 MB",
            lambda: _png(_header(16, 12), _chunk(b"IDAT", _BOMB)),
        ),
        "png-short-rows.png": ("lacks half of its pixels", lambda: _png(_header(16, 24), _ROWS)),
        "png-gamma.png": (
            "its gamma is 0 and its primaries are one point",
            lambda: _png(
                _header(16, 12), _chunk(b"gAMA", bytes(4)), _chunk(b"cHRM", bytes(32)), _ROWS
            ),
        ),
        "png-codes.png": (
            "its cICP codes do not exist, and the chunk is cut",
            lambda: _png(_header(16, 12), _chunk(b"cICP", b"\xff\xff"), _ROWS),
        ),
        "png-no-palette.png": ("lacks its palette", lambda: _png(_header(16, 12, colour=3), _ROWS)),
        "png-chunk-length.png": (
            "a chunk claims 2 GB",
            lambda: _saved("PNG")[:33] + b"\x7f\xff\xff\xffIDAT" + bytes(50),
        ),
        "jpeg-huge.jpg": ("claims 65500 x 65500 pixels", _resized_jpeg),
        "jpeg-cut.jpg": ("ends in the middle", lambda: _saved("JPEG")[:-40]),
        "jpeg-exif-loop.jpg": (
            "its EXIF directory is followed by itself",
            lambda: _with_exif(_tiff((274, 3, 1, 6), following=8)),
        ),
        "jpeg-exif-count.jpg": (
            "an EXIF tag claims 4 billion values",
            lambda: _with_exif(_tiff((274, 3, 0xFFFFFFFF, 6))),
        ),
        "jpeg-exif-turn.jpg": (
            "its orientation is 255",
            lambda: _with_exif(_tiff((274, 3, 1, 255))),
        ),
        "jpeg-exif-text.jpg": (
            "its orientation is a text",
            lambda: _with_exif(_tiff((274, 2, 4, 0x41424344))),
        ),
        "jpeg-exif-cut.jpg": ("its EXIF is cut", lambda: _with_exif(b"II*\0\x08\0\0\0\xff\xff")),
        "jpeg-profile.jpg": (
            "its profile is noise",
            lambda: _saved("JPEG", icc_profile=b"\xff" * 200),
        ),
        "jpeg-no-tables.jpg": (
            "lacks its tables",
            lambda: _saved("JPEG").replace(b"\xff\xdb", b"\xff\xfe"),
        ),
        "tiff-loop.tif": (
            "its directory is followed by itself",
            lambda: _tiff(*_PACKED, *_strip(200, 192), tail=bytes(300), following=8),
        ),
        "tiff-beyond.tif": (
            "its pixels lie beyond its end",
            lambda: _tiff(*_PACKED, *_strip(0x7FFFFFF0, 192)),
        ),
        "tiff-count.tif": (
            "a tag claims 4 billion values",
            lambda: _tiff(*_PACKED, (273, 4, 0xFFFFFFFF, 8), (279, 4, 1, 192), tail=bytes(300)),
        ),
        "tiff-bits.tif": (
            "has 0 bits a sample",
            lambda: _tiff(
                *(
                    (tag, kind, count, 0 if tag == 258 else value)
                    for tag, kind, count, value in _PACKED
                ),
                *_strip(200, 192),
                tail=bytes(300),
            ),
        ),
        "tiff-samples.tif": (
            "has 65535 samples a pixel",
            lambda: _tiff(*_GREY, (277, 3, 1, 65_535), *_strip(200, 192), tail=bytes(300)),
        ),
        "tiff-rows.tif": (
            "has 0 rows a strip",
            lambda: _tiff(
                *(
                    (tag, kind, count, 0 if tag == 278 else value)
                    for tag, kind, count, value in _PACKED
                ),
                *_strip(200, 192),
                tail=bytes(300),
            ),
        ),
        "tiff-huge.tif": (
            "claims 4 billion x 4 billion pixels",
            lambda: _tiff(
                (256, 4, 1, 0xFFFFFFFF),
                (257, 4, 1, 0xFFFFFFFF),
                *_PACKED[2:],
                *_strip(200, 192),
                tail=bytes(300),
            ),
        ),
        "tiff-bomb.tif": (
            "its strip unpacks to 8 MB",
            lambda: _tiff(*_PACKED, (259, 3, 1, 8), *_strip(122, len(_BOMB)), tail=_BOMB),
        ),
        "tiff-tiles.tif": (
            "has tiles of 0 pixels",
            lambda: _tiff(
                *_PACKED[:4],
                (277, 3, 1, 1),
                (322, 4, 1, 0),
                (323, 4, 1, 0),
                (324, 4, 1, 200),
                (325, 4, 1, 192),
                tail=bytes(300),
            ),
        ),
        "tiff-planes.tif": (
            "has planes it lacks",
            lambda: _tiff(
                *_PACKED, (284, 3, 1, 2), (338, 3, 9, 0), *_strip(200, 192), tail=bytes(300)
            ),
        ),
        "tiff-sub.tif": (
            "its subdirectory is itself",
            lambda: _tiff(
                *_PACKED, (254, 4, 1, 1), (330, 4, 1, 8), *_strip(200, 192), tail=bytes(300)
            ),
        ),
        "tiff-big.tif": (
            "a BigTIFF whose directory lies beyond its end",
            lambda: b"II+\0\x08\0\0\0" + b"\xff" * 8,
        ),
        "tiff-empty.tif": ("its directory is empty", _tiff),
        "webp-length.webp": (
            "claims 4 GB",
            lambda: _patched(PHOTOS["WebP"](), b"RIFF", 4, b"\xff\xff\xff\xff"),
        ),
        "webp-canvas.webp": (
            "claims a canvas of 16384 x 16384 pixels",
            lambda: (
                b"RIFF"
                + struct.pack("<I", 4 + len(_WEBP_CANVAS) + len(_WEBP_BODY))
                + b"WEBP"
                + _WEBP_CANVAS
                + _WEBP_BODY
            ),
        ),
        "bmp-height.bmp": ("its height is the lowest number", lambda: _bmp(-(2**31), 24)),
        "bmp-bits.bmp": ("has 0 bits a pixel", lambda: _bmp(12, 0)),
        "bmp-offset.bmp": ("its pixels lie beyond its end", lambda: _bmp(12, 24, 0x7FFFFFFF)),
        "heic-cut.heic": ("ends in the middle", lambda: make_heic()[:-200]),
        "heic-box.heic": (
            "a box claims 2^64 - 1 bytes",
            lambda: _patched(make_heic(), b"meta", -4, b"\0\0\0\1meta" + b"\xff" * 8),
        ),
        "heic-huge.heic": (
            "claims 2^32 - 1 pixels a side",
            lambda: _patched(make_heic(), b"ispe", 8, b"\xff" * 8),
        ),
        "heic-zero.heic": (
            "a box is 0 bytes long",
            lambda: _patched(make_heic(), b"iprp", -4, bytes(4)),
        ),
        "heic-place.heic": (
            "its picture lies beyond its end",
            lambda: _patched(make_heic(), b"iloc", 14, b"\x7f\xff\xff\xff"),
        ),
        "avif-cut.avif": ("ends in the middle", lambda: PHOTOS["AVIF"]()[:-60]),
        "avif-huge.avif": (
            "claims 2^32 - 1 pixels a side",
            lambda: _patched(PHOTOS["AVIF"](), b"ispe", 8, b"\xff" * 8),
        ),
        "dicom-cut.dcm": ("ends in the middle", lambda: dicom()[:-4000]),
        "dicom-length.dcm": (
            "an element claims 4 GB",
            lambda: _patched(dicom(), b"\xe0\x7f\x10\0OB", 8, b"\xfe\xff\xff\xff"),
        ),
        "dicom-endless.dcm": (
            "an element does not say where it ends",
            lambda: _patched(dicom(), b"\xe0\x7f\x10\0OB", 8, b"\xff\xff\xff\xff"),
        ),
        "dicom-huge.dcm": (
            "claims 65535 x 65535 pixels",
            lambda: _patched(
                _patched(dicom(), b"\x28\0\x10\0US", 8, b"\xff\xff"),
                b"\x28\0\x11\0US",
                8,
                b"\xff\xff",
            ),
        ),
        "dicom-bits.dcm": (
            "has 0 bits a sample",
            lambda: _patched(dicom(), b"\x28\0\0\1US", 8, b"\0\0"),
        ),
        "dicom-syntax.dcm": (
            "its transfer syntax does not exist",
            lambda: dicom().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.9.9.9\0"),
        ),
    }
)

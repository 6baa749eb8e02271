"""Films that lie: about their lengths, counts, times and tracks."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial
from types import MappingProxyType

from tests.formats.films import Film, attachment, chapters, sound, subtitles

_HUGE = b"\xff\xff\xff\xff"


def _mp4() -> bytes:
    return Film("", "mp4", add=sound("aac", "mono")).make()


def _mkv() -> bytes:
    return Film("", "mkv", "mjpeg", "yuvj420p", add=subtitles("subrip", b"Hello")).make()


def _avi() -> bytes:
    return Film("", "avi", "mjpeg", "yuvj420p").make()


def _patched(make: Callable[[], bytes], at: bytes, shift: int, new: bytes) -> bytes:
    """What ``make`` returns, with ``new`` in place of what is ``shift`` bytes behind ``at``."""
    data = make()
    place = data.index(at) + shift
    return data[:place] + new + data[place + len(new) :]


def _nested(depth: int) -> bytes:
    body = b""
    for _ in range(depth):
        body = struct.pack(">I4s", 8 + len(body), b"moov") + body
    return struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 0, b"isom") + body


def _box(kind: bytes, size: int, rest: bytes = b"") -> bytes:
    return struct.pack(">I4s", size, kind) + rest


_FTYP = struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 0, b"isom")
_EBML = b"\x1a\x45\xdf\xa3"
_PLACES = b"GPS (11.5754, 48.1371, 19)"

FILM_FILES: Mapping[str, tuple[str, Callable[[], bytes]]] = MappingProxyType(
    {
        "mp4-tiny-box.mp4": (
            "a box is shorter than its own header",
            lambda: _FTYP + _box(b"moov", 7, bytes(40)),
        ),
        "mp4-long-box.mp4": (
            "a box claims 2^64 - 1 bytes",
            lambda: _FTYP + _box(b"mdat", 1, b"\xff" * 8 + bytes(40)),
        ),
        "mp4-negative-box.mp4": (
            "a box claims 2^63 bytes",
            lambda: _FTYP + _box(b"mdat", 1, b"\x80" + bytes(47)),
        ),
        "mp4-empty-boxes.mp4": ("boxes of 0 bytes", lambda: _FTYP + bytes(64)),
        "mp4-nested.mp4": ("boxes in boxes, a thousand deep", partial(_nested, 1000)),
        "mp4-no-index.mp4": ("lacks its index", lambda: _FTYP + _box(b"mdat", 72, bytes(64))),
        "mp4-cut.mp4": ("ends in the middle", lambda: _mp4()[:-300]),
        "mp4-samples.mp4": (
            "claims 4 billion samples",
            partial(_patched, _mp4, b"stsz", 12, _HUGE),
        ),
        "mp4-times.mp4": ("claims 4 billion durations", partial(_patched, _mp4, b"stts", 8, _HUGE)),
        "mp4-duration.mp4": (
            "a frame lasts 4 billion units",
            partial(_patched, _mp4, b"stts", 16, _HUGE),
        ),
        "mp4-offsets.mp4": (
            "its frames lie beyond its end",
            partial(_patched, _mp4, b"stco", 12, b"\x7f\xff\xff\xff"),
        ),
        "mp4-clock.mp4": (
            "its clock has 0 units a second",
            partial(_patched, _mp4, b"mdhd", 16, bytes(4)),
        ),
        "mp4-edits.mp4": ("claims 4 billion edits", partial(_patched, _mp4, b"elst", 8, _HUGE)),
        "mp4-edit-time.mp4": (
            "its edit begins before time",
            partial(_patched, _mp4, b"elst", 16, b"\x80\0\0\1"),
        ),
        "mp4-matrix.mp4": (
            "its display matrix is the lowest numbers",
            partial(_patched, _mp4, b"tkhd", 44, b"\x80\0\0\0" * 9),
        ),
        "mp4-size.mp4": (
            "claims 65535 x 65535 pixels",
            partial(_patched, _mp4, b"stsd", 44, _HUGE),
        ),
        "mp4-aspect.mp4": (
            "its pixels are 0 wide",
            lambda: _patched(
                lambda: Film("", "mp4", aspect=Fraction(64, 45)).make(), b"pasp", 4, bytes(8)
            ),
        ),
        "mp4-text.mp4": (
            "a subtitle claims more letters than it has",
            lambda: Film("", "mp4", add=subtitles("mov_text", b"\xff\xffHi")).make(),
        ),
        "mp4-codec.mp4": (
            "its codec does not exist",
            partial(_patched, _mp4, b"stsd", 16, b"zzzz"),
        ),
        "mp4-setup.mp4": (
            "its codec's setup is noise",
            partial(_patched, _mp4, b"avcC", 4, b"\xff" * 20),
        ),
        "mov-timecode.mov": (
            "a text track in place of sound",
            partial(_patched, _mp4, b"soun", 0, b"text"),
        ),
        "mkv-length.mkv": (
            "an element claims 2^56 - 2 bytes",
            partial(_patched, _mkv, b"\x1f\x43\xb6\x75", 4, b"\x01" + b"\xff" * 6 + b"\xfe"),
        ),
        "mkv-unknown.mkv": (
            "the header does not say where it ends",
            lambda: _EBML + b"\x01" + b"\xff" * 7 + bytes(64),
        ),
        "mkv-zero.mkv": ("identifiers of 0", lambda: _mkv()[:200] + bytes(400)),
        "mkv-cut.mkv": ("ends in the middle", lambda: _mkv()[:-300]),
        "mkv-type.mkv": (
            "its document type is 4 GB long",
            lambda: _EBML + b"\x8f" + b"\x42\x82\x08\xff\xff\xff\xff" + bytes(40),
        ),
        "mkv-clock.mkv": (
            "its clock has 0 units a second",
            partial(_patched, _mkv, b"\x2a\xd7\xb1", 4, bytes(3)),
        ),
        "mkv-places.mkv": (
            "a subtitle says where it was taken",
            lambda: Film("", "mkv", "mjpeg", "yuvj420p", add=subtitles("subrip", _PLACES)).make(),
        ),
        "mkv-letters.mkv": (
            "a subtitle that is not UTF-8",
            lambda: Film(
                "", "mkv", "mjpeg", "yuvj420p", add=subtitles("subrip", b"\xff\xfe\0<" * 30)
            ).make(),
        ),
        "mkv-font.mkv": (
            "an attachment whose name leads out of its folder",
            lambda: (
                Film("", "mkv", "mjpeg", "yuvj420p", add=attachment)
                .make()
                .replace(b"font.ttf", b"../x.ttf")
            ),
        ),
        "mkv-chapters.mkv": (
            "a chapter that ends before it begins",
            partial(
                _patched,
                lambda: Film("", "mkv", "mjpeg", "yuvj420p", add=chapters).make(),
                b"\x92",
                2,
                bytes(4),
            ),
        ),
        "webm-segment.webm": (
            "a segment within the header",
            lambda: _EBML + b"\x88\x42\x82\x84webm" + b"\x18\x53\x80\x67\x01" + b"\xff" * 7,
        ),
        "avi-length.avi": ("claims 4 GB", partial(_patched, _avi, b"RIFF", 4, b"\xfe\xff\xff\xff")),
        "avi-open.avi": (
            "does not say where it ends",
            partial(_patched, _avi, b"RIFF", 4, bytes(4)),
        ),
        "avi-rate.avi": (
            "has 0 frames in 0 seconds",
            partial(_patched, _avi, b"strh", 28, bytes(8)),
        ),
        "avi-streams.avi": (
            "claims 4 billion streams",
            partial(_patched, _avi, b"avih", 32, _HUGE),
        ),
        "avi-list.avi": (
            "a list is longer than the file",
            partial(_patched, _avi, b"LIST", 4, b"\xff\xff\xff\x7f"),
        ),
        "avi-index.avi": (
            "its index leads out of the file",
            partial(_patched, _avi, b"idx1", 16, b"\xff\xff\xff\x7f"),
        ),
        "avi-size.avi": (
            "claims a picture of the lowest height",
            partial(_patched, _avi, b"strf", 16, b"\0\0\0\x80"),
        ),
        "ts-cut.ts": (
            "ends within a packet",
            lambda: Film("", "ts", add=sound("mp2", "mono")).make()[:-50],
        ),
        "ts-stuffing.ts": (
            "packets without content",
            lambda: (b"\x47\x1f\xff\x10" + b"\xff" * 184) * 8,
        ),
        "mpg-cut.mpg": (
            "ends in the middle",
            lambda: Film("", "mpg", "mpeg2video", "yuv420p").make()[:-900],
        ),
        "mpg-packs.mpg": ("packs without content", lambda: (b"\0\0\1\xba\x44" + bytes(9)) * 40),
        "none-one.bin": ("one byte", lambda: b"\0"),
        "none-ftyp.bin": ("the type of an MP4, and nothing else", lambda: _FTYP),
        "none-riff.bin": ("a RIFF of no kind", lambda: b"RIFF\x08\0\0\0ABCD" + bytes(8)),
    }
)

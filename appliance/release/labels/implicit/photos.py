"""Puts the label into encoded photos: JPEG, PNG and WebP as EXIF or text too, TIFF as XMP."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from appliance.errors import ReleaseError
from appliance.pipeline.media.photo.encode import PhotoFormat
from appliance.pipeline.media.photo.png_chunks import with_chunk
from appliance.release.facts import ReleaseFacts
from appliance.release.labels.implicit.label import KEY, label_json, named_label, xmp_packet

_XMP_TAG: Final = 700  # XMP specification, part 3, 1.1.3
_BYTE: Final = 1  # TIFF 6.0's type of eight bits
_EXIF_FLAG, _XMP_FLAG, _ALPHA_FLAG = 8, 4, 16  # of VP8X (RFC 9649, 2.7.1)


def with_implicit_label(encoded: bytes, kind: PhotoFormat, facts: ReleaseFacts) -> bytes:
    """``encoded``, a file as our encoder writes it, with the label in its metadata.

    Raises ``ReleaseError`` for a format without a place for it.
    """
    if kind not in _WRITERS:
        raise ReleaseError(
            "This format has no place for the label that programs read.",
            "Release a .jpg, .png, .webp or .tif.",
        )
    return _WRITERS[kind](encoded, facts)


def _jpeg(encoded: bytes, facts: ReleaseFacts) -> bytes:
    """Two APP1 segments, behind JFIF's APP0, which has to come first."""
    at = 2
    if encoded[2:4] == b"\xff\xe0":
        at += 2 + int.from_bytes(encoded[4:6], "big")
    exif = b"Exif\0\0" + _exif(facts)
    xmp = b"http://ns.adobe.com/xap/1.0/\0" + xmp_packet(facts)
    segments = b"".join(
        b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content for content in (exif, xmp)
    )
    return encoded[:at] + segments + encoded[at:]


def _png(encoded: bytes, facts: ReleaseFacts) -> bytes:
    text = KEY.encode() + b"\0" + label_json(facts).encode()
    # Keyword; neither compressed nor in a language (PNG, third edition, 11.3.3.4).
    packet = b"XML:com.adobe.xmp\0\0\0\0\0" + xmp_packet(facts)
    return with_chunk(with_chunk(encoded, b"tEXt", text), b"iTXt", packet)


def _webp(encoded: bytes, facts: ReleaseFacts) -> bytes:
    """EXIF and XMP are the last chunks of the extended format (RFC 9649, 2.7)."""
    body = encoded[12:]
    if body[:4] == b"VP8X":
        flags, size, body = body[8], body[12:18], body[18:]
    else:
        width, height, has_alpha = _webp_size(body)
        flags = _ALPHA_FLAG if has_alpha else 0
        size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    extended = bytes([flags | _EXIF_FLAG | _XMP_FLAG, 0, 0, 0]) + size
    chunks = (
        _riff_chunk(b"VP8X", extended)
        + body
        + _riff_chunk(b"EXIF", _exif(facts))
        + _riff_chunk(b"XMP ", xmp_packet(facts))
    )
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def _webp_size(body: bytes) -> tuple[int, int, bool]:
    """Width, height and whether there may be transparency, of the simple format's one chunk."""
    if body[:4] == b"VP8L":  # behind a signature of one byte: 14, 14 and 1 bits (RFC 9649, 3.4)
        bits = int.from_bytes(body[9:13], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    # Behind a frame tag and a start code of three bytes each (RFC 6386, 9.1).
    width, height = struct.unpack_from("<HH", body, 14)
    return width & 0x3FFF, height & 0x3FFF, False


def _riff_chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _tiff(encoded: bytes, facts: ReleaseFacts) -> bytes:
    """The first directory is written again at the end, with the packet as one more entry."""
    order = "<" if encoded[:2] == b"II" else ">"
    (start,) = struct.unpack_from(f"{order}I", encoded, 4)
    (count,) = struct.unpack_from(f"{order}H", encoded, start)
    rows = start + 2
    entries = [encoded[rows + 12 * n : rows + 12 * n + 12] for n in range(count)]
    following = encoded[rows + 12 * count : rows + 12 * count + 4]
    packet = xmp_packet(facts)
    padded = encoded + b"\0" * (len(encoded) % 2)
    entries.append(struct.pack(f"{order}HHII", _XMP_TAG, _BYTE, len(packet), len(padded)))
    entries.sort(key=lambda entry: int(struct.unpack_from(f"{order}H", entry)[0]))
    padded += packet + b"\0" * (len(packet) % 2)
    directory = struct.pack(f"{order}H", len(entries)) + b"".join(entries) + following
    return padded[:4] + struct.pack(f"{order}I", len(padded)) + padded[8:] + directory


def _exif(facts: ReleaseFacts) -> bytes:
    """EXIF as TIFF in big-endian order, with a user comment alone (CIPA DC-008, 4.6.5)."""
    comment = b"ASCII\0\0\0" + named_label(facts).encode()
    header = b"MM\0*" + struct.pack(">I", 8)
    pointer = struct.pack(">HHHIII", 1, 0x8769, 4, 1, 26, 0)  # to the directory at byte 26
    directory = struct.pack(">HHHIII", 1, 0x9286, 7, len(comment), 44, 0)
    return header + pointer + directory + comment


_WRITERS: Mapping[PhotoFormat, Callable[[bytes, ReleaseFacts], bytes]] = MappingProxyType(
    {"jpeg": _jpeg, "png": _png, "webp": _webp, "tiff": _tiff}
)

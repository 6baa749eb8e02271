"""Files that are two things at once, or that carry more than their picture: each holds a canary.

Most are made by the programs that make such files in the wild (Pillow, PyAV, zipfile); what no
program makes is put together byte by byte.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import av
import numpy as np
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from tests.pipeline.media.clips import Clip, Sound, make, picture
from tests.pipeline.media.films import Line, sounding, subtitled, with_cover
from tests.pipeline.media.heif import make_heic
from tests.pipeline.media.photo.dicoms import Dicom
from tests.pipeline.media.photo.tiffs import Picture, make_tiff

CANARY = b"jane-canary-1970"
WIDTH, HEIGHT = 512, 384
RGB = picture(0, WIDTH, HEIGHT)
OTHER_FACE = np.full((48, 48, 3), (255, 0, 255), np.uint8)
"""Of what a hidden second picture is made: a colour that the first one has nowhere."""

FILM = Clip(size=(480, 360), frames=6)

Make = Callable[[], bytes]


def saved(kind: str, rgb: Any = RGB, **options: Any) -> bytes:
    """``rgb`` as Pillow writes it."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, kind, **options)
    return buffer.getvalue()


def segment(marker: int, body: bytes) -> bytes:
    """A segment of a JPEG (ITU-T T.81, B.1.1.4)."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def jpeg(*segments: bytes, behind: bytes = b"") -> bytes:
    """A JPEG with ``segments`` right after its start, and bytes ``behind`` its end."""
    data = saved("JPEG", quality=95)
    return data[:2] + b"".join(segments) + data[2:] + behind


def archive(name: str = "canary.txt") -> bytes:
    """A ZIP, which is read from its end."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr(name, CANARY)
    return buffer.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks: bytes, behind: bytes = b"") -> bytes:
    """A PNG with ``chunks`` behind its header."""
    data = saved("PNG")
    return data[:33] + b"".join(chunks) + data[33:] + behind


def javascript() -> bytes:
    """A JPEG that is a program as well: its first segment is as long as ``/*`` says."""
    length = int.from_bytes(b"/*", "big")
    program = b"*/=1;alert('" + CANARY + b"')/*"
    first = b"\xff\xe0/*" + b"JFIF\0\1\1\0\0\1\0\1\0\0".ljust(length - 2 - len(program), b"\0")
    data = saved("JPEG", quality=95)
    return data[:2] + first + program + data[20:-2] + b"*///" + data[-2:]


def pdf_within() -> bytes:
    """A JPEG that readers of PDF open: they look for the mark in the first 1024 bytes."""
    return jpeg(segment(0xFE, b"%PDF-1.4\n1 0 obj<</Title(" + CANARY + b")>>stream\n"))


def thumbnailed() -> bytes:
    """A JPEG whose EXIF has a thumbnail of somebody else, a place and a name."""
    exif = Image.Exif()
    exif[0x013B] = exif[0x8298] = CANARY.decode()
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 15.0)
    thumbnail = saved("JPEG", OTHER_FACE, comment=CANARY)
    exif.get_ifd(0x8769)[0x927C] = CANARY  # the maker's own notes
    body = exif.tobytes()
    # IFD1 by hand (EXIF 2.32, 4.6.5): a JPEG of so many bytes behind the tags.
    start = 6 + 8
    tail = len(body) - 6
    (count,) = struct.unpack_from("<H", body, start)
    entries = struct.pack("<H", 3) + b"".join(
        struct.pack("<HHII", tag, 4, 1, value)
        for tag, value in ((0x0103, 6), (0x0201, tail + 2 + 36 + 4), (0x0202, len(thumbnail)))
    )
    at = start + 2 + 12 * count
    body = body[:at] + struct.pack("<I", tail) + body[at + 4 :]
    whole = body + entries + bytes(4) + thumbnail
    return jpeg(segment(0xE1, whole))


def several_pictures() -> bytes:
    """A JPEG with a second picture behind it (CIPA DC-007), as telephones write them."""
    buffer = io.BytesIO()
    other = Image.fromarray(OTHER_FACE)
    other.info["comment"] = CANARY
    Image.fromarray(RGB).save(
        buffer, "MPO", save_all=True, append_images=[other], quality=95, comment=CANARY
    )
    return buffer.getvalue()


def profiled() -> bytes:
    """A JPEG whose colour profile holds a name in a tag of its own."""
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    (count,) = struct.unpack_from(">I", icc, 128)
    table = bytearray(icc[132 : 132 + 12 * count])
    for at in range(4, len(table), 12):
        table[at : at + 4] = struct.pack(">I", int.from_bytes(table[at : at + 4], "big") + 12)
    body = icc[132 + 12 * count :]
    body += bytes(-len(body) % 4)
    place = 132 + 12 * (count + 1) + len(body)
    table += b"priv" + struct.pack(">II", place, len(CANARY))
    whole = icc[:128] + struct.pack(">I", count + 1) + bytes(table) + body + CANARY
    return saved("JPEG", quality=95, icc_profile=struct.pack(">I", len(whole)) + whole[4:])


def preview_tiff() -> bytes:
    """A TIFF whose second directory holds a preview with another face, and bytes behind all."""
    return make_tiff(Picture(RGB), Picture(OTHER_FACE, tags={254: (1,)})) + CANARY


def tagged_tiff() -> bytes:
    """A TIFF with words in its directory, in tags of everybody and in one of nobody."""
    words = {tag: CANARY.decode() for tag in (270, 315, 33432, 65000)}
    return saved("TIFF", tiffinfo=words, compression="tiff_lzw")


def webp(*chunks: bytes, behind: bytes = b"") -> bytes:
    """A lossless WebP with further chunks, and bytes behind the whole."""
    exif = Image.Exif()
    exif[0x013B] = CANARY.decode()
    data = saved("WEBP", lossless=True, exif=exif, xmp=b"<x:xmpmeta>" + CANARY)
    body = data[8:] + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body + behind


def riff(kind: bytes, body: bytes) -> bytes:
    """A chunk of a RIFF file."""
    return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def box(kind: bytes, body: bytes) -> bytes:
    """A box of an MP4 or a HEIC."""
    return struct.pack(">I", 8 + len(body)) + kind + body


def bmp() -> bytes:
    """A BMP with bytes between its header and its pixels, and behind them."""
    data = bytearray(saved("BMP"))
    (start,) = struct.unpack_from("<I", data, 10)
    data[start:start] = CANARY * 4
    struct.pack_into("<I", data, 10, start + 4 * len(CANARY))
    return bytes(data) + CANARY


def dicom(preamble: bytes) -> bytes:
    """A DICOM file that is something else by its first 128 bytes, and names a patient."""
    name = {(0x00100010, "PN"): CANARY, (0x00104000, "LT"): CANARY, (0x00110010, "LO"): CANARY}
    data = Dicom(HEIGHT, WIDTH, RGB.tobytes(), more=name).encoded()
    return preamble.ljust(128, b"\0") + data[128:] + CANARY


def tagged_film(container: str, *, chapters: bool = False) -> bytes:
    """A film with words in every place that PyAV writes."""
    sink = io.BytesIO()
    muxer = {"mkv": "matroska"}.get(container, container)
    words = CANARY.decode()
    with (
        av.open(io.BytesIO(make(replace(FILM, sounds=[Sound()]))), "r") as source,
        av.open(sink, "w", format=muxer) as output,
    ):
        for key in ("title", "artist", "comment", "copyright", "location", "encoder", "album"):
            output.metadata[key] = words
        streams: dict[int, Any] = {}
        for stream in source.streams:
            copied = output.add_stream_from_template(stream, opaque=True)
            copied.metadata["title"] = copied.metadata["handler_name"] = words
            streams[stream.index] = copied
        if container == "mkv":
            output.add_attachment("canary.html", "text/html", b"<script>" + CANARY)
        if chapters:
            output.set_chapters(
                [
                    {
                        "id": 1,
                        "start": 0,
                        "end": 500,
                        "time_base": Fraction(1, 1000),
                        "metadata": {"title": words},
                    }
                ]
            )
        for packet in source.demux():
            if packet.size:
                packet.stream = streams[packet.stream_index]
                output.mux(packet)
    return sink.getvalue()


def user_data_film() -> bytes:
    """A film with a message between its pictures (H.264, D.1.6: user data, unregistered)."""
    message = bytes(16) + CANARY
    unit = b"\x06\x05" + bytes((len(message),)) + message + b"\x80"
    data = make(FILM)
    with av.open(io.BytesIO(data), "r") as source:
        stream = source.streams.video[0]
        sink = io.BytesIO()
        with av.open(sink, "w", format="mp4") as output:
            copied = output.add_stream_from_template(stream, opaque=True)
            for packet in source.demux(stream):
                if packet.size:
                    said: Any = av.Packet(struct.pack(">I", len(unit)) + unit + bytes(packet))
                    said.pts, said.dts = packet.pts, packet.dts
                    said.time_base, said.is_keyframe = packet.time_base, packet.is_keyframe
                    said.stream = copied
                    output.mux(said)
    return sink.getvalue()


def element(number: bytes, body: bytes) -> bytes:
    """An element of Matroska, with a length of eight bytes."""
    return number + b"\x01" + len(body).to_bytes(7, "big") + body


def void_film() -> bytes:
    """An MKV with a void (RFC 8794, 11.3.2) behind its segment's end: padding that holds text."""
    return make(replace(FILM, container="mkv")) + element(b"\xec", CANARY)


PHOTOS: Mapping[str, Make] = {
    "JPEG and ZIP": lambda: jpeg(behind=archive()),
    "JPEG and JAR": lambda: jpeg(behind=archive("META-INF/MANIFEST.MF")),
    "JPEG and PHP": lambda: jpeg(segment(0xFE, b"<?php system('" + CANARY + b"'); ?>")),
    "JPEG and HTML": lambda: jpeg(segment(0xE5, b"<html><script>" + CANARY + b"</script>")),
    "JPEG and JavaScript": javascript,
    "JPEG and PDF": pdf_within,
    "JPEG and XMP": lambda: jpeg(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + CANARY)),
    "JPEG and IPTC": lambda: jpeg(segment(0xED, b"Photoshop 3.0\x008BIM\4\4\0\0" + CANARY)),
    "JPEG and JUMBF": lambda: jpeg(segment(0xEB, b"JP\0\1\0\0\0\1" + CANARY)),
    "JPEG with another face in its thumbnail": thumbnailed,
    "JPEG with a second picture": several_pictures,
    "JPEG with a name in its profile": profiled,
    "PNG and what follows": lambda: png(behind=archive() + CANARY),
    "PNG and text": lambda: saved("PNG", pnginfo=_text()),
    "PNG and private chunks": lambda: png(
        chunk(b"prIv", CANARY),
        chunk(b"eXIf", b"MM\0*\0\0\0\x08" + CANARY),
        chunk(b"tIME", CANARY[:7]),
    ),
    "PNG with pixels that are not shown": lambda: png(
        chunk(b"sPLT", b"name\0\x08" + CANARY), chunk(b"hIST", CANARY)
    ),
    "TIFF with a preview": preview_tiff,
    "TIFF with words": tagged_tiff,
    "WebP and what follows": lambda: webp(behind=CANARY),
    "WebP and a chunk": lambda: webp(riff(b"CNRY", CANARY)),
    "BMP with gaps": bmp,
    "HEIC and boxes": lambda: (
        make_heic((WIDTH, HEIGHT)) + box(b"free", CANARY) + box(b"uuid", CANARY)
    ),
    "HEIC with a second item": lambda: (
        make_heic((WIDTH, HEIGHT), pictures=2) + box(b"mdat", CANARY)
    ),
    "AVIF and boxes": lambda: saved("AVIF", quality=95) + box(b"free", CANARY),
    "DICOM and a program": lambda: dicom(b"MZ" + CANARY + bytes(40) + struct.pack("<I", 128)),
    "DICOM and TIFF": lambda: dicom(b"II*\0" + struct.pack("<I", 16) + CANARY),
}
"""By what they are: each shows ``RGB``."""

FILMS: Mapping[str, Make] = {
    "MP4 and ZIP": lambda: make(FILM) + archive(),
    "MP4 and free": lambda: make(FILM) + box(b"free", CANARY),
    "MP4 and uuid": lambda: make(FILM) + box(b"uuid", bytes(16) + CANARY),
    "MP4 and mdat": lambda: make(FILM) + box(b"mdat", CANARY),
    "MP4 with words": lambda: tagged_film("mp4", chapters=True),
    "MOV with words": lambda: tagged_film("mov", chapters=True),
    "MKV with words and an attachment": lambda: tagged_film("mkv", chapters=True),
    "MP4 with a cover": with_cover,
    "MP4 with a message between pictures": user_data_film,
    "MKV and a void": void_film,
    "MP4 with places": lambda: subtitled("mp4", "mov_text", [Line("GPS (48.1371, 11.5754)")]),
    "MPEG-TS": lambda: sounding("ts", "ac3", "stereo"),
}
"""By what they are."""

REFUSED: Mapping[str, Make] = {
    "GIF and JAR": lambda: saved("GIF") + archive("META-INF/MANIFEST.MF"),
    "PDF and JPEG": lambda: b"%PDF-1.4\n" + CANARY + b"\nstream\n" + saved("JPEG"),
    "ZIP and JPEG": lambda: archive() + saved("JPEG"),
    "program and JPEG": lambda: b"MZ" + CANARY.ljust(126, b"\0") + saved("JPEG"),
    "PNG and a bomb of text": lambda: png(
        chunk(b"zTXt", b"Comment\0\0" + zlib.compress(CANARY * (1 << 20)))
    ),
    "HTML and PNG": lambda: b"<html>" + CANARY + saved("PNG"),
}
"""What begins as something that is not read, or would fill the memory."""


def _text() -> PngInfo:
    info = PngInfo()
    info.add_text("Author", CANARY.decode())
    info.add_text("Comment", CANARY.decode(), zip=True)
    info.add_itxt("Title", CANARY.decode(), zip=True)
    return info

"""A HEIC photo around one HEVC picture, for our decoder comes without an encoder."""

from __future__ import annotations

import io
import struct

import av

from tests.pipeline.media.clips import Clip, make


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _full(kind: bytes, *parts: bytes, version: int = 0) -> bytes:
    return _box(kind, bytes([version, 0, 0, 0]), *parts)


def make_heic(
    size: tuple[int, int] = (64, 64),
    quarter_turns: int = 0,
    codes: tuple[int, int] | None = None,
    pictures: int = 1,
) -> bytes:
    """The first picture of ``clips.picture``; ``quarter_turns`` counter-clockwise, as stored.

    ``codes``: of primaries and curve, for an ``nclx`` box. ``pictures``: one of them is primary;
    all share its bytes.
    """
    # Without reordering, for x265 gives a lone picture of a group a random decoding time.
    options = {"x265-params": "log-level=error:bframes=0", "crf": "4"}
    clip = make(Clip(codec="libx265", frames=1, size=size, options=options))
    with av.open(io.BytesIO(clip), "r") as container:
        stream = container.streams.video[0]
        setup = bytes(stream.codec_context.extradata or b"")
        picture = bytes(next(packet for packet in container.demux(stream) if packet.size))
    turned = [_box(b"irot", bytes([quarter_turns]))] if quarter_turns else []
    if codes is not None:
        turned.append(_box(b"colr", b"nclx", struct.pack(">HHHB", *codes, 1, 128)))
    count = 2 + len(turned)
    items = range(1, pictures + 1)
    shared = bytes([count, *(0x80 | index for index in range(1, count + 1))])
    properties = _box(
        b"iprp",
        _box(b"ipco", _box(b"hvcC", setup), _full(b"ispe", struct.pack(">II", *size)), *turned),
        _full(
            b"ipma",
            struct.pack(">I", pictures),
            *(struct.pack(">H", item) + shared for item in items),
        ),
    )
    start = _box(b"ftyp", b"heic", struct.pack(">I", 0), b"mif1heic")

    def meta(offset: int) -> bytes:
        place = struct.pack(">HHII", 0, 1, offset, len(picture))
        return _full(
            b"meta",
            _full(b"hdlr", struct.pack(">I4s12xB", 0, b"pict", 0)),
            _full(b"pitm", struct.pack(">H", 1)),
            _full(
                b"iinf",
                struct.pack(">H", pictures),
                *(
                    _full(b"infe", struct.pack(">HH4sB", item, 0, b"hvc1", 0), version=2)
                    for item in items
                ),
            ),
            properties,
            _full(
                b"iloc",
                struct.pack(">HH", 0x4400, pictures),
                *(struct.pack(">H", item) + place for item in items),
            ),
        )

    offset = len(start) + len(meta(0)) + 8
    return start + meta(offset) + _box(b"mdat", picture)

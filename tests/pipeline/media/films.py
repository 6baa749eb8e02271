"""Small films with tracks other than picture and sound, and with sound of any layout."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

import av
import numpy as np

from tests.pipeline.media.clips import MUXERS, Clip, make

MILLISECOND = Fraction(1, 1000)
_MUXERS = MUXERS | {"ts": "mpegts", "mpg": "vob"}


@dataclass(frozen=True)
class Line:
    """A subtitle: its text, start and duration in milliseconds."""

    text: str
    start: int = 100
    duration: int = 300


def subtitled(
    container: str, codec: str, lines: Sequence[Line], *, picture: Clip | None = None
) -> bytes:
    """A film of 24 frames with a track of text; of ``picture`` the packets are taken."""
    sink = io.BytesIO()
    with _Remux(sink, container, picture or _picture(container)) as remux:
        text = remux.output.add_mux_stream(codec, time_base=MILLISECOND)
        text.metadata["language"] = "deu"
        packets = []
        for number, line in enumerate(lines):
            packet: Any = av.Packet(_body(codec, line.text, number))
            packet.pts = packet.dts = line.start
            packet.duration, packet.time_base = line.duration, MILLISECOND
            packet.stream = text
            packets.append(packet)
        remux.write(packets)
    return sink.getvalue()


def scripted(script: bytes) -> bytes:
    """An MKV of 24 frames with a SubStation Alpha ``script``."""
    sink = io.BytesIO()
    with (
        av.open(io.BytesIO(script), "r", format="ass") as source,
        _Remux(sink, "mkv", _picture("mkv")) as remux,
    ):
        (track,) = source.streams.subtitles
        text = remux.output.add_stream_from_template(track, opaque=True)
        packets: list[Any] = [packet for packet in source.demux(track) if packet.size]
        for packet in packets:
            packet.stream = text
        remux.write(packets)
    return sink.getvalue()


def with_data(container: str, codec: str, *, picture: Clip | None = None) -> bytes:
    """A film with a track of data, such as a drone's measurements."""
    sink = io.BytesIO()
    with _Remux(sink, container, picture or _picture(container)) as remux:
        data = remux.output.add_data_stream(codec)
        packet: Any = av.Packet(b"\x06\x0e\x2b\x34" + bytes(20))
        packet.pts = packet.dts = 0
        packet.time_base, packet.stream = MILLISECOND, data
        remux.write([packet])
    return sink.getvalue()


def with_attachment() -> bytes:
    """An MKV with a font, or rather the text of a letter."""
    sink = io.BytesIO()
    with _Remux(sink, "mkv", Clip()) as remux:
        remux.output.add_attachment("notes.txt", "text/plain", b"Jane Doe")
        remux.write([])
    return sink.getvalue()


def with_second_picture() -> bytes:
    """A film with two picture tracks."""
    sink = io.BytesIO()
    with _Remux(sink, "mp4", Clip()) as remux:
        other = av.open(io.BytesIO(make(Clip(size=(64, 48)))), "r")
        stream = other.streams.video[0]
        target = remux.output.add_stream_from_template(stream, opaque=True)
        packets = [packet for packet in other.demux(stream) if packet.size]
        for packet in packets:
            packet.stream = target
        remux.write(packets)
    return sink.getvalue()


def with_cover() -> bytes:
    """A film with a still picture as its cover."""
    sink = io.BytesIO()
    with _Remux(sink, "mp4", Clip()) as remux:
        cover = av.open(io.BytesIO(make(Clip(container="avi", codec="mjpeg", frames=1,
            pixel_format="yuvj420p", colour=(5, 1, 1, 2)))), "r")  # fmt: skip
        stream = cover.streams.video[0]
        target = remux.output.add_stream_from_template(stream, opaque=True)
        target.disposition = int(av.stream.Disposition.attached_pic)
        packet = next(packet for packet in cover.demux(stream) if packet.size)
        packet.stream = target
        remux.write([packet])
    return sink.getvalue()


def sounding(
    container: str,
    codec: str,
    layout: str,
    *,
    rate: int = 48_000,
    seconds: float = 0.5,
    picture: Clip | None = None,
) -> bytes:
    """A film with a tone; a ``layout`` such as ``"2 channels"`` names no positions."""
    sink = io.BytesIO()
    with _Remux(sink, container, picture or _picture(container)) as remux:
        track = remux.output.add_stream(codec, rate=rate)
        context = track.codec_context
        context.layout = layout
        context.open()
        size, name = context.frame_size or 1024, context.format.name
        channels = av.AudioLayout(layout).nb_channels
        packets = []
        for start in range(0, int(seconds * rate), size):
            wave = np.sin(np.arange(start, start + size) * 440 * 2 * np.pi / rate) / 4
            frame = av.AudioFrame.from_ndarray(
                _samples(wave, name, channels), format=name, layout=layout
            )
            frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            packets += track.encode(frame)
        remux.write([*packets, *track.encode(None)])
    return sink.getvalue()


class _Remux:
    """An output with the picture of a clip; other packets are written among its own."""

    def __init__(self, sink: io.BytesIO, container: str, picture: Clip) -> None:
        self._source = av.open(io.BytesIO(make(picture)), "r")
        self._stream = self._source.streams.video[0]
        self.output: Any = av.open(sink, "w", format=_MUXERS[container])
        self._track = self.output.add_stream_from_template(self._stream, opaque=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.output.close()
        self._source.close()

    def write(self, others: Sequence[Any]) -> None:
        """Everything in order of time."""
        pictures: list[Any] = [one for one in self._source.demux(self._stream) if one.size]
        for packet in pictures:
            packet.stream = self._track
        for packet in sorted([*pictures, *others], key=lambda one: one.dts * one.time_base):
            self.output.mux(packet)


def _picture(container: str) -> Clip:
    """24 frames that ``container`` holds."""
    if container == "webm":
        return Clip(container="webm", codec="libvpx-vp9")
    if container == "avi":
        return Clip(container="avi", codec="mpeg4")
    if container == "mpg":
        return Clip(container="mkv", codec="mpeg2video", rate=Fraction(25))
    return Clip()


def _body(codec: str, text: str, number: int) -> bytes:
    plain = text.encode()
    if codec == "mov_text":
        return len(plain).to_bytes(2, "big") + plain
    return b"%d,0,Default,,0,0,0,,%s" % (number, plain) if codec == "ass" else plain


def _samples(wave: Any, name: str, channels: int) -> Any:
    kinds: dict[str, Any] = {
        "u8": lambda one: ((one + 1) * 127).astype(np.uint8),
        "s16": lambda one: (one * 0x7FFF).astype(np.int16),
        "s32": lambda one: (one * 0x7FFFFFFF).astype(np.int32),
        "flt": lambda one: one.astype(np.float32),
    }
    converted = kinds[name.rstrip("p")](wave)
    if name.endswith("p"):
        return np.ascontiguousarray(np.tile(converted, (channels, 1)))
    return np.ascontiguousarray(np.repeat(converted, channels).reshape(1, -1))

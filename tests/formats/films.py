"""Tiny films of every kind that the table lists, made with PyAV."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import av
import numpy as np
from PIL import Image

from appliance.pipeline.media.video.scheduling import usual_scheduling

os.environ["SVT_LOG"] = "0"  # the AV1 encoder prints its settings otherwise

SIZE = (64, 48)
FRAMES = 3
RATE = 25
MUXERS: Mapping[str, str] = MappingProxyType(
    {"mp4": "mp4", "mov": "mov", "mkv": "matroska", "webm": "webm", "avi": "avi"}
    | {"ts": "mpegts", "mpg": "vob", "wmv": "asf", "flv": "flv", "ogv": "ogg"}
)
# Of the films whose other tracks are looked at: the quickest encoder that the container takes.
_CARRIERS = {"webm": ("libvpx", "yuv420p"), "avi": ("mjpeg", "yuvj420p")}
_QUIET = {
    "libx264": {"preset": "ultrafast"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none"},
    "libvpx-vp9": {"cpu-used": "8", "deadline": "realtime"},
    "libvpx": {"cpu-used": "8", "deadline": "realtime"},
    "libsvtav1": {"preset": "13"},
}
_SECONDS = Fraction(FRAMES, RATE)

AddTrack = Callable[[Any], Iterable[Any]]
"""Adds a track to an output container, and returns the packets to write once it is open."""


@dataclass(frozen=True)
class Film:
    """One input. ``of``: what the table calls it; ``container``: its own, a key of ``MUXERS``."""

    of: str
    container: str
    codec: str = ""
    pixels: str = ""
    size: tuple[int, int] = SIZE
    colour: tuple[int, int, int] = (1, 1, 1)
    """Matrix, primaries and curve by their H.273 numbers."""
    aspect: Fraction = Fraction(1)
    rotation: int = 0
    add: AddTrack | None = None
    tag: str = ""

    def make(self) -> bytes:
        """The bytes of the film."""
        sink = io.BytesIO()
        # The same bytes each time: MKV would get random identifiers.
        options = {"fflags": "+bitexact"}
        muxer = MUXERS[self.container]
        with av.open(sink, "w", format=muxer, container_options=options) as output:
            stream = self._picture(output)
            packets = list(self.add(output)) if self.add else []
            output.start_encoding()
            for frame in [*self._frames(), None]:
                packets += stream.encode(frame)
            for packet in packets:
                output.mux(packet)
        return sink.getvalue()

    def _picture(self, output: Any) -> Any:
        codec, pixels = _CARRIERS.get(self.container, ("libx264", "yuv420p"))
        codec, pixels = self.codec or codec, self.pixels or pixels
        stream = output.add_stream(codec, rate=RATE, options=_QUIET.get(codec, {}))
        stream.width, stream.height = self.size
        stream.pix_fmt = pixels
        context = stream.codec_context
        context.sample_aspect_ratio = self.aspect
        context.colorspace, context.color_primaries, context.color_trc = self.colour
        if self.tag:
            context.codec_tag = self.tag
        if self.rotation:
            stream.set_display_rotation(self.rotation)
        with usual_scheduling():
            context.open()
        return stream

    def _frames(self) -> Iterable[av.VideoFrame]:
        width, height = self.size
        ramp = np.linspace(0, 255, width, dtype=np.uint8)
        for number in range(FRAMES):
            rgb = np.dstack([np.tile(np.roll(ramp, number * k), (height, 1)) for k in (1, 3, 7)])
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
            if self.pixels or self.container in _CARRIERS:
                frame = frame.reformat(format=self.pixels or _CARRIERS[self.container][1])
            frame.colorspace, frame.color_primaries, frame.color_trc = self.colour
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            yield frame


def sound(codec: str, layout: str = "stereo", rate: int = 48_000, sample: str = "") -> AddTrack:
    """A track of a tone in ``codec``."""

    def add(output: Any) -> Iterable[Any]:
        track = output.add_stream(codec, rate=rate)
        context = track.codec_context
        context.layout = layout
        if sample:
            context.format = sample
        context.open()
        size = context.frame_size or 1024
        resampler = av.AudioResampler(format=context.format, layout=layout, rate=rate)
        packets = []
        channels = context.channels
        for start in range(0, max(size, int(_SECONDS * rate)), size):
            wave = np.sin(np.arange(start, start + size) * 0.05) * 0.2
            array = np.tile(wave.astype(np.float32), (channels, 1))
            frame = av.AudioFrame.from_ndarray(array, format="fltp", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            for piece in resampler.resample(frame):
                packets += track.encode(piece)
        return [*packets, *track.encode(None)]

    return add


def subtitles(codec: str, data: bytes) -> AddTrack:
    """A track of one packet: ``data``, shown as long as the film."""

    def add(output: Any) -> Iterable[Any]:
        base = Fraction(1, 1000)
        track = output.add_mux_stream(codec, time_base=base)
        packet = av.Packet(data)
        packet.stream, packet.time_base = track, base
        packet.pts = packet.dts = 0
        packet.duration = round(1000 * _SECONDS)
        return [packet]

    return add


def timecode(output: Any) -> Iterable[Any]:
    """The time of day at which a camera began, for which MOV has a track."""
    output.streams.video[0].metadata["timecode"] = "01:00:00:00"
    return ()


def attachment(output: Any) -> Iterable[Any]:
    """A font, as in subtitled films."""
    output.add_attachment("font.ttf", "font/ttf", b"\0\1\0\0" + bytes(60))
    return ()


def chapters(output: Any) -> Iterable[Any]:
    """One chapter with a title."""
    output.set_chapters(
        [
            {
                "id": 1,
                "start": 0,
                "end": 60,
                "time_base": Fraction(1, 1000),
                "metadata": {"title": "One"},
            }
        ]
    )
    return ()


def cover(output: Any) -> Iterable[Any]:
    """A cover picture, as shops and tagging programs add."""
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(buffer, "JPEG")
    track = output.add_mux_stream("mjpeg", time_base=Fraction(1, 1000), width=16, height=16)
    track.disposition = av.stream.Disposition.attached_pic
    packet = av.Packet(buffer.getvalue())
    packet.stream, packet.pts, packet.dts = track, 0, 0
    packet.time_base = Fraction(1, 1000)
    packet.is_keyframe = True
    return [packet]


def second_picture(output: Any) -> Iterable[Any]:
    """A second picture track."""
    track = output.add_stream("mpeg4", rate=RATE)
    track.width, track.height, track.pix_fmt = 32, 32, "yuv420p"
    packets = []
    for number in range(FRAMES):
        frame = av.VideoFrame(32, 32, "yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, RATE)
        packets += track.encode(frame)
    return [*packets, *track.encode(None)]


PICTURES = (
    Film("H.264, 8 bit", "mp4", "libx264", "yuv420p"),
    Film("H.264 of odd size", "mkv", "libx264", "yuv444p", size=(65, 49)),
    Film("H.264, 4:2:2", "mov", "libx264", "yuv422p"),
    Film("H.265, 8 bit", "mp4", "libx265", "yuv420p", tag="hvc1"),
    Film("H.265, 10 bit, HLG", "mov", "libx265", "yuv420p10le", colour=(9, 9, 18), tag="hvc1"),
    Film("H.265, 10 bit, PQ", "mkv", "libx265", "yuv420p10le", colour=(9, 9, 16)),
    Film("VP8", "webm", "libvpx", "yuv420p"),
    Film("VP9", "webm", "libvpx-vp9", "yuv420p"),
    Film("VP9 with transparency", "webm", "libvpx-vp9", "yuva420p"),
    Film("AV1", "mkv", "libsvtav1", "yuv420p"),
    Film("Motion JPEG", "avi", "mjpeg", "yuvj420p"),
    Film("MPEG-4 part 2", "avi", "mpeg4", "yuv420p"),
    Film("ProRes 422", "mov", "prores_ks", "yuv422p10le"),
    Film("ProRes 4444 with transparency", "mov", "prores_ks", "yuva444p10le"),
    Film("QuickTime Animation with transparency", "mov", "qtrle", "argb"),
    Film("FFV1, grey", "mkv", "ffv1", "gray"),
    Film("HuffYUV, RGB", "avi", "huffyuv", "rgb24"),
    Film("H.264, pixels of 64:45", "mp4", "libx264", "yuv420p", aspect=Fraction(64, 45)),
    Film("H.264, turned by 90°", "mp4", "libx264", "yuv420p", rotation=90),
)

SOUNDS = (
    Film("AAC stereo", "mp4", add=sound("aac")),
    Film("AAC 5.1", "mp4", add=sound("aac", "5.1")),
    Film("AAC 4.0", "mkv", add=sound("aac", "4.0")),
    Film("MP3 stereo", "mkv", add=sound("libmp3lame")),
    Film("MP2 stereo", "mkv", add=sound("mp2")),
    Film("AC-3 5.1(side)", "mkv", add=sound("ac3", "5.1(side)")),
    Film("E-AC-3 5.1(side)", "mp4", add=sound("eac3", "5.1(side)")),
    Film("Opus stereo", "webm", add=sound("libopus")),
    Film("FLAC stereo, 48 kHz", "mkv", add=sound("flac")),
    Film("FLAC stereo, 192 kHz", "mkv", add=sound("flac", rate=192_000)),
    Film("ALAC stereo", "mov", add=sound("alac")),
    Film("PCM 16 bit stereo", "mov", add=sound("pcm_s16le")),
    Film("PCM 16 bit stereo, 44.1 kHz", "avi", add=sound("pcm_s16le", rate=44_100)),
    Film("PCM 24 bit 2.1", "mkv", add=sound("pcm_s24le", "2.1")),
    Film("PCM 8 bit mono, 11 kHz", "avi", add=sound("pcm_u8", "mono", 11_025)),
    Film("ADPCM stereo", "avi", add=sound("adpcm_ms", rate=44_100)),
    Film("A-law mono, 8 kHz", "mov", add=sound("pcm_alaw", "mono", 8_000)),
)

_ASS = b"0,0,Default,,0,0,0,,Hello"
_TELEMETRY = b"GPS (11.5754, 48.1371, 19), D 12.3m, H 4.5m"
# A display set of one empty composition (Blu-ray's presentation graphics).
_PGS = bytes.fromhex("16000b00400030400000800000008000")
OTHERS = (
    Film("subtitles, SubRip", "mkv", add=subtitles("subrip", b"Hello")),
    Film("subtitles, WebVTT", "webm", add=subtitles("webvtt", b"Hello")),
    Film("subtitles, SubStation Alpha", "mkv", add=subtitles("ass", _ASS)),
    Film("subtitles, MP4's timed text", "mp4", add=subtitles("mov_text", b"\0\5Hello")),
    Film("subtitles as pictures (PGS)", "mkv", add=subtitles("hdmv_pgs_subtitle", _PGS)),
    Film("subtitles with a drone's places", "mkv", add=subtitles("subrip", _TELEMETRY)),
    Film("a timecode track", "mov", add=timecode),
    Film("an attached font", "mkv", add=attachment),
    Film("cover art", "mp4", add=cover),
    Film("a second picture track", "mp4", add=second_picture),
    Film("chapters with titles", "mkv", add=chapters),
)

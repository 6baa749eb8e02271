"""Small videos of known content, made with PyAV, for this and other tests."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.media.video.encoder import x264_instructions
from appliance.pipeline.media.video.scheduling import usual_scheduling

_WAVES: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "s16": lambda wave: (wave * 0x7FFF).astype(np.int16),
    "s32": lambda wave: (wave * 0x7FFFFFFF).astype(np.int32),
    "flt": lambda wave: wave.astype(np.float32),
}
MUXERS = {"mp4": "mp4", "mov": "mov", "mkv": "matroska", "webm": "webm", "avi": "avi"}


@dataclass(frozen=True)
class Sound:
    """One audio track of noise. ``start``: of its first sample, in samples."""

    codec: str = "aac"
    rate: int = 48_000
    language: str | None = None
    start: int = 0


@dataclass(frozen=True)
class Clip:
    """What to make. ``times``: of the frames, in ``time_base``; by default evenly at ``rate``."""

    container: str = "mp4"
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    size: tuple[int, int] = (96, 64)
    frames: int = 24
    rate: Fraction = Fraction(24)
    time_base: Fraction | None = None
    times: Sequence[int] | None = None
    sounds: Sequence[Sound] = ()
    last: int = 0
    """How long the last frame is shown, in ``time_base``; 0 leaves it open."""
    rotation: int = 0
    colour: tuple[int, int, int, int] = (1, 1, 1, 1)
    """Matrix, primaries, curve, range by their H.273 (FFmpeg's) numbers."""
    aspect: Fraction = Fraction(1)
    options: Mapping[str, str] = field(default_factory=dict)
    muxer_options: Mapping[str, str] = field(default_factory=dict)

    @property
    def base(self) -> Fraction:
        return self.time_base or 1 / self.rate

    @property
    def pts(self) -> list[int]:
        step = 1 / (self.rate * self.base)
        return list(self.times) if self.times else [int(i * step) for i in range(self.frames)]


def picture(index: int, width: int, height: int) -> NDArray[np.uint8]:
    """(height, width, 3) RGB: gradients that move, and a square of skin colour."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    red = 90 + 60 * np.sin((x + 3 * index) / 17)
    green = 110 + 50 * np.cos((y - 2 * index) / 13)
    blue = 120 + 60 * np.sin((x + y + index) / 23)
    rgb = np.stack([red, green, blue], axis=-1).astype(np.uint8)
    rgb[height // 4 : height // 2, width // 4 : width // 2] = (200, 150, 120)
    return rgb


def make(clip: Clip) -> bytes:
    """The bytes of ``clip``."""
    sink = io.BytesIO()
    muxer = MUXERS[clip.container]
    options = dict(clip.muxer_options)
    encoding = dict(clip.options)
    instructions = x264_instructions()
    if clip.codec == "libx264" and instructions:
        wished = encoding.get("x264-params")
        encoding["x264-params"] = ":".join(filter(None, (wished, f"asm={instructions}")))
    output: Any = av.open(sink, "w", format=muxer, container_options=options)
    stream = output.add_stream(clip.codec, rate=clip.rate, options=encoding)
    stream.width, stream.height = clip.size
    stream.pix_fmt = clip.pixel_format
    stream.time_base = stream.codec_context.time_base = clip.base
    context = stream.codec_context
    context.sample_aspect_ratio = clip.aspect
    context.flags |= 1 << 8  # AV_CODEC_FLAG_FRAME_DURATION
    context.colorspace, context.color_primaries, context.color_trc, context.color_range = (
        clip.colour
    )
    if clip.rotation:
        stream.set_display_rotation(clip.rotation)
    with usual_scheduling():
        context.open()
    tracks = [(sound, _add_sound(output, sound)) for sound in clip.sounds]
    seconds = float(max(clip.pts) * clip.base + 1 / clip.rate)
    packets = [packet for frame in [*_frames(clip), None] for packet in stream.encode(frame)]
    for sound, track in tracks:
        for frame in [*_noise(sound, track, seconds), None]:
            packets += track.encode(frame)
    for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
        output.mux(packet)
    output.close()
    return sink.getvalue()


def _add_sound(output: Any, sound: Sound) -> Any:
    track = output.add_stream(sound.codec, rate=sound.rate)
    track.codec_context.layout = "stereo"
    if sound.language:
        track.metadata["language"] = sound.language
    return track


def _frames(clip: Clip) -> Iterator[av.VideoFrame]:
    matrix, primaries, curve, span = clip.colour
    width, height = clip.size
    for index, pts in enumerate(clip.pts):
        rgb = av.VideoFrame.from_ndarray(picture(index, width, height), format="rgb24")
        frame = rgb.reformat(
            format=clip.pixel_format, dst_colorspace="ITU709", dst_color_range=span
        )
        frame.colorspace, frame.color_primaries = matrix, primaries
        frame.color_trc, frame.color_range = curve, span
        frame.pts, frame.time_base = pts, clip.base
        if clip.last and index == len(clip.pts) - 1:
            frame.duration = clip.last
        yield frame


def _noise(sound: Sound, track: Any, seconds: float) -> Iterator[av.AudioFrame]:
    random = np.random.default_rng(len(sound.codec) + sound.start)
    track.codec_context.open()
    layout, size = track.codec_context.format.name, track.codec_context.frame_size or 1024
    planar = layout.endswith("p")
    for start in range(0, int(seconds * sound.rate), size):
        wave = random.normal(0, 0.1, (2, size))
        wave = _WAVES[layout.rstrip("p")](wave)
        array = wave if planar else wave.T.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(array), format=layout, layout="stereo"
        )
        frame.sample_rate, frame.pts = sound.rate, sound.start + start
        frame.time_base = Fraction(1, sound.rate)
        yield frame


@dataclass(frozen=True)
class Packets:
    """One track as demuxed: times in seconds, in file order, and the bytes."""

    kind: str
    codec: str
    times: list[Fraction]
    data: list[bytes]
    language: str | None

    @property
    def shown(self) -> list[Fraction]:
        return sorted(self.times)


def packets(data: bytes) -> list[Packets]:
    """Every track of a file."""
    with av.open(io.BytesIO(data), "r") as container:
        tracks = [
            Packets(s.type, s.codec_context.codec.canonical_name, [], [], s.language)
            for s in container.streams
        ]
        for packet in container.demux():
            if packet.size:
                # AVI knows places only, and FFmpeg's guesses of times from them are off.
                stamp = packet.dts if container.format.name == "avi" else packet.pts
                assert stamp is not None
                tracks[packet.stream.index].times.append(stamp * packet.time_base)
                tracks[packet.stream.index].data.append(bytes(packet))
        return tracks


def decode(data: bytes) -> list[av.VideoFrame]:
    """Every frame of the first picture track."""
    with av.open(io.BytesIO(data), "r") as container:
        return list(container.decode(video=0))

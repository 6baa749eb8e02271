"""Properties of a video, without decoding more than one frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import av

from appliance.pipeline.media.kind import SourceKind, VideoKind
from appliance.pipeline.media.pixel_aspect import displayed_size
from appliance.pipeline.media.streams import ReadableFile
from appliance.pipeline.media.video.aspect import pixel_aspect
from appliance.pipeline.media.video.reader import VideoReader


@dataclass(frozen=True, slots=True)
class AudioTrackInfo:
    """One audio track. ``sample_rate``: Hz. ``language``: ISO 639-2 code as tagged, or ``None``."""

    codec: str
    channels: int
    sample_rate: int
    language: str | None


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """One video.

    ``width`` and ``height``: of the upright picture, in pixels. ``display_width`` and
    ``display_height``: as people see it, in square pixels; faces are measured in these.
    ``rotation``: degrees by which
    players turn the stored picture clockwise: 0, 90, 180 or 270. ``mirrored``: whether they mirror
    it too. ``pixel_format``: FFmpeg's name. ``is_hdr``: PQ or HLG. ``frame_rate``: average, in Hz.
    ``is_variable``: whether frames are unevenly spaced, as far as the container says. ``duration``:
    seconds, if known. ``frames``: if the container counts them. ``subtitles``: number of tracks.
    """

    container: SourceKind
    codec: str
    width: int
    height: int
    display_width: int
    display_height: int
    rotation: int
    mirrored: bool
    pixel_format: str
    bit_depth: int
    is_hdr: bool
    frame_rate: Fraction | None
    is_variable: bool
    duration: Fraction | None
    frames: int | None
    audio: tuple[AudioTrackInfo, ...]
    subtitles: int


# H.273 transfer characteristics: SMPTE ST 2084 (PQ) and ARIB STD-B67 (HLG).
_HDR_CURVES = (16, 18)


def probe(file: ReadableFile, *, only_codecs: Mapping[VideoKind, str] | None = None) -> VideoInfo:
    """Properties of the video in ``file``. ``only_codecs``: see :class:`VideoReader`.

    Raises ``InputError`` if it is not a complete video whose first frame can be decoded.
    """
    with VideoReader(file, only_codecs=only_codecs) as reader:
        frame = reader.first_frame()
        stream = reader.stream
        orientation = reader.orientation
        width, height = orientation.size(frame.width, frame.height)
        shown = displayed_size(width, height, orientation.aspect(pixel_aspect(reader)))
        container = reader.container
        return VideoInfo(
            container=reader.kind,
            codec=stream.codec_context.codec.canonical_name,
            width=width,
            height=height,
            display_width=shown[0],
            display_height=shown[1],
            rotation=orientation.clockwise,
            mirrored=orientation.is_mirrored,
            pixel_format=frame.format.name,
            bit_depth=frame.format.components[0].bits,
            is_hdr=frame.color_trc in _HDR_CURVES,
            frame_rate=stream.average_rate,
            is_variable=_is_variable(stream),
            duration=None
            if container.duration is None
            else Fraction(container.duration, av.time_base),
            frames=stream.frames or None,
            audio=tuple(_audio(track) for track in reader.audio_streams),
            subtitles=len(container.streams.subtitles),
        )


def _audio(track: av.AudioStream) -> AudioTrackInfo:
    context = track.codec_context
    return AudioTrackInfo(
        context.codec.canonical_name, context.channels, context.sample_rate, track.language
    )


def _is_variable(stream: av.VideoStream) -> bool:
    """By the index if it lists every frame, else by FFmpeg's two estimates of the rate."""
    times = sorted(entry.timestamp for entry in stream.index_entries)
    if stream.frames and len(times) == stream.frames:
        steps = [after - before for before, after in pairwise(times)]
        # A constant frame time that the time base cannot express alternates between two steps.
        return bool(steps) and max(steps) - min(steps) > 1
    return stream.average_rate != stream.base_rate

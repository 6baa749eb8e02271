"""A video is written: encoded frames, and the packets of all other tracks as they were."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import av

from appliance.errors import OutputError
from appliance.files.output import as_output_error
from appliance.pipeline.media.orientation import IDENTITY, scale_display_matrix
from appliance.pipeline.media.pixel_aspect import SQUARE
from appliance.pipeline.media.streams import WritableFile
from appliance.pipeline.media.video.aspect import (
    pixel_aspect,
    sample_aspect,
    with_one_scale,
)
from appliance.pipeline.media.video.chapters import copy_chapters
from appliance.pipeline.media.video.display_size import RESERVING_TITLE, HeadRecorder
from appliance.pipeline.media.video.durations import (
    FrameDurations,
    PacketDurations,
    picture_end,
)
from appliance.pipeline.media.video.encoder import ContainerKind
from appliance.pipeline.media.video.even_size import padded
from appliance.pipeline.media.video.field_order import BOTTOM_FIRST, field_order
from appliance.pipeline.media.video.guarded_file import GuardedFile
from appliance.pipeline.media.video.picture_plan import PicturePlan
from appliance.pipeline.media.video.reader import VideoReader
from appliance.pipeline.media.video.scheduling import usual_scheduling
from appliance.pipeline.media.video.tracks import OutputTrack, ReencodedTrack, add_track

# Bytes a write; each crosses from C to Python once.
_BUFFER = 1 << 18
# AVFMT_FLAG_BITEXACT: no library version and no random identifiers in the file.
_BITEXACT = 0x400
# AV_CODEC_FLAG_FRAME_DURATION: packets last as long as their frames.
_FRAME_DURATION = 1 << 8
# AV_CODEC_FLAG_INTERLACED_DCT and AV_CODEC_FLAG_INTERLACED_ME.
_INTERLACED = (1 << 18) | (1 << 29)
# x265 knows its delay from this frame on; the decoding times of fewer are uninitialised memory. So
# few are never reordered, and each is decoded when it is shown.
_X265_DELAY = 3
# With this flag FFmpeg writes metadata under any key; without it, only under those it knows.
_OWN_KEYS = "use_metadata_tags"
# Ticks a second of an MP4's movie header at most.
_MAX_MOVIE_SCALE = 90_000_000
_DEFAULT_TIME_BASE = Fraction(1, 90_000)
# The encoder that writes the captions of frames (ATSC A/53) unless it is asked not to.
_CAPTIONING = "libx264"
_DEFAULT_RATE = Fraction(25)
# A sample entry's type that can be printed.
_ENTRY = re.compile(r"[A-Za-z0-9_ .-]{1,4}")


@dataclass(frozen=True, slots=True)
class FileContents:
    """What a file holds next to its picture.

    ``tags``: metadata that an MP4 or MOV gets, each under its own key in ``moov.udta.meta``.
    ``only_sound``: neither subtitles, captions and chapters nor what tracks are called and in which
    language.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    only_sound: bool = False


ALL_TRACKS = FileContents()


@dataclass(frozen=True, slots=True)
class TrackReport:
    """What became of the tracks other than the picture.

    ``copied``: how many, bit by bit. ``reencoded``: codecs of those that were decoded and encoded
    again. ``dropped``: what was left out, as ``"kind/codec"``, ``"subtitle/telemetry"``,
    ``"chapters"``, ``"chapter titles"``, ``"picture/alpha"``, ``"picture/captions"``, or a number
    of frames.
    """

    copied: int
    reencoded: tuple[str, ...]
    dropped: tuple[str, ...]


class VideoWriter:
    """One output being muxed. Use it from one thread; end with ``finish`` or ``abort``."""

    def __init__(
        self,
        file: WritableFile,
        kind: ContainerKind,
        reader: VideoReader,
        plan: PicturePlan,
        first: av.VideoFrame,
        *,
        scale: int = 1,
        contents: FileContents = ALL_TRACKS,
    ) -> None:
        """Open an output for frames like ``first`` and the other tracks of ``reader``.

        ``plan``: how the picture is encoded. ``contents``: what else is written. ``scale``: how
        many times as wide and high ``first`` is as the reader's frames. Raises ``OutputError`` if
        the container cannot hold the video or the file cannot be written.
        """
        self._head: HeadRecorder | None = None
        if _needs_display_size(plan.codec, kind, reader):
            file = self._head = HeadRecorder(file)
        self._file = GuardedFile(file)
        self._kind = kind
        self._plan = plan
        self._reader = reader
        self._contents = contents
        self._written = 0
        self._tracks: dict[int, OutputTrack] = {}
        with self._output_errors():
            self._output = av.open(
                self._file,
                "w",
                format=kind.muxer,
                container_options=_muxer_options(kind, reader, contents),
                buffer_size=_BUFFER,
            )
            self._output.flags |= _BITEXACT
            self._output.metadata.update(contents.tags)
            self._picture = self._add_picture(reader, first, scale)
        self._counter = _FrameCounter(self._picture) if kind.counts_frames else None
        self._frames = FrameDurations(picture_end(reader))
        self._packets = PacketDurations(ends_with_decoding=kind.muxer in ("mp4", "mov"))
        self.report = self._add_tracks(reader)

    def write_frame(self, frame: av.VideoFrame) -> None:
        """Encode ``frame``, at its own timestamp, when the next one comes.

        Raises ``OutputError``.
        """
        with self._output_errors():
            self._encode(self._frames.add(frame))

    def write_packet(self, packet: av.Packet[Any]) -> None:
        """Pass on a packet of another track. Raises ``OutputError`` or ``InputError``."""
        track = self._tracks.get(packet.stream.index)
        if track is None:
            return
        if self._counter is not None and packet.is_discard:
            return  # an encoder's priming samples, which only a timestamp could mark as such
        what = "sound" if packet.stream.type == "audio" else "subtitles"
        with self._output_errors(what):
            if self._counter is not None:
                self._counter.check_start(packet)
            self._mux(track.feed(packet))

    def finish(self) -> None:
        """Write what encoders and tracks hold back, and the index. Raises ``OutputError``."""
        with self._output_errors():
            self._encode(self._frames.finish())
            delayed = self._picture.encode(None)
            if self._written < _X265_DELAY:
                for packet in delayed:
                    packet.dts = packet.pts
            self._mux(self._packets.apply(delayed))
            self._mux(self._packets.finish())
            for track in self._tracks.values():
                self._mux(track.finish())
            self._output.close()
            self._file.check()
            if self._head is not None:
                context = self._picture.codec_context
                aspect = context.sample_aspect_ratio or SQUARE
                self._head.set_display_size(round(context.width * aspect), context.height)
        dropped = (*self.report.dropped, *self._reader.left_out)
        self.report = replace(self.report, dropped=dropped)

    def abort(self) -> None:
        """Write nothing more; harmless after ``finish``."""
        self._file.close()

    def _encode(self, frame: av.VideoFrame | None) -> None:
        if frame is None:
            return
        # The decoder's frame type would otherwise force the encoder's.
        frame.pict_type = 0
        self._written += 1
        if self._counter is not None:
            self._counter.number(frame)
        ticks = (frame.time_base or Fraction(0)) / self._picture.codec_context.time_base
        self._packets.note_frame(round((frame.pts or 0) * ticks), round(frame.duration * ticks))
        picture = padded(frame, self._plan.width, self._plan.height)
        self._mux(self._packets.apply(self._picture.encode(picture)))

    def _add_picture(self, reader: VideoReader, first: av.VideoFrame, scale: int) -> av.VideoStream:
        source = reader.stream
        settings, codec = self._plan.settings, self._plan.codec
        rate = source.average_rate or source.base_rate or _DEFAULT_RATE
        time_base = 1 / rate if self._kind.counts_frames else source.time_base
        options = settings.options_for(codec, self._kind, reader.hdr)
        if self._contents.only_sound and codec == _CAPTIONING:
            options["a53cc"] = "0"
        fields = field_order(first)
        if codec == "libx264" and fields == BOTTOM_FIRST:
            options["x264-params"] = ":".join([options["x264-params"], "bff=1"])
        stream: Any = self._output.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height = self._plan.width, self._plan.height
        stream.pix_fmt = first.format.name
        stream.time_base = stream.codec_context.time_base = time_base or _DEFAULT_TIME_BASE
        if codec == "libx265" and self._kind.muxer in ("mp4", "mov"):
            # Apple's players know HEVC by this tag only: its parameters are in the header.
            stream.codec_context.codec_tag = "hvc1"
        stream.codec_context.thread_count = settings.thread_count
        # Frame threads: PyAV's default, slices, costs x264 quality and speed.
        stream.codec_context.thread_type = "AUTO"
        stream.codec_context.sample_aspect_ratio = sample_aspect(reader)
        if self._head is not None:
            stream.metadata["title"] = RESERVING_TITLE
        _copy_tags(first, stream.codec_context)
        # Frames say it too, but a header is written before the first of them.
        stream.codec_context.field_order = fields
        matrix = reader.display_matrix and with_one_scale(reader.display_matrix)
        if matrix is not None and (matrix != IDENTITY or matrix == reader.display_matrix):
            if not self._kind.keeps_matrix:
                hint = "Write an MP4, MOV or MKV, or turn the source first."
                raise OutputError("This container cannot say how the camera was held.", hint)
            stream.set_display_matrix(scale_display_matrix(matrix, scale))
        with usual_scheduling():
            stream.codec_context.open()
        return stream  # type: ignore[no-any-return]

    def _add_tracks(self, reader: VideoReader) -> TrackReport:
        copied, reencoded = 0, []
        dropped = [] if self._contents.only_sound else [*self._copy_chapters(reader)]
        entries = reader.sample_entries()
        for source in reader.container.streams:
            if source.index == reader.stream.index:
                continue
            codec = _codec_name(source)
            track = self._add_track(reader, source, codec)
            if track is None:
                dropped.append(_dropped_name(reader, source, entries))
            elif isinstance(track, ReencodedTrack):
                reencoded.append(str(codec))
            else:
                copied += 1
        return TrackReport(copied, tuple(reencoded), tuple(dropped))

    def _copy_chapters(self, reader: VideoReader) -> tuple[str, ...]:
        return copy_chapters(reader.container, self._output, self._kind)

    def _add_track(
        self, reader: VideoReader, source: av.stream.Stream, codec: str | None
    ) -> OutputTrack | None:
        """A track for ``source``, if it is sound or subtitles of a known codec that fits."""
        wanted = ("audio",) if self._contents.only_sound else ("audio", "subtitle")
        if source.type not in wanted or not codec:
            return None
        if source.index in reader.telemetry:
            return None
        with self._output_errors("sound" if source.type == "audio" else "subtitles"):
            named = not self._contents.only_sound
            track = add_track(self._output, source, self._kind, reader.kind, is_named=named)
        if reader.only_pictures and isinstance(track, ReencodedTrack):
            return None  # it would have to be decoded
        if track is not None:
            self._tracks[source.index] = track
        return track

    def _mux(self, packets: Iterable[av.Packet[Any]]) -> None:
        for packet in packets:
            self._output.mux(packet)
            self._file.check()

    @contextmanager
    def _output_errors(self, what: str = "video") -> Iterator[None]:
        """Abort on any exception, and raise FFmpeg's as the ``OutputError`` that it means.

        ``what`` is being written: how a message calls it.
        """
        try:
            yield
            self._file.check()
        except OSError as error:
            self.abort()
            raise (self._file.error or as_output_error(error)) from error
        except (av.FFmpegError, ValueError) as error:
            self.abort()
            hint = "Write an MKV, which holds nearly everything."
            raise (
                self._file.error or OutputError(f"The container refuses the {what}.", hint)
            ) from error
        except BaseException:
            self.abort()
            raise


class _FrameCounter:
    """Frame numbers in the place of timestamps, for a container that has only a constant rate."""

    def __init__(self, picture: av.VideoStream) -> None:
        self._picture = picture
        self._last = -1
        self._offset: Fraction | None = None
        self._started: set[int] = set()

    def number(self, frame: av.VideoFrame) -> None:
        """Turn the timestamp of ``frame`` into its number.

        Raises ``OutputError`` if it is more than a tick of the source off from every number.
        """
        base = self._picture.codec_context.time_base or Fraction(0)
        tick = frame.time_base or base
        exact = (frame.pts or 0) * tick / base
        if self._offset is None:
            self._offset = exact - round(exact)  # less than a frame, as sound may be off, too
        exact -= self._offset
        number = round(exact)
        if abs(exact - number) * base > tick or number <= self._last:
            hint = "Write an MP4, MOV or MKV instead."
            raise OutputError("This container holds no variable frame rate.", hint)
        self._last = number
        frame.time_base, frame.pts, frame.duration = base, number, 1

    def check_start(self, packet: av.Packet[Any]) -> None:
        """Raises ``OutputError`` if a track does not start with the picture.

        Without timestamps it would be moved there.
        """
        index = packet.stream.index
        if index in self._started:
            return
        self._started.add(index)
        rate = self._picture.average_rate or _DEFAULT_RATE
        if abs((packet.pts or 0) * packet.time_base) > 1 / rate:
            hint = "Write an MP4, MOV or MKV instead."
            raise OutputError("This container holds no sound that starts later.", hint)


def _needs_display_size(codec: str, kind: ContainerKind, reader: VideoReader) -> bool:
    """Whether the container must say at what size the picture is shown, as the codec cannot."""
    is_matroska = kind.muxer in ("matroska", "webm")
    return is_matroska and codec in ("libvpx-vp9", "libsvtav1") and pixel_aspect(reader) != SQUARE


def _copy_tags(first: av.VideoFrame, context: Any) -> None:
    """Give the encoder the colour tags and the kind of scan of ``first``."""
    context.color_range, context.colorspace = first.color_range, first.colorspace
    context.color_primaries, context.color_trc = first.color_primaries, first.color_trc
    context.flags |= _FRAME_DURATION | (_INTERLACED if first.interlaced_frame else 0)


def _codec_name(source: av.stream.Stream) -> str | None:
    context: Any = source.codec_context  # None where FFmpeg has no decoder
    return None if context is None else context.codec.canonical_name


def _dropped_name(reader: VideoReader, source: av.stream.Stream, entries: Mapping[int, str]) -> str:
    """What the report calls a track that was left out: its type, and what is known of its codec.

    ``entries``: see ``VideoReader.sample_entries``; for tracks that FFmpeg has no codec for.
    """
    if source.index in reader.telemetry:
        return f"{source.type}/telemetry"
    codec = _codec_name(source)
    if codec is None and source.type == "data":
        codec = source.name
    entry = entries.get(source.id, "").strip()
    if codec in (None, "bin_data") and _ENTRY.fullmatch(entry):
        codec = entry
    return f"{source.type}/{codec or 'unknown'}"


def _muxer_options(
    kind: ContainerKind, reader: VideoReader, contents: FileContents
) -> dict[str, str]:
    if kind.muxer not in ("mp4", "mov"):
        return {}
    base = reader.stream.time_base or _DEFAULT_TIME_BASE
    # Edit lists count in the movie's scale. A common multiple expresses each track's start exactly.
    scale = base.denominator
    for track in reader.audio_streams:
        merged = math.lcm(scale, track.codec_context.sample_rate or 1)
        scale = merged if merged <= _MAX_MOVIE_SCALE else scale
    options = {"video_track_timescale": str(base.denominator), "movie_timescale": str(scale)}
    return options | ({"movflags": _OWN_KEYS} if contents.tags else {})

"""A video put together: encoded frames, and the packets of all other tracks as they were."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av

from appliance.errors import OutputError
from appliance.pipeline.media.orientation import scale_display_matrix
from appliance.pipeline.media.output import as_output_error
from appliance.pipeline.media.streams import WritableFile
from appliance.pipeline.media.video.chapters import copy_chapters
from appliance.pipeline.media.video.encoder import ContainerKind, EncoderSettings
from appliance.pipeline.media.video.reader import VideoReader
from appliance.pipeline.media.video.tracks import OutputTrack, ReencodedTrack, add_track

_BUFFER = 1 << 18
_BITEXACT = 0x400  # AVFMT_FLAG_BITEXACT: no library version and no random ids in the file
_FRAME_DURATION = 1 << 8  # AV_CODEC_FLAG_FRAME_DURATION: packets last as long as their frames
_INTERLACED = (1 << 18) | (1 << 29)  # AV_CODEC_FLAG_INTERLACED_DCT and _ME
_X265_DELAY = 3
"""x265 learns its delay from this frame on; of fewer, its decoding times are whatever the memory
held. So few are never reordered, and each is decoded when it is shown."""

_MAX_MOVIE_SCALE = 90_000_000


@dataclass(frozen=True, slots=True)
class TrackReport:
    """What became of the tracks beside the picture.

    ``copied``: how many, bit by bit. ``reencoded``: the codecs that were decoded and encoded anew.
    ``dropped``: what was left out, as ``"kind/codec"``, ``"chapters"`` or ``"chapter titles"``.
    """

    copied: int
    reencoded: tuple[str, ...]
    dropped: tuple[str, ...]


class VideoWriter:
    """One output being muxed. Use it from one thread; end with ``finish`` or ``abort``."""

    def __init__(
        self,
        sink: WritableFile,
        kind: ContainerKind,
        settings: EncoderSettings,
        reader: VideoReader,
        first: av.VideoFrame,
        *,
        scale: int = 1,
    ) -> None:
        """Open an output for frames like ``first`` and the other tracks of ``reader``.

        ``sink``: writable and seekable. ``scale``: of ``first`` to the reader's frames. Raises
        ``OutputError``.
        """
        self._sink = _Sink(sink)
        self._kind = kind
        self._written = 0
        self._last = -1
        self._started: set[int] = set()
        self._tracks: dict[int, OutputTrack] = {}
        with self._failing():
            self._output = av.open(
                self._sink,
                "w",
                format=kind.muxer,
                container_options=_muxer_options(kind, reader),
                buffer_size=_BUFFER,
            )
            self._output.flags |= _BITEXACT
            self._picture = self._add_picture(settings, reader, first, scale)
        self.report = self._add_tracks(reader)

    def write_frame(self, frame: av.VideoFrame) -> None:
        """Encode ``frame`` at its own timestamp. Raises ``OutputError``."""
        # The decoder's frame type would otherwise force the encoder's.
        frame.pict_type = 0
        self._written += 1
        with self._failing():
            if self._kind.counts_frames:
                self._count(frame)
            self._mux(self._picture.encode(frame))

    def write_packet(self, packet: av.Packet[Any]) -> None:
        """Pass on a packet of another track. Raises ``OutputError`` or ``InputError``."""
        track = self._tracks.get(packet.stream.index)
        if track is None:
            return
        if self._kind.counts_frames and packet.is_discard:
            return  # an encoder's lead-in, which only timestamps could tell from the sound
        with self._failing():
            if self._kind.counts_frames:
                self._check_start(packet)
            self._mux(track.feed(packet))

    def finish(self) -> None:
        """Write what is held back and the index. Raises ``OutputError``."""
        with self._failing():
            rest = self._picture.encode(None)
            if self._written < _X265_DELAY:
                for packet in rest:
                    packet.dts = packet.pts
            self._mux(rest)
            for track in self._tracks.values():
                self._mux(track.finish())
            self._output.close()

    def abort(self) -> None:
        """Let go of everything without another byte; harmless after ``finish``."""
        self._sink.closed = True

    def _add_picture(
        self, settings: EncoderSettings, reader: VideoReader, first: av.VideoFrame, scale: int
    ) -> av.VideoStream:
        source = reader.stream
        codec = settings.codec_for(self._kind)
        time_base = source.time_base or Fraction(1, 90_000)
        rate = source.average_rate or source.base_rate or Fraction(25)
        if self._kind.counts_frames:
            time_base = 1 / rate
        stream: Any = self._output.add_stream(
            codec,
            rate=rate,
            options=settings.options_for(codec, self._kind, reader.hdr),
        )
        stream.width, stream.height = first.width, first.height
        stream.pix_fmt = first.format.name
        stream.time_base = time_base
        context = stream.codec_context
        context.time_base = time_base
        context.thread_count = settings.thread_count
        # Frame threads: PyAV's default, slices, costs x264 quality and speed.
        context.thread_type = "AUTO"
        context.sample_aspect_ratio = source.sample_aspect_ratio or Fraction(0, 1)
        context.color_range, context.colorspace = first.color_range, first.colorspace
        context.color_primaries, context.color_trc = first.color_primaries, first.color_trc
        context.flags |= _FRAME_DURATION | (_INTERLACED if first.interlaced_frame else 0)
        if reader.display_matrix is not None:
            if not self._kind.keeps_matrix:
                hint = "Write an MP4, MOV or MKV, or turn the source first."
                raise OutputError("This container cannot say how the camera was held.", hint)
            stream.set_display_matrix(scale_display_matrix(reader.display_matrix, scale))
        return stream  # type: ignore[no-any-return]

    def _add_tracks(self, reader: VideoReader) -> TrackReport:
        copied, reencoded = 0, []
        dropped = [*copy_chapters(reader.container, self._output, self._kind)]
        for source in reader.container.streams:
            if source.index == reader.stream.index:
                continue
            context: Any = source.codec_context  # None where FFmpeg has no decoder
            name = None if context is None else context.codec.canonical_name
            track = None
            if source.type in ("audio", "subtitle") and name:
                with self._failing():
                    track = add_track(self._output, source, self._kind)
            if track is None:
                dropped.append(f"{source.type}/{name or 'unknown'}")
                continue
            self._tracks[source.index] = track
            if isinstance(track, ReencodedTrack):
                reencoded.append(str(name))
            else:
                copied += 1
        return TrackReport(copied, tuple(reencoded), tuple(dropped))

    def _count(self, frame: av.VideoFrame) -> None:
        """Turn a timestamp into a frame number, if it is one within a tick of the source."""
        base = self._picture.codec_context.time_base or Fraction(0)
        tick = frame.time_base or base
        exact = (frame.pts or 0) * tick / base
        number = round(exact)
        if abs(exact - number) * base > tick or number <= self._last:
            hint = "Write an MP4, MOV or MKV instead."
            raise OutputError("This container holds no variable frame rate.", hint)
        self._last = number
        frame.time_base, frame.pts, frame.duration = base, number, 1

    def _check_start(self, packet: av.Packet[Any]) -> None:
        """Refuse sound that starts apart from the picture: without times it would move there."""
        index = packet.stream.index
        if index in self._started:
            return
        self._started.add(index)
        rate = self._picture.average_rate or Fraction(25)
        if abs((packet.pts or 0) * packet.time_base) > 1 / rate:
            hint = "Write an MP4, MOV or MKV instead."
            raise OutputError("This container holds no sound that starts later.", hint)

    def _mux(self, packets: Iterable[av.Packet[Any]]) -> None:
        for packet in packets:
            self._output.mux(packet)
            self._sink.check()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Tell what went wrong by what a person can do about it."""
        try:
            yield
            self._sink.check()
        except OSError as error:
            self.abort()
            raise (self._sink.error or as_output_error(error)) from error
        except (av.FFmpegError, ValueError) as error:
            self.abort()
            hint = "Write an MKV, which holds nearly everything."
            raise (
                self._sink.error or OutputError("The container refuses the video.", hint)
            ) from error
        except BaseException:
            self.abort()
            raise


class _Sink:
    """What FFmpeg writes into: keeps the first failure and then swallows all the rest.

    An exception inside FFmpeg's callback is only safe once: a second one is printed to stderr,
    and with it the path. ``closed`` keeps PyAV from writing an index on its way out.
    """

    def __init__(self, file: WritableFile) -> None:
        self._file = file
        self.closed = False
        self.error: Exception | None = None

    def write(self, data: bytes) -> int:
        if self.error is None and not self.closed:
            try:
                self._file.write(data)
            except OSError as error:
                self.error = as_output_error(error)
            except Exception as error:  # noqa: BLE001 - raised by check, in Python's own time
                self.error = error
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        if self.error is not None or self.closed:
            return offset
        try:
            return self._file.seek(offset, whence)
        except OSError as error:
            self.error = as_output_error(error)
            return offset

    def tell(self) -> int:
        return 0 if self.error is not None or self.closed else self._file.tell()

    def check(self) -> None:
        if self.error is not None:
            raise self.error


def _muxer_options(kind: ContainerKind, reader: VideoReader) -> dict[str, str]:
    if kind.muxer not in ("mp4", "mov"):
        return {}
    base = reader.stream.time_base or Fraction(1, 90_000)
    # Edit lists count in the movie's scale; a common multiple holds every track's start exactly.
    scale = base.denominator
    for track in reader.sounds:
        merged = math.lcm(scale, track.codec_context.sample_rate or 1)
        scale = merged if merged <= _MAX_MOVIE_SCALE else scale
    return {"video_track_timescale": str(base.denominator), "movie_timescale": str(scale)}

"""A video is read: decoded frames, and the packets of all other tracks as they are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import Any, Self

import av
from av.stream import Disposition

from appliance.errors import InputError
from appliance.pipeline.media.kind import SourceKind, VideoKind
from appliance.pipeline.media.orientation import UPRIGHT, Orientation, from_display_matrix
from appliance.pipeline.media.preload import load_media_libraries
from appliance.pipeline.media.streams import ReadableFile
from appliance.pipeline.media.video.boxes import sample_entries
from appliance.pipeline.media.video.completeness import CompletenessCheck
from appliance.pipeline.media.video.container_check import identify_container
from appliance.pipeline.media.video.frame_timing import FrameTiming
from appliance.pipeline.media.video.hdr import StaticHdr, static_hdr
from appliance.pipeline.media.video.telemetry import telemetry_tracks

# Pixels of a frame: no camera makes larger ones, and a crafted header can claim any size.
MAX_PIXELS = 8192 * 8192

# Bytes a read; each crosses from C to Python once.
_BUFFER = 1 << 18
_DAMAGED = "It is damaged; copy it again from the camera."

load_media_libraries()


@dataclass(frozen=True, slots=True)
class FrameInfo:
    """Which frame of a video: its number, from 0, and its timestamp in units of ``time_base``."""

    index: int
    pts: int
    time_base: Fraction

    @property
    def seconds(self) -> Fraction:
        """When the frame is shown, by the clock of the video."""
        return self.pts * self.time_base


class VideoReader:
    """One open video. Not thread-safe: use it from one thread at a time."""

    def __init__(
        self,
        file: ReadableFile,
        threads: int = 0,
        *,
        only_codecs: Mapping[VideoKind, str] | None = None,
    ) -> None:
        """Open ``file``, which must outlive the reader; ``threads``: of the decoder, 0: one a core.

        ``only_codecs``: by container the one codec, by FFmpeg's name, in which its picture may be;
        no other decoder meets the file then, not even one of sound. Raises ``InputError`` if it is
        not a whole video that can be decoded.
        """
        self.only_pictures = only_codecs is not None
        self.telemetry: frozenset[int] = frozenset()
        self._file = file
        try:
            self._family, self.kind = identify_container(file)
            only = None if only_codecs is None else _only_codec(only_codecs, self.kind)
            self.container = self._open({} if only is None else {"codec_whitelist": only})
        except (av.FFmpegError, OSError, ValueError) as error:
            raise InputError("The video cannot be opened.", _DAMAGED) from error
        try:
            self.stream = _main_picture(self.container)
            _check_codec(self.stream, only)
            _check_size(self.stream)
        except BaseException:
            self.container.close()
            raise
        self.stream.codec_context.thread_type = "AUTO"
        self.stream.codec_context.thread_count = threads or os.cpu_count() or 1
        self._matrix: tuple[int, ...] | None = None
        self._hdr = StaticHdr()
        self._timing = FrameTiming(self.stream, self.kind)
        self._is_stream = self.kind in ("ts", "mpg")
        self._start = _start(self.container) if self._is_stream else Fraction(0)

    def __enter__(self) -> Self:
        """The reader itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the container; the file stays open."""
        self.container.close()

    @property
    def display_matrix(self) -> tuple[int, ...] | None:
        """The nine numbers of the container's display matrix; known after the first frame."""
        return self._matrix

    @property
    def orientation(self) -> Orientation:
        """How a stored frame becomes upright; known after the first frame."""
        return UPRIGHT if self._matrix is None else from_display_matrix(self._matrix)

    @property
    def hdr(self) -> StaticHdr:
        """Static HDR metadata; known after the first frame."""
        return self._hdr

    @property
    def audio_streams(self) -> list[av.AudioStream]:
        """The audio tracks that FFmpeg can decode."""
        tracks: list[Any] = list(self.container.streams.audio)
        # The types deny it, but a track without a decoder has no codec context.
        return [track for track in tracks if track.codec_context is not None]

    @property
    def left_out(self) -> tuple[str, ...]:
        """What of the picture was left out, in words; known after the last frame."""
        count = self._timing.repeated
        return (f"{count} frames at the time of another",) if count else ()

    def sample_entries(self) -> Mapping[int, str]:
        """By number of a track of an MP4 or MOV the type of its samples, as the file has it."""
        return sample_entries(self._file) if self._family == "mov" else {}

    def seek(self, seconds: float) -> None:
        """Go to the last key frame at or before ``seconds``.

        A transport or program stream does not say where its key frames are: there, stay at the
        first. Raises ``InputError`` if there is none.
        """
        if self._is_stream:
            return
        try:
            self.container.seek(round(seconds * av.time_base))
        except (av.FFmpegError, OSError, OverflowError) as error:
            raise InputError(
                "There is nothing at this time of the video.", "Ask for less."
            ) from error

    def first_frame(self) -> av.VideoFrame:
        """Decode the first frame, which ``items`` will not give again. Raises ``InputError``."""
        for item in self.items(()):
            if isinstance(item, av.VideoFrame):
                return item
        raise AssertionError("items yields a frame or raises")

    def items(self, others: Sequence[av.stream.Stream]) -> Iterator[av.VideoFrame | av.Packet[Any]]:
        """Frames in the order shown, interleaved with the packets of the tracks ``others``.

        The ``pts`` of frames rise strictly. Raises ``InputError`` if anything is damaged or
        missing: nothing is concealed, skipped or invented. A frame with the time of the one before
        is moved behind it; where there is no room it is left out, and counted.
        """
        check = CompletenessCheck(self.stream)
        timing = self._timing = FrameTiming(self.stream, self.kind)
        if others and not self.only_pictures:
            self.telemetry = self._find_telemetry(others)
        # A transport or program stream may be a piece of a broadcast; no player shows what comes
        # before the first picture that needs no other.
        waits = self._is_stream
        for packet in self._packets((self.stream, *others)):
            if packet.stream is self.stream:
                waits = waits and not packet.is_keyframe
                if waits and packet.size:
                    continue
            check.note_packet(packet)
            # By object: PyAV's end-of-stream packets all carry the stream index 0.
            if packet.stream is not self.stream:
                if packet.size:
                    yield packet
                continue
            timing.note_packet(packet)
            for frame in self._decode(packet):
                if timing.is_first:
                    self._note_first(frame)
                pts = timing.read(frame)
                check.note_frame(pts, is_interlaced=frame.interlaced_frame)
                if timing.set(frame, pts):
                    yield frame
        if not timing.has_shown:
            raise InputError("The video holds no picture.", "Choose another video.")
        check.check(self.kind)

    def _packets(self, streams: Sequence[av.stream.Stream]) -> Iterator[av.Packet[Any]]:
        try:
            for packet in self.container.demux(*streams):
                if packet.is_corrupt:
                    raise InputError("The video is damaged or cut short.", _DAMAGED)
                if self._start:
                    self._move_to_start(packet)
                yield packet
        except (av.FFmpegError, OSError) as error:
            raise InputError("The video cannot be read to its end.", _DAMAGED) from error

    def _move_to_start(self, packet: av.Packet[Any]) -> None:
        """Count the time of ``packet`` from the first, not from when a broadcast began."""
        ticks = round(self._start / packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts - ticks
        packet.dts = None if packet.dts is None else packet.dts - ticks

    def _open(self, options: dict[str, str]) -> av.container.InputContainer:
        return av.open(
            self._file,
            "r",
            format=self._family,
            metadata_errors="replace",
            buffer_size=_BUFFER,
            options=options,
        )

    def _find_telemetry(self, others: Sequence[av.stream.Stream]) -> frozenset[int]:
        """The subtitle tracks of ``others`` that hold telemetry.

        The file is read a second time for it, up to the first line that does.
        """
        if not any(stream.type == "subtitle" for stream in others):
            return frozenset()
        before = self._file.tell()
        self._file.seek(0, os.SEEK_SET)
        try:
            with self._open({}) as container:
                return telemetry_tracks(container)
        except (av.FFmpegError, OSError) as error:
            raise InputError("The video cannot be read to its end.", _DAMAGED) from error
        finally:
            self._file.seek(before, os.SEEK_SET)

    def _decode(self, packet: av.Packet[Any]) -> Iterator[av.VideoFrame]:
        try:
            frames: list[av.VideoFrame] = packet.decode()
        except (av.FFmpegError, ValueError) as error:
            raise InputError("The video cannot be decoded.", _DAMAGED) from error
        for frame in frames:
            if frame.is_corrupt:
                raise InputError("A part of the video is damaged.", _DAMAGED)
            yield frame

    def _note_first(self, frame: av.VideoFrame) -> None:
        """Keep the side data of the first frame, which is lost when that is made writable."""
        try:
            entries: list[Any] = list(frame.side_data)
        except ValueError:  # one entry of a kind that PyAV does not know hides all of them
            entries = []
            self._matrix = _matrix_of(frame.rotation)
        for entry in entries:
            if entry.type.name == "DISPLAYMATRIX":
                self._matrix = tuple(memoryview(entry).cast("i"))
        self._hdr = static_hdr(entries)


def _matrix_of(rotation: int) -> tuple[int, ...] | None:
    """The display matrix of a quarter turn by ``rotation`` degrees counter-clockwise."""
    one = 1 << 16
    turns = {90: (0, -one, one, 0), 180: (-one, 0, 0, -one), 270: (0, one, -one, 0)}
    if rotation % 360 not in turns:
        return None
    a, b, c, d = turns[rotation % 360]
    return (a, b, 0, c, d, 0, 0, 0, 1 << 30)


def _main_picture(container: av.container.InputContainer) -> av.VideoStream:
    """The first video track that is not cover art. Raises ``InputError`` if there is none."""
    for stream in container.streams.video:
        # The types deny it, but a stream that FFmpeg has no decoder for has no context.
        context: Any = stream.codec_context
        if context is not None and not stream.disposition & Disposition.attached_pic:
            return stream
    raise InputError("The file holds no video that can be decoded.", "Choose another video.")


def _start(container: av.container.InputContainer) -> Fraction:
    """The earliest time of a picture or sound, in seconds."""
    tracks = (*container.streams.video, *container.streams.audio)
    times = [
        track.start_time * track.time_base
        for track in tracks
        if track.start_time is not None and track.time_base is not None
    ]
    return min(times, default=Fraction(0))


def _only_codec(only: Mapping[VideoKind, str], kind: SourceKind) -> str:
    """The codec that a video of this kind has to have. Raises ``InputError`` for any other kind."""
    match kind:
        case "ts" | "mpg":
            raise _not_as_imported()
        case _:
            return only[kind]


def _not_as_imported() -> InputError:
    hint = "Import the file again; what the workspace holds is not what was imported."
    return InputError("The video is not in the format in which it was imported.", hint)


def _check_codec(stream: av.VideoStream, only: str | None) -> None:
    if only is not None and stream.codec_context.codec.name != only:
        raise _not_as_imported()


def _check_size(stream: av.VideoStream) -> None:
    if stream.codec_context.width * stream.codec_context.height > MAX_PIXELS:
        raise InputError("The video's picture is too large.", "Scale it down first.")

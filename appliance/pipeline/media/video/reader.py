"""A video is read: decoded frames, and the packets of all other tracks as they are."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import Any, Self

import av
from av.stream import Disposition

from appliance.errors import InputError
from appliance.pipeline.media.kind import VideoKind
from appliance.pipeline.media.orientation import UPRIGHT, Orientation, from_display_matrix
from appliance.pipeline.media.preload import load_media_libraries
from appliance.pipeline.media.streams import ReadableFile
from appliance.pipeline.media.video.completeness import CompletenessCheck
from appliance.pipeline.media.video.container_check import identify_container
from appliance.pipeline.media.video.hdr import StaticHdr, static_hdr

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
        try:
            family, self.kind = identify_container(file)
            only = None if only_codecs is None else only_codecs[self.kind]
            self.container = av.open(
                file,
                "r",
                format=family,
                metadata_errors="replace",
                buffer_size=_BUFFER,
                options={} if only is None else {"codec_whitelist": only},
            )
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

    def seek(self, seconds: float) -> None:
        """Go to the last key frame at or before ``seconds``.

        Raises ``InputError`` if there is none.
        """
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
        missing: nothing is concealed, skipped or invented.
        """
        check = CompletenessCheck(self.stream)
        timing = _FrameTiming(self.kind)
        for packet in self._packets((self.stream, *others)):
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
                check.note_frame(timing.set_time(frame))
                yield frame
        if timing.is_first:
            raise InputError("The video holds no picture.", "Choose another video.")
        check.check(self.kind)

    def _packets(self, streams: Sequence[av.stream.Stream]) -> Iterator[av.Packet[Any]]:
        try:
            for packet in self.container.demux(*streams):
                if packet.is_corrupt:
                    raise InputError("The video is damaged or cut short.", _DAMAGED)
                yield packet
        except (av.FFmpegError, OSError) as error:
            raise InputError("The video cannot be read to its end.", _DAMAGED) from error

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


class _FrameTiming:
    """Sets the timestamps of decoded frames, and checks that they rise and the size stays."""

    def __init__(self, kind: VideoKind) -> None:
        self._counts_frames = kind == "avi"
        self._size: tuple[int, int] | None = None
        self._last: int | None = None
        # AVI has no timestamps, only positions in coding order, one a frame time; FFmpeg's guess
        # is wrong where frames are reordered. Decoded frames come in the order shown, so the n-th
        # of them belongs to the n-th position.
        self._positions: deque[int] = deque()

    @property
    def is_first(self) -> bool:
        """Whether no frame has come yet."""
        return self._size is None

    def note_packet(self, packet: av.Packet[Any]) -> None:
        """Keep the position of an AVI's packet."""
        if self._counts_frames and packet.dts is not None:
            self._positions.append(packet.dts)

    def set_time(self, frame: av.VideoFrame) -> int:
        """Set and return the timestamp of the next frame. Raises ``InputError``."""
        pts = self._positions.popleft() if self._positions else frame.pts
        if pts is None:
            hint = "Remux it with a tool that adds timestamps."
            raise InputError("The video has frames without a time.", hint)
        frame.pts = pts
        size = (frame.width, frame.height)
        self._size = self._size or size
        if size != self._size:
            hint = "Cut it where the size changes."
            raise InputError("The video changes its picture size half-way.", hint)
        if self._last is not None and pts <= self._last:
            hint = "Remux it with a tool that repairs timestamps."
            raise InputError("The video's timestamps run backwards.", hint)
        self._last = pts
        return pts


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


def _check_codec(stream: av.VideoStream, only: str | None) -> None:
    if only is not None and stream.codec_context.codec.name != only:
        hint = "Import the file again; what the workspace holds is not what was imported."
        raise InputError("The video is not in the format in which it was imported.", hint)


def _check_size(stream: av.VideoStream) -> None:
    if stream.codec_context.width * stream.codec_context.height > MAX_PIXELS:
        raise InputError("The video's picture is too large.", "Scale it down first.")

"""A video taken apart: decoded frames, and the packets of all other tracks as they are."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import Any, Self

import av
import av.subtitles.stream  # PyAV loads it with the first file; a sealed process loads nothing
from av.stream import Disposition

from appliance.errors import InputError
from appliance.pipeline.media.orientation import UPRIGHT, Orientation, from_display_matrix
from appliance.pipeline.media.streams import ReadableFile
from appliance.pipeline.media.video.completeness import CompletenessCheck
from appliance.pipeline.media.video.container_check import identify_container
from appliance.pipeline.media.video.hdr import StaticHdr, static_hdr

MAX_PIXELS = 8192 * 8192
"""A frame larger than this is refused: no camera makes one, and a crafted header can claim it."""

_BUFFER = 1 << 18  # bytes a read; each crosses from C to Python once
_DAMAGED = "It is damaged; copy it again from the camera."


@dataclass(frozen=True, slots=True)
class FrameInfo:
    """Which frame it is. ``pts`` counts in ``time_base``; ``seconds`` is their product."""

    index: int
    pts: int
    time_base: Fraction

    @property
    def seconds(self) -> Fraction:
        """When the frame is shown, on the source's own clock."""
        return self.pts * self.time_base


class VideoReader:
    """One open video. Not thread-safe: use it from one thread at a time."""

    def __init__(self, file: ReadableFile, threads: int = 0) -> None:
        """Open ``file`` (seekable), which must outlive the reader; ``threads`` 0: one a core.

        Raises ``InputError`` if it is not a whole video that can be decoded.
        """
        try:
            family, self.kind = identify_container(file)
            self.container = av.open(
                file, "r", format=family, metadata_errors="replace", buffer_size=_BUFFER
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            raise InputError("The video cannot be opened.", _DAMAGED) from error
        try:
            self.stream = _main_picture(self.container)
            _check_size(self.stream)
        except BaseException:
            self.container.close()
            raise
        self.stream.codec_context.thread_type = "AUTO"
        self.stream.codec_context.thread_count = threads or os.cpu_count() or 1
        self._matrix: tuple[int, ...] | None = None
        self._hdr = StaticHdr()

    def __enter__(self) -> Self:
        """Nothing more happens on entry."""
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
        """How the picture is held; known after the first frame."""
        return UPRIGHT if self._matrix is None else from_display_matrix(self._matrix)

    @property
    def hdr(self) -> StaticHdr:
        """Static HDR metadata; known after the first frame."""
        return self._hdr

    @property
    def sounds(self) -> list[av.AudioStream]:
        """The audio tracks that can be decoded; others have no codec context."""
        tracks: list[Any] = list(self.container.streams.audio)
        return [track for track in tracks if track.codec_context is not None]

    def seek(self, seconds: float) -> None:
        """Begin at the last key frame at or before ``seconds``. Raises ``InputError``."""
        try:
            self.container.seek(round(seconds * av.time_base))
        except (av.FFmpegError, OSError, OverflowError) as error:
            raise InputError(
                "There is nothing at this time of the video.", "Ask for less."
            ) from error

    def first_frame(self) -> av.VideoFrame:
        """Decode up to the first frame, which ``items`` will not repeat. Raises ``InputError``."""
        for item in self.items(()):
            if isinstance(item, av.VideoFrame):
                return item
        raise AssertionError("items gives a frame or raises")

    def items(self, others: Sequence[av.stream.Stream]) -> Iterator[av.VideoFrame | av.Packet[Any]]:
        """Frames of the picture in the order they are shown, mixed with packets of ``others``.

        Every frame has a ``pts`` above the one before. Raises ``InputError`` if anything is
        damaged or missing: nothing is concealed, skipped or made up.
        """
        size: tuple[int, int] | None = None
        last: int | None = None
        tally = CompletenessCheck(self.stream)
        # AVI stores no times, only places in the order of coding, one a frame time; what FFmpeg
        # makes of them goes wrong where frames are reordered. Frames come out in the order they
        # are shown, so the n-th of them belongs to the n-th place.
        slots: deque[int] = deque()
        for packet in self._packets((self.stream, *others)):
            tally.note_packet(packet)
            # By object: PyAV's end-of-stream packets all carry the stream index 0.
            if packet.stream is not self.stream:
                if packet.size:
                    yield packet
                continue
            if self.kind == "avi" and packet.dts is not None:
                slots.append(packet.dts)
            for frame in self._decode(packet):
                pts = slots.popleft() if slots else frame.pts
                if pts is None:
                    hint = "Remux it with a tool that adds timestamps."
                    raise InputError("The video has frames without a time.", hint)
                frame.pts = pts
                if size is None:
                    self._note_first(frame)
                    size = (frame.width, frame.height)
                if (frame.width, frame.height) != size:
                    hint = "Cut it where the size changes."
                    raise InputError("The video changes its picture size half-way.", hint)
                if last is not None and pts <= last:
                    hint = "Remux it with a tool that repairs timestamps."
                    raise InputError("The video's timestamps run backwards.", hint)
                last = pts
                tally.note_frame(last)
                yield frame
        if size is None:
            raise InputError("The video holds no picture.", "Choose another video.")
        tally.check(self.kind)

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
        """Keep what the first frame carries: its entries die when it is made writable."""
        try:
            entries: list[Any] = list(frame.side_data)
        except ValueError:  # PyAV knows not every kind that FFmpeg does, and then gives none
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
    """The first track of moving pictures; cover art does not count."""
    for stream in container.streams.video:
        # The types deny it, but a stream that FFmpeg has no decoder for has no context.
        context: Any = stream.codec_context
        if context is not None and not stream.disposition & Disposition.attached_pic:
            return stream
    raise InputError("The file holds no video that can be decoded.", "Choose another video.")


def _check_size(stream: av.VideoStream) -> None:
    if stream.codec_context.width * stream.codec_context.height > MAX_PIXELS:
        raise InputError("The video's picture is too large.", "Scale it down first.")

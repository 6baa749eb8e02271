"""How long frames are shown, by the times of their neighbours, and how MP4 is made to say so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import av

from appliance.pipeline.media.video.reader import VideoReader

# Written by FFmpeg and MKVToolNix for each track of a Matroska file: hours, minutes, seconds.
_DURATION_TAG = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")


class FrameDurations:
    """Gives each frame the time until the next one as its duration.

    A demuxer's own durations are of little use: MP4 stores distances of *decoding* times, so where
    frames are reordered, one behind a long still gets the still's length.
    """

    def __init__(self, end: Fraction | None) -> None:
        """``end``: when the picture ends, in seconds by the clock of the frames, if known."""
        self._end = end
        self._waiting: av.VideoFrame | None = None
        self._step = 0

    def add(self, frame: av.VideoFrame) -> av.VideoFrame | None:
        """The frame before ``frame``, which now has its duration; ``None`` before the first."""
        before, self._waiting = self._waiting, frame
        if before is not None:
            before.duration = self._step = _pts(frame) - _pts(before)
        return before

    def finish(self) -> av.VideoFrame | None:
        """The last frame, shown until the picture's end; ``None`` if there was none.

        Where the end is not known its duration is the demuxer's, else the frame's before it.
        """
        last, self._waiting = self._waiting, None
        if last is not None:
            rest = 0
            if self._end is not None and last.time_base:
                rest = round(self._end / last.time_base) - _pts(last)
            last.duration = rest if rest > 0 else max(last.duration or self._step, 0)
        return last


def picture_end(reader: VideoReader) -> Fraction | None:
    """When the picture ends, in seconds by the clock of its frames, if the container says so."""
    stream = reader.stream
    if reader.kind in ("mkv", "webm"):
        tag = next((text for name, text in stream.metadata.items() if name == "DURATION"), "")
        found = _DURATION_TAG.match(tag)
        if found is None:
            return None
        hours, minutes, seconds = found.groups()
        return 3600 * int(hours) + 60 * int(minutes) + Fraction(seconds)
    if not stream.duration or stream.time_base is None:
        return None
    return ((stream.start_time or 0) + stream.duration) * stream.time_base


class PacketDurations:
    """Gives encoded packets the durations of their frames, whatever the encoder made of them.

    MP4 and MOV have no other place for the picture's end than the duration of the packet that is
    *decoded* last, which need not be the one shown last. It is therefore held back.
    """

    def __init__(self, *, ends_with_decoding: bool) -> None:
        """``ends_with_decoding``: whether the container is MP4 or MOV."""
        self._holds = ends_with_decoding
        self._of_frame: dict[int, int] = {}
        self._start: int | None = None
        self._end = 0
        self._first_dts: int | None = None
        self._last: av.Packet[Any] | None = None

    def note_frame(self, pts: int, duration: int) -> None:
        """A frame that is encoded next; both numbers in the time base of the packets."""
        self._of_frame[pts] = duration
        self._start = pts if self._start is None else self._start
        self._end = max(self._end, pts + duration)

    def apply(self, packets: Iterable[av.Packet[Any]]) -> Iterator[av.Packet[Any]]:
        """``packets`` with their durations; the last one stays here."""
        for packet in packets:
            duration = None if packet.pts is None else self._of_frame.pop(packet.pts, None)
            if duration is not None:
                packet.duration = duration
            if not self._holds:
                yield packet
                continue
            if self._first_dts is None:
                self._first_dts = packet.dts
            before, self._last = self._last, packet
            if before is not None:
                yield before

    def finish(self) -> Iterator[av.Packet[Any]]:
        """The packet that was held back, lasting as long as the whole needs."""
        last, self._last = self._last, None
        if last is None:
            return
        if last.pts is not None and last.dts is not None and self._first_dts is not None:
            # All durations together are to be the picture's, but none may end behind it: the muxer
            # takes the latest end of all for the track's. Where a still comes just before the last
            # frames, these are decoded ahead of it, so the last of them must be decoded later.
            delay = (self._start or 0) - self._first_dts
            last.dts = max(last.dts, last.pts - delay)
            missing = self._end - (last.dts + delay)
            last.duration = max(last.duration or 0, min(missing, self._end - last.pts))
        yield last


def _pts(frame: av.VideoFrame) -> int:
    return frame.pts or 0

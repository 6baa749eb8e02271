"""When each frame is shown: times that rise strictly, in order, from those of a file."""

from __future__ import annotations

import math
from collections import deque
from fractions import Fraction
from typing import Any

import av

from appliance.errors import InputError
from appliance.pipeline.media.kind import SourceKind

# Seconds by which a frame with the time of the one before is shown after it: the tick of MKV and
# WebM, so that the two stay apart in every container.
_STEP = Fraction(1, 1000)
_DEFAULT_RATE = Fraction(25)


class FrameTiming:
    """Sets the times of decoded frames, and checks that they do not fall and the size stays.

    ``repeated``: how many frames were left out because there was no room after the one before,
    whose time they had.
    """

    def __init__(self, stream: av.VideoStream, kind: SourceKind) -> None:
        self.repeated = 0
        self._counts_frames = kind == "avi"
        # What lies before time 0 in an MP4 or MOV is cut away by an edit list, and FFmpeg leaves
        # it out, except in a fragmented file.
        self._starts_at_0 = kind in ("mp4", "mov")
        self._size: tuple[int, int] | None = None
        self._read: int | None = None
        self._last: int | None = None
        base = stream.time_base or _STEP
        self._step = math.ceil(_STEP / base)
        # Half of a frame: further from its own time no frame is shown.
        self._room = 1 / (2 * (stream.average_rate or _DEFAULT_RATE) * base)
        # AVI has no timestamps, only positions in coding order, one a frame time; FFmpeg's guess
        # is wrong where frames are reordered. Decoded frames come in the order shown, so the n-th
        # of them belongs to the n-th position.
        self._positions: deque[int] = deque()

    @property
    def is_first(self) -> bool:
        """Whether no frame has come yet."""
        return self._size is None

    @property
    def has_shown(self) -> bool:
        """Whether a frame has got its time."""
        return self._last is not None

    def note_packet(self, packet: av.Packet[Any]) -> None:
        """Keep the position of an AVI's packet."""
        if self._counts_frames and packet.dts is not None:
            self._positions.append(packet.dts)

    def read(self, frame: av.VideoFrame) -> int:
        """The time that the file gives to the next frame. Raises ``InputError``."""
        pts = self._positions.popleft() if self._positions else frame.pts
        if pts is None:
            hint = "Remux it with a tool that adds timestamps."
            raise InputError("The video has frames without a time.", hint)
        size = (frame.width, frame.height)
        self._size = self._size or size
        if size != self._size:
            hint = "Cut it where the size changes."
            raise InputError("The video changes its picture size half-way.", hint)
        if self._read is not None and pts < self._read:
            hint = "Remux it with a tool that repairs timestamps."
            raise InputError("The video's timestamps run backwards.", hint)
        self._read = pts
        return pts

    def set(self, frame: av.VideoFrame, pts: int) -> bool:
        """Give ``frame`` its time, ``pts`` or shortly after; ``False`` if it is not to be shown."""
        if self._starts_at_0 and pts + max(frame.duration or 0, 1) <= 0:
            return False
        shown = pts
        if self._last is not None and pts <= self._last:
            shown = self._last + self._step
            if shown - pts > self._room:
                self.repeated += 1
                return False
        self._last = frame.pts = shown
        return True

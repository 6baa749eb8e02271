"""Packets and frames counted against each other, to find what was lost without a word."""

from __future__ import annotations

from typing import Any

import av

from appliance.errors import InputError

_HINT = "It is damaged; copy it again from the camera."

_FRAME_A_PACKET = frozenset(
    ("h264", "hevc", "vp9", "libdav1d", "av1", "mjpeg", "prores", "dnxhd", "ffv1", "rawvideo")
)
"""Decoders that give one frame a packet; in others a packet may only be referred to."""


class CompletenessCheck:
    """Counts what went in and what came out, to find what was lost without a word.

    FFmpeg ends quietly at a missing tail, and PyAV drops an error that follows a good frame.
    """

    def __init__(self, stream: av.VideoStream) -> None:
        self._stream = stream
        self._found: dict[int, int] = {}
        self._early: list[int] = []
        self._sent = 0
        self._decoded = 0
        self._first: int | None = None

    def note_packet(self, packet: av.Packet[Any]) -> None:
        """Count what the file gave, of any track."""
        if not packet.size:
            return
        index = packet.stream.index
        self._found[index] = self._found.get(index, 0) + 1
        if packet.stream is not self._stream or packet.is_discard:
            return
        if packet.pts is None:
            self._sent += 1
        elif self._first is None:
            self._early.append(packet.pts)
        elif packet.pts >= self._first:
            self._sent += 1

    def note_frame(self, pts: int) -> None:
        """Count what the decoder gave, with its timestamp."""
        self._decoded += 1
        if self._first is None:
            # What comes before the first frame that can be shown, such as the leading pictures of
            # an open group, needs a frame that the file does not hold, in any player.
            self._first = pts
            self._sent += sum(early >= pts for early in self._early)

    def check(self, kind: str) -> None:
        """Raise ``InputError`` if packets of the list, or frames of the packets, are missing."""
        for index, found in self._found.items():
            stream = self._stream.container.streams[index]
            listed = len(stream.index_entries)
            # Of raw sound the list counts samples; it has no packets of its own.
            if kind in ("mp4", "mov") and found < listed == stream.frames:
                raise InputError("The video is cut short.", _HINT)
        if self._stream.codec_context.name in _FRAME_A_PACKET and self._decoded < self._sent:
            raise InputError("A part of the video cannot be decoded.", _HINT)

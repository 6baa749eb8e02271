"""Packets are counted against frames, to find what FFmpeg loses without an error."""

from __future__ import annotations

from typing import Any

import av

from appliance.errors import InputError

_HINT = "It is damaged; copy it again from the camera."

# Where FFmpeg splits a stream into packets itself, a picture of two fields may be two packets.
_SPLIT = ("ts", "mpg")
# Decoders that give one frame for each packet. For others a packet may be a reference only.
_FRAME_A_PACKET = frozenset(
    ("h264", "hevc", "vp9", "libdav1d", "av1", "mjpeg", "prores", "dnxhd", "ffv1", "rawvideo")
)


class CompletenessCheck:
    """Counts packets and frames.

    FFmpeg ends without an error where the end of a file is missing, and PyAV drops an error that
    comes after a frame in the same packet.
    """

    def __init__(self, stream: av.VideoStream) -> None:
        self._stream = stream
        self._found: dict[int, int] = {}
        self._early: list[int] = []
        self._sent = 0
        self._decoded = 0
        self._interlaced = 0
        self._first: int | None = None

    def note_packet(self, packet: av.Packet[Any]) -> None:
        """Count a packet of the file, of any track."""
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

    def note_frame(self, pts: int, *, is_interlaced: bool = False) -> None:
        """Count a frame of the decoder, with its timestamp in the time base of the stream."""
        self._decoded += 1
        self._interlaced += is_interlaced
        if self._first is None:
            # Pictures before the first frame that can be shown, such as the leading pictures of an
            # open group, refer to a frame that the file does not hold; no player shows them.
            self._first = pts
            self._sent += sum(early >= pts for early in self._early)

    def check(self, kind: str) -> None:
        """Raises ``InputError`` if listed packets, or frames of packets, did not come."""
        for index, found in self._found.items():
            stream = self._stream.container.streams[index]
            listed = len(stream.index_entries)
            # For raw sound `stream.frames` counts samples, of which a packet holds many.
            if kind in ("mp4", "mov") and found < listed == stream.frames:
                raise InputError("The video is cut short.", _HINT)
        decoded = self._decoded + (self._interlaced if kind in _SPLIT else 0)
        if self._stream.codec_context.name in _FRAME_A_PACKET and decoded < self._sent:
            raise InputError("A part of the video cannot be decoded.", _HINT)

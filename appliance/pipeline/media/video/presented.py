"""What a player would present of a track: nothing that an edit list cuts away leaves.

A film that was trimmed on a telephone keeps what was cut away, behind an edit list. Decoders leave
it out; packets that are copied would carry it into the result.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import av

# Packets that an encoder puts in front of the first sound to get under way, which players leave out
# as well: 1024 samples of FFmpeg's AAC, 2112 of Apple's, 5058 of its HE-AAC with packets of 2048.
# A decoder needs them.
_PRIMING = 3


class PresentedPackets:
    """Passes on the packets of one copied track that are presented, and an encoder's priming."""

    def __init__(self, *, starts_at_0: bool, is_text: bool) -> None:
        """``starts_at_0``: what lies before time 0 is cut away. ``is_text``: subtitles.

        A subtitle that was shown when the presentation starts is kept from there on.
        """
        self._starts_at_0 = starts_at_0
        self._is_text = is_text
        self._has_begun = False
        self._held: list[av.Packet[Any]] = []
        self._is_trimmed = False

    def pass_on(self, packet: av.Packet[Any]) -> Iterator[av.Packet[Any]]:
        """The packets to copy now that ``packet`` has come."""
        if self._is_text:
            yield from self._text(packet)
        elif self._is_cut(packet):
            self._hold(packet)
        else:
            self._has_begun = True
            yield from self._held
            self._held.clear()
            yield packet

    def _is_cut(self, packet: av.Packet[Any]) -> bool:
        if packet.is_discard:
            return True
        if not self._starts_at_0 or packet.pts is None:
            return False
        return packet.pts + max(packet.duration or 0, 1) <= 0

    def _hold(self, packet: av.Packet[Any]) -> None:
        """Keep what may be an encoder's priming; drop it once it is too much for that."""
        self._is_trimmed |= self._has_begun or len(self._held) == _PRIMING
        if self._is_trimmed:
            self._held.clear()
        else:
            self._held.append(packet)

    def _text(self, packet: av.Packet[Any]) -> Iterator[av.Packet[Any]]:
        start, duration = packet.pts, packet.duration or 0
        if self._starts_at_0 and start is not None and start < 0:
            if start + duration <= 0:
                return
            packet.pts = packet.dts = 0
            packet.duration = start + duration
        elif packet.is_discard:
            return
        yield packet

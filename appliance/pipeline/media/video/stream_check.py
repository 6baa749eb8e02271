"""Whether MPEG's transport and program streams are whole (ISO/IEC 13818-1).

They have no index and no length. But each packet of a transport stream is counted, and each of a
program stream says where the next begins. FFmpeg passes over gaps, at the beginning even silently.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.errors import InputError
from appliance.pipeline.media.kind import PACK, starts_packet
from appliance.pipeline.media.streams import ReadableFile
from appliance.pipeline.media.video.box_check import cut_short

_SYNC = 0x47
_PLAIN = 188
_PIDS = 1 << 13
# Packets, and bytes, that are read at a time.
_BLOCK = 1 << 14
_PART = 1 << 16
# So many sync bytes in a row are no chance.
_PACKETS = 5
_START = b"\0\0\1"
# Start codes of the system layer: the end of the stream, a pack, and packets from here on.
_END, _PACK, _FIRST_PACKET = 0xB9, 0xBA, 0xBB
_DAMAGED = "Copy it again from the camera."


def check_transport_stream(file: ReadableFile, size: int, packet: int) -> None:
    """Raise ``InputError`` if a packet of ``packet`` bytes is missing or cut.

    The packets before the first that is there, and after the last, cannot be missed.
    """
    begun = size % packet
    file.seek(size - begun, os.SEEK_SET)
    if starts_packet(file.read(begun), packet):
        raise cut_short()
    before = packet - _PLAIN if packet == 192 else 0
    counts = _Counts()
    file.seek(0, os.SEEK_SET)
    done, left = 0, size // packet
    while left:
        data = np.frombuffer(file.read(min(left, _BLOCK) * packet), np.uint8)
        rows = data.reshape(-1, packet)[:, before : before + _PLAIN]
        has_sync = rows[:, 0] == _SYNC
        whole = len(rows) if has_sync.all() else int(np.argmin(has_sync))
        counts.add(rows[:whole])
        done, left = done + whole, left - len(rows)
        if whole < len(rows):
            break
    file.seek(done * packet, os.SEEK_SET)
    if counts.is_broken() or _goes_on(file.read(_PART), packet):
        raise InputError("The video is damaged or cut short.", _DAMAGED)


def _goes_on(rest: bytes, packet: int) -> bool:
    """Whether there are packets in ``rest``, in whatever place."""
    is_sync = np.frombuffer(rest, np.uint8) == _SYNC
    starts = max(0, len(is_sync) - (_PACKETS - 1) * packet)
    found = np.ones(starts, np.bool_)
    for number in range(_PACKETS):
        found &= is_sync[number * packet : number * packet + starts]
    return bool(found.any())


@dataclass(slots=True)
class _Counts:
    """The continuity counters of all elementary streams (2.4.3.3)."""

    last: NDArray[Any] = field(default_factory=lambda: np.full(_PIDS, -1, np.int16))
    holds_media: NDArray[Any] = field(default_factory=lambda: np.zeros(_PIDS, np.bool_))
    has_gap: NDArray[Any] = field(default_factory=lambda: np.zeros(_PIDS, np.bool_))

    def add(self, rows: NDArray[Any]) -> None:
        """Count packets, (n, 188) bytes."""
        pids = (rows[:, 1] & 0x1F).astype(np.int16) << 8 | rows[:, 2]
        has_payload = (rows[:, 3] & 0x10) != 0
        self._note_media(rows[has_payload], pids[has_payload])
        resets = ((rows[:, 3] & 0x20) != 0) & (rows[:, 4] > 0) & ((rows[:, 5] & 0x80) != 0)
        for pid in np.unique(pids[has_payload]):
            mine = has_payload & (pids == pid)
            counters = (rows[mine, 3] & 0x0F).astype(np.int16)
            steps = np.diff(counters, prepend=self.last[pid]) % 16
            # A packet may be sent twice.
            is_sound = (steps <= 1) | resets[mine]
            if self.last[pid] < 0:
                is_sound[0] = True
            self.last[pid] = counters[-1]
            self.has_gap[pid] |= not is_sound.all()

    def is_broken(self) -> bool:
        """Whether a stream of pictures, sound or text has a gap."""
        return bool((self.has_gap & self.holds_media).any())

    def _note_media(self, rows: NDArray[Any], pids: NDArray[Any]) -> None:
        """Note where a packet of an elementary stream begins, by its start code."""
        begins = (rows[:, 1] & 0x40) != 0
        rows, pids = rows[begins], pids[begins]
        fields = np.where(rows[:, 3] & 0x20, rows[:, 4].astype(np.int16) + 1, 0)
        at = np.minimum(4 + fields, _PLAIN - 3)
        number = np.arange(len(rows))
        codes = [rows[number, at + offset] == value for offset, value in enumerate(_START)]
        self.holds_media[pids[codes[0] & codes[1] & codes[2]]] = True


def check_program_stream(file: ReadableFile, size: int) -> None:
    """Raise ``InputError`` if a packet of a program stream is cut or not where it should be."""
    position = 0
    while position + 4 <= size:
        file.seek(position, os.SEEK_SET)
        head = file.read(14)
        if head[:3] != _START or head[3] < _END:
            position = _after_gap(file, position, size)
            continue
        if head[3] == _END:
            position += 4
        elif head[3] == _PACK:
            # MPEG-2 (2.5.3.3) marks its packs with "01" and says how many bytes are stuffing.
            is_second = len(head) > 13 and head[4] >> 6 == 1
            position += 14 + (head[13] & 7) if is_second else 12
        else:
            position += 6 + int.from_bytes(head[4:6], "big")
        if position > size:
            raise cut_short()


def _after_gap(file: ReadableFile, position: int, size: int) -> int:
    """Where the stream goes on, after zeros; ``size`` if something else was appended.

    Raises ``InputError`` if packs follow other bytes.
    """
    file.seek(position, os.SEEK_SET)
    rest, place = file.read(_PART), position
    zeros = len(rest) - len(rest.lstrip(b"\0"))
    if zeros > 2 and rest[zeros : zeros + 1] == b"\1":
        return position + zeros - 2
    overlap = len(PACK) - 1
    while len(rest) > overlap:
        if PACK in rest:
            raise InputError("The video is damaged or cut short.", _DAMAGED)
        place += len(rest) - overlap
        file.seek(place, os.SEEK_SET)
        rest = file.read(_PART)
    return size

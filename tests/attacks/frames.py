"""Sends one frame by a network device, in a program of its own: ``python3 frames.py WAY FROM TO``.

It prints "arrived" or "lost". ``WAY`` is ``packet`` (AF_PACKET), ``bypass`` (the same, past the
queueing) or ``xdp`` (AF_XDP, whose frames no rule of nftables sees). Devices are given by number.
"""

from __future__ import annotations

import ctypes
import mmap
import socket
import struct
import sys

_TYPE = 0x88B5  # for experiments (IEEE 802)
FRAME = b"\x01\x80\xc2\0\0\x0e\x02\0\0\0\0\x01" + _TYPE.to_bytes(2, "big") + b"a face".ljust(60)
_PATIENCE = 1.0  # seconds; the two ends are in one kernel
# if_packet.h, if_xdp.h.
_SOL_PACKET, _QDISC_BYPASS = 263, 20
_AF_XDP, _SOL_XDP = 44, 283
_OFFSETS, _TX_RING, _MEMORY, _FILL, _COMPLETION = 1, 3, 4, 5, 6
_COPY = 1 << 1
_TX_PAGE = 0x80000000
_SLOTS, _CHUNK = 64, 4096


_libc = ctypes.CDLL(None, use_errno=True)


def by_packet(device: int, *, bypass: bool) -> None:
    with _packets(device) as raw:
        if bypass:
            raw.setsockopt(_SOL_PACKET, _QDISC_BYPASS, 1)
        raw.send(FRAME)


def by_xdp(device: int) -> None:
    memory = mmap.mmap(-1, _SLOTS * _CHUNK)
    memory[: len(FRAME)] = FRAME
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    with socket.socket(_AF_XDP, socket.SOCK_RAW, 0) as xdp:
        umem = struct.pack("=QQIIII", start, _SLOTS * _CHUNK, _CHUNK, 0, 0, 0)
        xdp.setsockopt(_SOL_XDP, _MEMORY, umem)
        for ring in (_FILL, _COMPLETION, _TX_RING):
            xdp.setsockopt(_SOL_XDP, ring, struct.pack("=I", _SLOTS))
        # Four rings (rx, tx, fill, completion) of producer, consumer, descriptors, flags.
        offsets = struct.unpack("=16Q", xdp.getsockopt(_SOL_XDP, _OFFSETS, 128))
        producer, _, descriptors, _ = offsets[4:8]
        sent = mmap.mmap(xdp.fileno(), descriptors + _SLOTS * 16, offset=_TX_PAGE)
        _bind(xdp, struct.pack("=HHIII", _AF_XDP, _COPY, device, 0, 0))
        sent[descriptors : descriptors + 16] = struct.pack("=QII", 0, len(FRAME), 0)
        sent[producer : producer + 4] = struct.pack("=I", 1)
        _libc.sendto(xdp.fileno(), None, 0, socket.MSG_DONTWAIT, None, 0)


def _packets(device: int) -> socket.socket:
    """A socket below all protocols, bound by number: a name may be no text."""
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    _bind(raw, struct.pack("=HHiHBB8x", socket.AF_PACKET, socket.htons(_TYPE), device, 0, 0, 0))
    return raw


def _bind(bound: socket.socket, address: bytes) -> None:
    if _libc.bind(bound.fileno(), address, len(address)):
        raise OSError(ctypes.get_errno(), "bind")


def main() -> int:
    way, device, peer = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with _packets(peer) as other_end:
        other_end.settimeout(_PATIENCE)
        try:
            by_xdp(device) if way == "xdp" else by_packet(device, bypass=way == "bypass")
            arrived = FRAME in other_end.recv(2048)
        except OSError:
            arrived = False
    print("arrived" if arrived else "lost")
    return 0


if __name__ == "__main__":
    sys.exit(main())

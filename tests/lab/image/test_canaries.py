"""Frames in a recording of QEMU: those of the machine, and not those of the network behind it."""

from __future__ import annotations

import struct
from pathlib import Path

from tests.lab.image.canaries import sent

_HEAD = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65536, 1)


def _recorded(*frames: bytes) -> bytes:
    lengths = (struct.pack("<IIII", 0, 0, len(one), len(one)) + one for one in frames)
    return _HEAD + b"".join(lengths)


def test_frames_of_the_machine_are_found_and_the_networks_own_are_not(tmp_path: Path) -> None:
    capture = tmp_path / "net.pcap"
    of_network = b"\xff" * 6 + b"\x52\x55\x0a\x00\x02\x02" + b"\x08\x06" + bytes(28)
    of_machine = b"\xff" * 6 + b"\x52\x54\x00\x12\x34\x56" + b"\x08\x06" + bytes(28)
    capture.write_bytes(_recorded(of_network))
    assert sent(capture) == []
    capture.write_bytes(_recorded(of_network, of_machine))
    assert sent(capture) == [of_machine]

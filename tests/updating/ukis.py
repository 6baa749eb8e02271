"""Kernel images for UEFI as small as they can be: a header, and the two sections that are read."""

from __future__ import annotations

import struct

_ALIGN = 512


def uki(
    version: str,
    root_hash: str,
    image: str = "face-appliance",
    padding: int = 0,
    line: str = "quiet",
) -> bytes:
    """An image of this ``version`` whose kernel line names ``root_hash``."""
    release = f"ID=debian\nIMAGE_ID={image}\nIMAGE_VERSION={version}\n"
    sections = [
        (b".osrel", release.encode()),
        (b".cmdline", f"{line} roothash={root_hash}\n".encode()),
        (b".linux", bytes(range(256)) * (padding // 256 + 1)),
    ]
    optional = bytes(240)
    head = b"MZ".ljust(0x3C, b"\0") + (64).to_bytes(4, "little")
    head += b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, len(sections), 0, 0, 0, len(optional), 0x22)
    head += optional
    at = -(-(len(head) + 40 * len(sections)) // _ALIGN) * _ALIGN
    table, body = b"", b""
    for name, data in sections:
        stored = -(-len(data) // _ALIGN) * _ALIGN
        table += struct.pack("<8sIIII16x", name, len(data), at + len(body), stored, at + len(body))
        body += data.ljust(stored, b"\0")
    return (head + table).ljust(at, b"\0") + body

"""What a unified kernel image says of itself: its kernel line and its release, from its sections.

Source: Microsoft, "PE Format"; the UAPI group's "Unified Kernel Image (UKI)" names the sections.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO, Self

from appliance.errors import InputError

_HEADER_AT = 0x3C  # where a DOS header says that the PE header is
_FILE_HEADER = 20  # bytes, after the four of "PE\0\0"
_SECTION = struct.Struct("<8sIIII16x")
_MOST_SECTIONS = 96
_MOST_TEXT = 1 << 16  # bytes of a section that is read here


@dataclass(frozen=True, slots=True)
class UkiFacts:
    """``image`` and ``version``: of the release in it. ``root_hash``: of its kernel line, hex."""

    image: str
    version: str
    root_hash: str

    @classmethod
    def read(cls, file: BinaryIO) -> Self:
        """From an open image. Raises ``InputError`` if it is none, or lacks one of them."""
        texts = _texts(file)
        release = dict(
            line.split("=", 1) for line in texts.get(".osrel", "").splitlines() if "=" in line
        )
        words = texts.get(".cmdline", "").split()
        hashes = [word.partition("=")[2] for word in words if word.startswith("roothash=")]
        image = release.get("IMAGE_ID", "").strip('"')
        version = release.get("IMAGE_VERSION", "").strip('"')
        if not image or not version or len(hashes) != 1:
            raise InputError(
                "The kernel image does not say which image it starts.",
                "Name a unified kernel image with IMAGE_ID, IMAGE_VERSION and roothash=.",
            )
        return cls(image, version, hashes[0])


def _texts(file: BinaryIO) -> dict[str, str]:
    """The sections that hold text."""
    header = _read(file, 0, _HEADER_AT + 4)
    at = int.from_bytes(header[_HEADER_AT:], "little")
    pe = _read(file, at, 4 + _FILE_HEADER)
    if header[:2] != b"MZ" or pe[:4] != b"PE\0\0":
        raise _no_image()
    number, optional = struct.unpack_from("<H12xH", pe, 6)
    if number > _MOST_SECTIONS:
        raise _no_image()
    table = _read(file, at + len(pe) + optional, number * _SECTION.size)
    found = {}
    for name, used, _, stored, place in _SECTION.iter_unpack(table):
        label = name.rstrip(b"\0").decode("latin-1")
        if label in (".osrel", ".cmdline"):
            text = _read(file, place, min(used, stored, _MOST_TEXT))
            found[label] = text.rstrip(b"\0").decode("utf-8", "replace")
    return found


def _read(file: BinaryIO, at: int, size: int) -> bytes:
    file.seek(at)
    data = file.read(size)
    if len(data) != size:
        raise _no_image()
    return data


def _no_image() -> InputError:
    return InputError("This is no kernel image for UEFI.", "Name a unified kernel image (.efi).")

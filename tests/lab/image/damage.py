"""What is done to the disk of an image while the machine is off: bytes, tries, kernel images.

Each takes the raw disk, or a raw copy of one; nothing is mounted: mtools and dump.erofs read it.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from appliance.updating.disk import Disk, Region
from appliance.updating.gpt import ESP, Table

BLOCK = 4096
"""Bytes that one hash of the verity tree is about, and of a block of erofs."""

EARLY = "/usr/lib/systemd/systemd"
"""Read in every boot, before anything else of the root."""

_FOLDER = "::/EFI/Linux"
_EXTENT = re.compile(r"^ *\d+:.*: *(\d+)\.\. *(\d+) *\|", re.MULTILINE)
_FLIPPED = 0x10  # the bit
_UUID = 168  # bytes before it in a LUKS2 header (LUKS2 On-Disk Format, 2.1)


def partition(disk: Path, name: str) -> tuple[int, int]:
    """Where the partition ``name`` starts, and its size, in bytes. Raises ``StopIteration``."""
    with Disk.open(disk, writable=False) as opened:
        found = next(one for one in Table.read(opened).partitions if one.name == name)
        region: Region = found.region(opened)
    return region.start, region.size


def luks_uuid(disk: Path) -> str:
    """The id of the encrypted volume that ``/var`` is on, which each new one has its own of."""
    start, _ = partition(disk, "var")
    with disk.open("rb") as file:
        file.seek(start + _UUID)
        return file.read(40).rstrip(b"\0").decode()


def blocks_of(root: Path, file: str = EARLY) -> list[int]:
    """Where the blocks of ``file`` are in ``root``, an erofs: the first byte of each."""
    words = ["dump.erofs", f"--path={file}", "-e", str(root)]
    listed = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return sorted({int(first) for first, _ in _EXTENT.findall(listed)})


def flip(disk: Path, places: Sequence[int]) -> None:
    """Change one bit of the byte at each of ``places``."""
    with disk.open("r+b") as file:
        for place in places:
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ _FLIPPED]))


def entries(disk: Path) -> list[str]:
    """The names of the kernel images on the boot partition, which tell their tries."""
    listed = _mtool(disk, "mdir", "-b", _FOLDER)
    return sorted(line.rsplit("/", 1)[1] for line in listed.splitlines() if "/" in line)


def rename_entry(disk: Path, before: str, after: str) -> None:
    """Give a kernel image another name, so other tries."""
    _mtool(disk, "mren", f"{_FOLDER}/{before}", f"{_FOLDER}/{after}")


def set_tries(disk: Path, version: str, tries: int) -> None:
    """Leave the kernel image of ``version`` so many tries."""
    before = next(name for name in entries(disk) if f"_{version}" in name)
    after = f"{before.split('_')[0]}_{version}+{tries}.efi"
    if after != before:
        rename_entry(disk, before, after)


def flip_in_entry(disk: Path, name: str, section: bytes) -> None:
    """Change one bit amid ``section`` of a kernel image: the name of a section of the PE file."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / name
        _mtool(disk, "mcopy", f"{_FOLDER}/{name}", str(copy))
        flip(copy, [_middle(copy.read_bytes(), section)])
        _mtool(disk, "mcopy", "-o", str(copy), f"{_FOLDER}/{name}")


def _middle(image: bytes, section: bytes) -> int:
    """The place amid a section of a PE file (PE/COFF, "Section Table")."""
    at = image.index(section.ljust(8, b"\0"))
    size, start = (int.from_bytes(image[at + of : at + of + 4], "little") for of in (16, 20))
    return start + size // 2


def _mtool(disk: Path, program: str, *arguments: str) -> str:
    with Disk.open(disk, writable=False) as opened:
        boot = next(one for one in Table.read(opened).partitions if one.kind == ESP)
        start = boot.region(opened).start
    words = [program, "-i", f"{disk}@@{start}", *arguments]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout

"""Images of discs: burned by xorriso and genisoimage, and then spoilt byte by byte."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

BLOCK = 2048
ROOT_RECORD = 16 * BLOCK + 156  # ECMA-119, 8.4.18: the root's record in the primary descriptor
EXTENT, SIZE, FLAGS = 2, 10, 25  # ECMA-119, 9.1: where a record has them
MULTI_EXTENT = 0x80


def burn(
    path: Path, files: Mapping[str, bytes], *options: str, program: str = "xorriso"
) -> bytearray:
    """An image at ``path`` with ``files``; and its bytes."""
    folder = path.with_suffix(".tree")
    folder.mkdir()
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    make(path, folder, *options, program=program)
    return bytearray(path.read_bytes())


def make(path: Path, folder: Path, *options: str, program: str = "xorriso") -> None:
    """An image of ``folder`` at ``path``."""
    command = ["xorriso", "-as", "mkisofs"] if program == "xorriso" else [program, "-quiet"]
    run(*command, *(options or ("-R", "-J")), "-o", str(path), str(folder))


def run(*command: str) -> None:
    """Run a program of the system; what it prints is shown if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def record(image: bytearray, name: bytes) -> int:
    """Where the directory record with the identifier ``name`` starts (ECMA-119, 9.1)."""
    at = image.index(bytes([len(name)]) + name)
    return at - 32


def put(image: bytearray, at: int, value: int) -> None:
    """Write ``value`` as 32 bits in both orders (ECMA-119, 7.3.3)."""
    image[at : at + 8] = value.to_bytes(4, "little") + value.to_bytes(4, "big")


def get(image: bytearray, at: int) -> int:
    """The 32 bits at ``at``."""
    return int.from_bytes(image[at : at + 4], "little")

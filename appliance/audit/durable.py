"""Files that are whole and on the disk when a call returns, or not there at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

PENDING = ".new"
"""What a file's name ends in until it is whole; one that a crash left behind is worth nothing."""


def publish(root: Path, files: Mapping[str, bytes], mode: int = 0o640) -> None:
    """Write ``files``, named relative to ``root``: write, fsync, rename, fsync of every folder.

    On an ``OSError`` some of them may be there and others not; none is there in part.
    """
    folders = set()
    for name, data in files.items():
        path = root / name
        _make_folder(path.parent)
        _write(path, data, mode)
        folders.add(path.parent)
    for folder in folders:
        sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, data: bytes, mode: int) -> None:
    pending = path.with_name(path.name + PENDING)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(pending, flags, mode)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    except BaseException:
        with suppress(OSError):
            pending.unlink()
        raise
    finally:
        os.close(descriptor)
    pending.rename(path)


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o750)
    sync_folder(folder.parent)

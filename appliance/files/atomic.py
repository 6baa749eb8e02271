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
    # All of one step, then all of the next: the file system then commits them together.
    paths = {root / name: data for name, data in files.items()}
    folders = {path.parent for path in paths}
    pending: list[int] = []
    try:
        for folder in folders:
            _make_folder(folder)
        for path, data in paths.items():
            pending.append(_write(path, data, mode))
        for descriptor in pending:
            os.fsync(descriptor)
    except BaseException:
        for path in paths:
            with suppress(OSError):
                _pending(path).unlink()
        raise
    finally:
        for descriptor in pending:
            os.close(descriptor)
    for path in paths:
        _pending(path).rename(path)
    for folder in folders:
        sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _pending(path: Path) -> Path:
    return path.with_name(path.name + PENDING)


def _write(path: Path, data: bytes, mode: int) -> int:
    """The open descriptor of a file that holds ``data`` under its pending name."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(_pending(path), flags, mode)
    left = memoryview(data)
    try:
        while left:
            left = left[os.write(descriptor, left) :]
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o750)
    sync_folder(folder.parent)

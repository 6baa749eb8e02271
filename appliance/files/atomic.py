"""Files that are complete and durable when a call returns, or absent.

Every file is written under a temporary name, synced, renamed, and then its folder is synced, in
this order; a crash at any point leaves the old file or the new one. ``publish`` does this for
several files at once, ``write_file`` for one; ``output.py`` does it for results that are written
piece by piece to a path that a user chose.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from appliance.files.folder import open_folder

PENDING = ".new"
"""Suffix of a file of ``publish`` until it is complete. One that a crash left is worthless."""

_NO_LINKS = frozenset((errno.EPERM, errno.EOPNOTSUPP))


def publish(root: Path, files: Mapping[str, bytes], mode: int = 0o640) -> None:
    """Write ``files``, named relative to ``root``, over what is there; makes missing folders.

    The caller is the only writer: the temporary names are fixed, so that what a crash left can be
    recognised. ``mode`` is subject to the umask. Raises ``OSError``; then some of the files may be
    there and others not, but none in part.
    """
    # All of one step, then all of the next: the file system then commits them together.
    paths = {root / name: data for name, data in files.items()}
    folders = {path.parent for path in paths}
    pending: list[int] = []
    try:
        for folder in folders:
            _make_folder(folder)
        for path, data in paths.items():
            pending.append(_write(_pending(path), data, mode, os.O_TRUNC))
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


def write_file(path: Path, data: bytes, mode: int, *, overwrite: bool = True) -> None:
    """Write ``data`` to ``path``, whose folder exists, with exactly the permissions ``mode``.

    Several processes may do so at once; the last one wins. Raises ``OSError``, which is
    ``FileExistsError`` if the name is taken and may not be overwritten.
    """
    pending = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        descriptor = _write(pending, data, mode, os.O_EXCL)
        try:
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if not overwrite:
            _claim(path, pending)
        pending.rename(path)
    except BaseException:
        with suppress(OSError):
            pending.unlink()
        raise
    # Renaming one link of a file over another link of it does nothing.
    pending.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable. Raises ``OSError``."""
    with open_folder(folder) as descriptor:
        os.fsync(descriptor)


def _claim(path: Path, pending: Path) -> None:
    """Give ``pending`` the name ``path`` too. Raises ``FileExistsError`` if it is taken."""
    try:
        os.link(pending, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # FAT has no hard links: there an empty file holds the name until the rename.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _pending(path: Path) -> Path:
    return path.with_name(path.name + PENDING)


def _write(path: Path, data: bytes, mode: int, creation: int) -> int:
    """The open descriptor of ``path``, which now contains ``data``. Raises ``OSError``."""
    flags = os.O_WRONLY | os.O_CREAT | creation | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, mode)
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

"""What is to be on a disc: the regular files of a folder, measured before anything is written."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from appliance.burner.problem import bad_folder
from appliance.files.disc_names import MOST_LEVELS, is_component, one_name_to_some

MOST_FILES: Final = 10_000
_MOST_BYTES: Final = 1 << 37  # 128 GiB: more than the largest BD-R has

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class DiscFile:
    """One file: its name below the root, its size in bytes, its SHA-256 in hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Contents:
    """The files in the order of their names."""

    files: tuple[DiscFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def read_contents(folder: int) -> Contents:
    """Measure what is in the folder with the descriptor ``folder``.

    Raises ``DiscError`` if it holds anything but regular files and folders with names for a disc,
    an empty file, nothing at all or too much.
    """
    files: list[DiscFile] = []
    try:
        for name, descriptor in _walk(folder, "", 1):
            with os.fdopen(descriptor, "rb") as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise bad_folder("one of them is not a regular file")
                if status.st_size == 0:
                    raise bad_folder("one of them is empty")
                digest = hashlib.file_digest(file, "sha256")
                size = file.tell()
            files.append(DiscFile(name, size, digest.hexdigest()))
    except OSError as error:
        raise bad_folder("one of them cannot be read") from error
    if not files:
        raise bad_folder("there are none")
    if one_name_to_some(file.name for file in files):
        raise bad_folder("two names differ in upper and lower case alone")
    if sum(file.size for file in files) > _MOST_BYTES:
        raise bad_folder("they are larger than any disc")
    return Contents(tuple(sorted(files, key=lambda file: file.name)))


def _walk(folder: int, above: str, level: int) -> Iterator[tuple[str, int]]:
    """Name and descriptor of each file; the descriptor belongs to the caller."""
    if level > MOST_LEVELS:
        raise bad_folder("folders are nested too deeply")
    names = os.listdir(folder)
    if len(names) > MOST_FILES:
        raise bad_folder("there are too many")
    for name in sorted(names):
        if not is_component(name):
            raise bad_folder("one has a name that not every system can read")
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            raise bad_folder("one of them is a link")
        if stat.S_ISDIR(status.st_mode):
            inner = os.open(name, _FOLDER, dir_fd=folder)
            try:
                yield from _walk(inner, f"{above}{name}/", level + 1)
            finally:
                os.close(inner)
        else:
            yield f"{above}{name}", os.open(name, _FILE, dir_fd=folder)

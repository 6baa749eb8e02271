"""The lock of Debian packages: the one file of each that the image may be built from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tools.image.errors import ImageError

_LINE = re.compile(
    r"([a-z0-9][a-z0-9+.-]+) ([A-Za-z0-9.+:~-]+) (amd64|all) ([0-9a-f]{64}) ([0-9]+)"
)
_HEADER = "# Debian packages that the image is built from, written by `make image-lock`.\n"
_ARCHIVE = "# archive of "
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, order=True)
class Locked:
    """One file of the archive. ``size`` is in bytes, ``sha256`` in hexadecimal."""

    name: str
    version: str
    architecture: str
    sha256: str
    size: int

    @property
    def file(self) -> str:
        """The file's name, as apt writes it: a colon would be one of a port."""
        return f"{self.name}_{self.version.replace(':', '%3a')}_{self.architecture}.deb"


@dataclass(frozen=True)
class Lock:
    """The packages, sorted by name, and the time (UTC) of the newest archive that has them."""

    archive: datetime
    packages: tuple[Locked, ...]

    def version(self, name: str) -> str:
        """The version of the package ``name``.

        Raises ``ImageError`` if it is not in the lock.
        """
        for package in self.packages:
            if package.name == name:
                return package.version
        raise ImageError(f"The lock has no package {name}.", "Run make image-lock.")


def read_lock(path: Path) -> Lock:
    """What the lock at ``path`` says.

    Raises ``ImageError`` if a line is malformed or out of order, or the time is missing.
    """
    archive, packages = None, []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith(_ARCHIVE):
            archive = datetime.strptime(line.removeprefix(_ARCHIVE), _TIME).replace(tzinfo=UTC)
        elif not line.startswith("#"):
            match = _LINE.fullmatch(line)
            if match is None:
                raise ImageError(f"Line {number} of the lock is malformed.", "Run make image-lock.")
            name, version, architecture, sha256, size = match.groups()
            packages.append(Locked(name, version, architecture, sha256, int(size)))
    names = [package.name for package in packages]
    if archive is None or names != sorted(set(names)):
        raise ImageError(
            "The lock does not name its archive, or its packages are not sorted.",
            "Run make image-lock.",
        )
    return Lock(archive, tuple(packages))


def lock_text(archive: datetime, packages: Iterable[Locked]) -> str:
    """The lock that has ``packages``, each once."""
    lines = (
        f"{one.name} {one.version} {one.architecture} {one.sha256} {one.size}\n"
        for one in sorted(set(packages))
    )
    return f"{_HEADER}{_ARCHIVE}{archive.strftime(_TIME)}\n{''.join(lines)}"


def read_list(path: Path) -> tuple[str, ...]:
    """The names in a list of packages: one a line, with comments after ``#``."""
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    return tuple(line for line in lines if line)

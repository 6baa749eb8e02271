"""Libraries that a wheel brings along: they have licences, and faults, of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.image.python_packages import Distribution

# The folders in which auditwheel puts them, and Qt's, where all but Qt is somebody else's.
_PLACE = re.compile(r".*(?:/|^)(?:[^/]+\.libs|PySide6/Qt/lib/(?=libicu))/?([^/]+)")
# auditwheel adds parts of a hash to the name: libx264-d6533a8d.so.165.
_FILE = re.compile(r"(.+?)(?:-r[0-9]+)?-?(?:-[0-9a-f]{8})*((?:\.[0-9]+)*)\.so((?:\.[0-9]+)*)")


@dataclass(frozen=True)
class Library:
    """A library in a wheel; ``version`` is that of its file, and may be empty."""

    wheel: str
    name: str
    version: str
    path: str


def libraries(wheel: Distribution) -> Iterator[Library]:
    """The libraries that the wheel brings along, sorted by path."""
    for path in sorted(wheel.files):
        place = _PLACE.fullmatch(path)
        file = place and _FILE.fullmatch(place[1])
        if file:
            yield Library(wheel.name, file[1], (file[3] or file[2]).strip("."), path)


def read_licences(path: Path) -> Mapping[tuple[str, str], str]:
    """The licence of each library, by its wheel and its name."""
    lines = (line.partition("#")[0].split(maxsplit=2) for line in path.read_text().splitlines())
    return {(line[0], line[1]): line[2] for line in lines if line}

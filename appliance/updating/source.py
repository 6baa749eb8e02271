"""Where a bundle is read from: a file, or a file on a disc, at any place and as often as needed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from appliance.disc_reader.contents import check_readable
from appliance.disc_reader.lister import list_disc
from appliance.disc_reader.listing import DiscFile
from appliance.disc_reader.medium import Medium
from appliance.errors import InputError
from appliance.files.read import open_regular
from appliance.files.reasons import reason_of

ON_DISC: Final = b"/appliance-update.bundle"
"""The name of the bundle on a disc."""


class Source(Protocol):
    """Bytes of a bundle."""

    @property
    def size(self) -> int:
        """How many there are."""
        ...

    def read(self, offset: int, size: int) -> bytes:
        """At most ``size`` bytes at ``offset``; fewer at the end. Raises ``InputError``."""
        ...


@dataclass(frozen=True, slots=True)
class FileSource:
    """An open file of ``size`` bytes."""

    descriptor: int
    size: int

    def read(self, offset: int, size: int) -> bytes:
        """At most ``size`` bytes at ``offset``. Raises ``InputError``."""
        try:
            return os.pread(self.descriptor, size, offset)
        except OSError as error:
            raise _cannot_read(error) from error


@dataclass(frozen=True, slots=True)
class DiscSource:
    """A file on a disc, where its directory says that it lies."""

    medium: Medium
    file: DiscFile

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.file.size

    def read(self, offset: int, size: int) -> bytes:
        """At most ``size`` bytes at ``offset``. Raises ``InputError``."""
        data, start = b"", 0
        for extent in self.file.extents:
            inside = offset + len(data) - start
            if 0 <= inside < extent.size and len(data) < size:
                wanted = min(extent.size - inside, size - len(data))
                piece = self.medium.read(extent.start + inside, wanted)
                data += piece
                if len(piece) < wanted:
                    break
            start += extent.size
        return data


@contextmanager
def from_file(path: Path) -> Iterator[Source]:
    """The file ``path``, open. Raises ``InputError``."""
    try:
        stream = open_regular(path)
    except OSError as error:
        raise _cannot_read(error) from error
    with stream:
        yield FileSource(stream.fileno(), os.fstat(stream.fileno()).st_size)


@contextmanager
def from_disc(drive: Path) -> Iterator[Source | None]:
    """The bundle on the disc in ``drive``; ``None`` if there is no such drive, disc or file.

    Raises ``InputError`` if the disc lists a bundle that cannot be read, or ``SealError``.
    """
    try:
        medium = Medium.open(drive)
    except InputError:
        yield None  # no drive, no disc, or none that holds files: most boots are like this
        return
    with medium:
        file = next((one for one in list_disc(medium) if one.path == ON_DISC), None)
        if file is None:
            yield None
            return
        check_readable(file)
        yield DiscSource(medium, file)


def _cannot_read(error: OSError) -> InputError:
    reason = reason_of(error)
    return InputError(f"The update cannot be read: {reason.why}.", reason.hint)

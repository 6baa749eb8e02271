"""The interface ``io.faceappliance.Disc``, by which the kiosk gets files from a disc from outside.

What comes out is as a stranger burned it. It is for Import of ``io.faceappliance.Worker`` and for
nothing else: there a sealed process decodes it.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

NAME = "io.faceappliance.Disc"

DESCRIPTION = """\
# What only the kiosk may ask of the disc reader.
interface io.faceappliance.Disc

# A file on the disc. `name`: for the screen of the person who holds the disc, and for nothing else;
# escaped, and without its beginning if it is long. `size`: bytes. `refusal`: why it cannot be
# opened, if so, one of outside, packed, shared and too-large.
type File (number: int, name: string, size: int, refusal: ?string)

# Without `after`: read the disc and list its files, a hundred at most. With it: the files after the
# one with this number. `more`: whether there are others. A number stands for its file until the
# disc is read again, another one is in the drive, or nothing was asked for ten minutes.
method List(after: ?int) -> (files: []File, more: bool)

# The bytes of one file, by the only descriptor that comes with the answer: up to 64 MiB in memory
# that nobody can change, more through a pipe. `size` is to be passed on to Import: a pipe that
# gives fewer bytes was cut off because the disc cannot be read, or was changed. Meanwhile the drive
# is busy and stays closed; a pipe that is not read for ten minutes is given up.
method Open(number: int) -> (size: int)

# The number is of an older listing, or another disc is in the drive.
error OtherDisc ()
error Busy ()
error Failed (message: string, hint: string)
error Bug ()
"""

Number = Annotated[int, msgspec.Meta(ge=1, le=(1 << 53) - 1)]


class List(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of List."""

    after: Number | None = None


class Open(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of Open."""

    number: Number


class File(msgspec.Struct, frozen=True):
    """A file in the answer of List; ``size`` in bytes."""

    number: int
    name: str
    size: int
    refusal: Literal["outside", "packed", "shared", "too-large"] | None = None

    def __repr__(self) -> str:
        """Without the name, which may be a patient's."""
        return f"File({self.number})"


class Files(msgspec.Struct, frozen=True):
    """Answer of List."""

    files: list[File]
    more: bool


class Opened(msgspec.Struct, frozen=True):
    """Answer of Open; ``size`` in bytes."""

    size: int


class Failed(msgspec.Struct, frozen=True):
    """Details of the error of this name; they hold no name of a file."""

    message: str
    hint: str


def error_name(name: str) -> str:
    """The full name of an error of this interface."""
    return f"{NAME}.{name}"

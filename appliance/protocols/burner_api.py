"""The interface ``io.faceappliance.Burner``, by which the releaser has a disc written.

The burner has the drive and nothing else: neither a key nor the ledger. It gets a folder as a
descriptor, so it can reach no file that is not on the disc.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, TypeAlias

import msgspec

NAME = "io.faceappliance.Burner"

DESCRIPTION = """\
# What only the releaser may ask of the burner.
interface io.faceappliance.Burner

# Write the folder whose descriptor comes with the call, the only one, to the blank disc in the
# drive; close the disc, read it back and compare every file. `label` is the name of the volume,
# `date` that of the disc and of every file on it, in seconds since 1970. The burner must be able to
# read the files, which are regular, in folders. To be called with `more`: each answer says how much
# is done, from 0 to 1, and the last one has the SHA-256 and the size in bytes of the medium as it
# was read back. Who hangs up before that spoils the disc.
method Burn(label: string, date: int) -> (done: float, sha256: ?string, size: ?int)

error NoDescriptor ()
# Nothing was written, for one of these reasons.
error BadFolder ()
error Busy ()
error NoProgram ()
error NoDrive ()
error NotBlank ()
error Rewritable ()
error TooSmall (needed: int, free: int)
# Writing had begun: the disc is spoiled, and there may be pictures on it.
error Failed (stage: string)
error Bug ()
"""


class Burn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of Burn; ``label``: of ISO 9660's d-characters; ``date``: up to the year 2155."""

    label: Annotated[str, msgspec.Meta(pattern=r"\A[A-Z0-9_]{1,32}\Z")]
    # ISO 9660 has a byte for the years since 1900 (ECMA-119, 9.1.5).
    date: Annotated[int, msgspec.Meta(ge=0, le=5_800_000_000)]


class Burning(msgspec.Struct, frozen=True):
    """Answer of Burn; ``sha256`` and ``size`` come with the last one alone."""

    done: Annotated[float, msgspec.Meta(ge=0, le=1)]
    sha256: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")] | None = None
    size: Annotated[int, msgspec.Meta(ge=1, le=1 << 40)] | None = None


class TooSmall(msgspec.Struct, frozen=True):
    """Details of TooSmall, in bytes."""

    needed: int
    free: int


class Failed(msgspec.Struct, frozen=True):
    """Details of Failed; ``stage``: which part of the work."""

    stage: Literal["write", "close", "read", "compare"]


Reason: TypeAlias = Literal[
    "busy", "no-burner", "no-drive", "not-blank", "rewritable", "too-small", "folder"
]

REASONS: Mapping[str, Reason] = MappingProxyType(
    {
        "Busy": "busy",
        "NoProgram": "no-burner",
        "NoDrive": "no-drive",
        "NotBlank": "not-blank",
        "Rewritable": "rewritable",
        "TooSmall": "too-small",
        "BadFolder": "folder",
    }
)
"""Errors after which the disc is as it was, as codes for those who asked for it."""


def error_name(name: str) -> str:
    """The full name of an error of this interface."""
    return f"{NAME}.{name}"

"""The interface ``io.faceappliance.AuditDesk``, by which the auditor asks the broker for an export.

The auditor can make no socket and has no place in the ledger. So the broker, which knows who looks,
logs what is exported, and gives it a connection to the burner.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

NAME = "io.faceappliance.AuditDesk"

DESCRIPTION = """\
# What only the auditor may ask of the broker, by the connection that it was given.
interface io.faceappliance.AuditDesk

# A connection to the burner, the only descriptor that comes with the answer.
method Burner() -> ()

# Log that these entries are exported. `sums`: the SHA-256 of the list of checksums of what is
# exported. `number`: the index of the entry that says so.
method Exporting(first: int, last: int, entries: int, sums: string) -> (number: int)

error NoBurner ()
error NoLedger ()
error Bug ()
"""

_Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 53) - 1)]


class Exporting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of Exporting."""

    first: _Count
    last: _Count
    entries: _Count
    sums: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class Logged(msgspec.Struct, frozen=True):
    """Answer of Exporting."""

    number: _Count


def error_name(name: str) -> str:
    """The full name of an error of this interface."""
    return f"{NAME}.{name}"

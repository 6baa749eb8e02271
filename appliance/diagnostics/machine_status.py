"""What the doctor left on the machine, for those who have no rights to look themselves.

It runs as root, once an hour; the broker, which shows it, and the auditor believe no more of the
file than these types hold. None of it is about a person.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import msgspec

from appliance.files.atomic import write_file
from appliance.machine import boot_id
from appliance.protocols.machine_view import Check, InstalledPack

FILE: Final = Path("/run/appliance-doctor/status.json")
MOST_CHECKS: Final = 120
MOST_PACKS: Final = 32
OLD: Final = 2 * 3_600_000
"""Milliseconds after which it is old: the timer runs every hour."""

_LONGEST_TEXT = 160  # characters: so many checks fit a message
_LONGEST = 256 << 10  # bytes of the file
_AHEAD = 60_000  # milliseconds by which the clock of the writer may have been ahead

_Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 53) - 1)]


class MachineStatus(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``at``: when, in milliseconds since 1970; ``boot``: the id of that start of the machine.

    ``ok``: whether all checks passed; ``left_off``: how many that passed are not in ``checks``.
    ``counter``: the value of the counter in the TPM, ``None`` where there is none.
    """

    at: _Count
    boot: Annotated[str, msgspec.Meta(max_length=64)]
    ok: bool
    checks: Annotated[list[Check], msgspec.Meta(max_length=MOST_CHECKS)]
    left_off: _Count
    packs: Annotated[list[InstalledPack], msgspec.Meta(max_length=MOST_PACKS)]
    counter: _Count | None = None

    def is_old(self, now: int) -> bool:
        """Whether it says nothing of the machine as it is; ``now`` in milliseconds since 1970."""
        return self.boot != boot_id() or not -_AHEAD <= now - self.at <= OLD


def status_of(
    at: int,
    boot: str,
    checks: list[Check],
    packs: list[InstalledPack],
    counter: int | None = None,
) -> MachineStatus:
    """The status to leave: every check that failed first, each text cut to its bound.

    ``at`` and ``boot``: as in ``MachineStatus``.
    """
    by_need = sorted(checks, key=lambda one: one.ok)
    kept = [
        Check(one.group[:32], one.name[:64], one.ok, one.evidence[:_LONGEST_TEXT])
        for one in by_need[:MOST_CHECKS]
    ]
    cut = [
        InstalledPack(one.name, one.roles, one.refused and one.refused[:_LONGEST_TEXT])
        for one in packs[:MOST_PACKS]
    ]
    ok = all(one.ok for one in checks)
    return MachineStatus(at, boot, ok, kept, len(checks) - len(kept), cut, counter)


def write_status(status: MachineStatus, path: Path) -> None:
    """Replace the file at ``path``, readable for all. Raises ``OSError``."""
    write_file(path, msgspec.json.encode(status), 0o644)


def read_status(path: Path = FILE) -> MachineStatus | None:
    """What is at ``path``; ``None`` if nothing is that can be understood."""
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST + 1)
        return msgspec.json.decode(data, type=MachineStatus) if len(data) <= _LONGEST else None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None

"""What the policy says about sessions, as the broker needs it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from appliance.errors import SessionError
from appliance.session.login import Method
from appliance.session.state import Limits
from appliance.session.volume import LuksVolume, MemoryVolume, Volume

STATE = Path("/var/lib/appliance")
RUN = Path("/run/appliance")
FILE = Path("/etc/appliance/session.json")


@dataclass(frozen=True, slots=True)
class Project:
    """A workspace that outlives visits: who may use it, and for how many seconds in all."""

    members: frozenset[str]
    seconds: float


@dataclass(frozen=True, slots=True)
class Settings:
    """``policy`` is the SHA-256 of the policy file; sizes in bytes, times in seconds.

    ``backing``: the folder of the sparse files of the workspaces, or a folder of links to block
    devices, one a slot, named after it. ``None`` keeps workspaces in memory.
    """

    policy: str
    method: Method
    backing: Path | None
    size: int
    inodes: int
    slots: int
    limits: Limits
    projects: Mapping[str, Project] = field(default_factory=dict)

    def volume(self, slot: str) -> Volume:
        """An unmade workspace for a slot."""
        if self.backing is None:
            return MemoryVolume(slot, self.size, self.inodes)
        return LuksVolume(slot, self.backing / slot, self.size, self.inodes)

    def slot_names(self) -> tuple[str, ...]:
        """All slots; each has a user of its own (hardening/sysusers)."""
        return tuple(f"w{number}" for number in range(self.slots))


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings file, until it is read from the policy."""

    method: Method = "fido2"
    memory: bool = False
    size: int = 20 << 30
    inodes: int = 100_000
    slots: int = 8
    idle: float = 600
    grace: float = 300
    absolute: float = 8 * 3600
    projects: dict[str, list[str]] = {}
    project_seconds: float = 12 * 3600


def load() -> Settings:
    """The settings of this machine; raises ``SessionError``."""
    try:
        raw = FILE.read_bytes() if FILE.exists() else b"{}"
        file = msgspec.json.decode(raw, type=_File)
    except (OSError, msgspec.DecodeError) as error:
        raise SessionError(
            f"The settings of sessions are wrong: {error}.", "Correct them."
        ) from error
    return Settings(
        policy=hashlib.sha256(raw).hexdigest(),
        method=file.method,
        backing=None if file.memory else STATE / "workspace",
        size=file.size,
        inodes=file.inodes,
        slots=file.slots,
        limits=Limits(file.idle, file.grace, file.absolute),
        projects={
            name: Project(frozenset(members), file.project_seconds)
            for name, members in file.projects.items()
        },
    )

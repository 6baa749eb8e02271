"""What the policy says about sessions, as the broker needs it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from appliance.policy.policy import Policy, Project
from appliance.session.login import Method
from appliance.session.state import Limits
from appliance.session.volume import Backing, LuksVolume, MemoryVolume, Volume

_MIB = 1 << 20
_DAY = 86_400.0  # seconds
_METHODS: dict[str, Method] = {"fido2": "fido2", "smart-card": "piv"}


@dataclass(frozen=True, slots=True)
class Settings:
    """``policy``, with its words turned into things. ``state``: the folder that outlives a boot."""

    policy: Policy
    state: Path

    @property
    def method(self) -> Method:
        """How a person proves who it is."""
        return _METHODS[self.policy.token.method]

    @property
    def limits(self) -> Limits:
        """Of a visit."""
        session = self.policy.session
        return Limits(session.idle_seconds, session.grace_seconds, session.absolute_seconds)

    def limits_of(self, project: Project) -> Limits:
        """Of a workspace that outlives its visits."""
        limits = self.limits
        return Limits(limits.idle, limits.grace, project.days * _DAY, parks=True)

    def project(self, name: str, user: str) -> Project | None:
        """The project of this name, if this user is a member."""
        named = (project for project in self.policy.projects if project.name == name)
        return next((project for project in named if user in project.members), None)

    def slot_names(self) -> tuple[str, ...]:
        """All slots; each has a user of its own (hardening/sysusers)."""
        return tuple(f"w{number}" for number in range(self.policy.workspace.slots))

    def volume(self, slot: str) -> Volume:
        """An unmade workspace for a slot."""
        wanted = self.policy.workspace
        size = wanted.size_mib * _MIB
        if wanted.backend == "memory":
            return MemoryVolume(slot, size, wanted.inodes)
        if wanted.device is None:
            backing = Backing(self.state / "workspace" / slot, size)
        else:
            # Each slot has its own stretch of the device.
            backing = Backing(Path(wanted.device), size, int(slot[1:]) * size, device=True)
        discards = self.policy.wipe.method == "cryptographic-erase-and-discard"
        return LuksVolume(slot, backing, wanted.inodes, discards=discards)

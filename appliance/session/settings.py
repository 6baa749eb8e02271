"""What the policy says about sessions, as the broker needs it."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.policy.policy import Policy, Project
from appliance.session.login import Method
from appliance.session.state import Limits

_DAY = 86_400.0  # seconds
_METHODS: dict[str, Method] = {"fido2": "fido2", "smart-card": "piv"}


@dataclass(frozen=True, slots=True)
class Settings:
    """The values of ``policy`` in the types of this package."""

    policy: Policy

    @property
    def method(self) -> Method:
        """How a person authenticates."""
        return _METHODS[self.policy.token.method]

    @property
    def limits(self) -> Limits:
        """The limits of a session that is not a project."""
        session = self.policy.session
        return Limits(session.idle_seconds, session.grace_seconds, session.absolute_seconds)

    def limits_of(self, project: Project) -> Limits:
        """The limits of a project: its workspace is kept for days, between logins."""
        limits = self.limits
        return Limits(limits.idle, limits.grace, project.days * _DAY, parks=True)

    def project(self, name: str, user: str) -> Project | None:
        """The project of this name, if this user is a member."""
        named = (project for project in self.policy.projects if project.name == name)
        return next((project for project in named if user in project.members), None)

    def slot_names(self) -> tuple[str, ...]:
        """The names of all slots; each has a user of its own (hardening/sysusers)."""
        return tuple(f"w{number}" for number in range(self.policy.workspace.slots))

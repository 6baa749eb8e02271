"""Which roles people have, and what these allow.

Roles are in a file next to the registered tokens, since that one is pam_u2f's and has no room for
more: ``NAME:ROLE[,ROLE…]``, a line for each user. It belongs to root; the broker only reads it, at
each decision, so that a role that is taken away counts at once. What cannot be understood gives
nobody a role: a name with two lines or an unknown word has none, and not even those of the
unassigned.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from appliance.policy.policy import Role, Roles

Act: TypeAlias = Literal["work", "request", "approve", "audit", "administer"]
"""What a role is asked for: see ``policy.Roles``."""

FILE = Path("/etc/appliance/roles")
_LONGEST = 1 << 20  # bytes of the file; a line has less than 100
_KNOWN: frozenset[str] = frozenset(get_args(Role))


@dataclass(frozen=True, slots=True)
class Permissions:
    """``rules``: those of the policy. ``read``: the text of the file, or ``None`` without one.

    ``read`` raises ``OSError`` where there is a file that cannot be read.
    """

    rules: Roles
    read: Callable[[], str | None]

    def allow(self, user: str, act: Act) -> bool:
        """Whether ``user`` may do ``act``. In doubt not."""
        try:
            text = self.read()
        except (OSError, ValueError):
            return False
        held = held_by(user, text or "")
        if held is None:
            return False
        wanted: Collection[str] = {
            "work": self.rules.work,
            "request": self.rules.request,
            "approve": self.rules.approve,
            "audit": self.rules.audit,
            "administer": self.rules.administer,
        }[act]
        return bool((held or {"unassigned"}) & {*wanted})

    def allowed(self, user: str) -> list[Act]:
        """All that ``user`` may do."""
        return [act for act in get_args(Act) if self.allow(user, act)]

    def of(self, user: str) -> frozenset[str]:
        """The roles of ``user``; none where that is not certain."""
        try:
            return held_by(user, self.read() or "") or frozenset()
        except (OSError, ValueError):
            return frozenset()

    def named(self) -> frozenset[str]:
        """Who has a line in the file; nobody where it cannot be read."""
        try:
            return frozenset(name.strip() for name, _, _ in _entries(self.read() or ""))
        except (OSError, ValueError):
            return frozenset()


def held_by(user: str, text: str) -> frozenset[str] | None:
    """The roles of ``user``: empty if no line names them, ``None`` if that is not certain."""
    own = [roles for name, _, roles in _entries(text) if name.strip() == user]
    if not own:
        return frozenset()
    roles = [role.strip() for role in own[0].split(",")]
    certain = len(own) == 1 and len({*roles}) == len(roles) and _KNOWN.issuperset(roles)
    return frozenset(roles) if certain else None


def _entries(text: str) -> list[tuple[str, str, str]]:
    """The lines that say something, as name, colon and roles."""
    lines = [line.strip() for line in text.splitlines()]
    return [line.partition(":") for line in lines if line and not line.startswith("#")]


def read_file(path: Path = FILE) -> str | None:
    """The text of the file; ``None`` if there is none. Raises ``OSError`` or ``ValueError``."""
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST + 1)
    except FileNotFoundError:
        return None
    if len(data) > _LONGEST:
        raise ValueError
    return data.decode("utf-8")

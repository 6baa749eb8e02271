"""The people of a training machine, their roles, and the PIN that all their tokens have."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from appliance.files.atomic import publish
from appliance.policy.policy import Role
from appliance.training.place import Place

PIN: Final = "1234"

PEOPLE: Final = MappingProxyType[str, Role](
    {"anna": "clinician", "ruth": "approver", "emil": "auditor", "nora": "administrator"}
)
"""Roles by name. Examples: these are nobody's names."""


@dataclass(frozen=True, slots=True)
class Files:
    """The text of the files that name tokens and roles, as pam_u2f and the broker read them."""

    registered: str
    roles: str


def files() -> Files:
    """Each person has one token, whose handle and key say that it is none."""
    tokens = (f"{name}:training-{name},no-key-{name},es256,+presence+pin\n" for name in PEOPLE)
    return Files("".join(tokens), "".join(f"{name}:{role}\n" for name, role in PEOPLE.items()))


def register(place: Place) -> None:
    """Write both files. Raises ``OSError``."""
    made = files()
    publish(
        place.folder,
        {place.registered.name: made.registered.encode(), place.roles.name: made.roles.encode()},
        mode=0o600,
    )

"""What the administrator's screen shows of the machine: the answer of the broker's Machine."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

TYPES = """\
# A person with a token that is registered, or a role.
type Person (name: string, roles: []string, tokens: int)

# The space of a file system, in bytes. `name`: ledger, workspaces or system.
type Space (name: string, free: int, size: int)

# A pack of models. `refused`: why it is not used, if so.
type InstalledPack (name: string, roles: []string, refused: ?string)

# A check of the doctor. `evidence`: what was found, of the machine and not of any person.
type Check (group: string, name: string, ok: bool, evidence: string)

# What the doctor found. `at`: when, in milliseconds since 1970. `old`: longer ago than two hours,
# or before the machine was started. `ok`: whether all checks passed; `left_off`: how many of those
# that passed are not listed.
type Health (at: int, old: bool, ok: bool, left_off: int)
"""

METHOD = """\
# An administrator logs in to see how the machine is; no picture, and nothing of any session but
# the state of its place. `policy`: SHA-256 of the policy; `own`: its keys that have another value
# than the default. `health` is null if the doctor has left nothing that can be read; `checks` and
# `packs` are its.
method Machine(user: string, pin: string) -> (slots: []SessionStatus, places: int, \
policy: string, own: []string, space: []Space, people: []Person, health: ?Health, \
checks: []Check, packs: []InstalledPack, version: string)
"""


SpaceName: TypeAlias = Literal["ledger", "workspaces", "system"]


class Person(msgspec.Struct, frozen=True):
    """One person in the answer of Machine."""

    name: str
    roles: list[str]
    tokens: int


class Space(msgspec.Struct, frozen=True):
    """One file system in the answer of Machine, in bytes."""

    name: SpaceName
    free: int
    size: int


class InstalledPack(msgspec.Struct, frozen=True):
    """One pack of models in the answer of Machine."""

    name: str
    roles: list[str] = []
    refused: str | None = None


class Check(msgspec.Struct, frozen=True):
    """One check in the answer of Machine."""

    group: str
    name: str
    ok: bool
    evidence: str


class Health(msgspec.Struct, frozen=True):
    """What the doctor found; ``at`` in milliseconds since 1970."""

    at: int
    old: bool
    ok: bool
    left_off: int

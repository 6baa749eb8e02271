"""What an administrator sees of the machine: checks, storage, packs, rules and people."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import msgspec

from appliance.kiosk.calls.caller import Failed
from appliance.kiosk.calls.services import of_broker
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.models.times import minute
from appliance.kiosk.visit.state import Step
from appliance.protocols import broker_api, machine_view

Part = Literal["checks", "storage", "people"]

_GROUP = 4  # hex digits
_GIB = 1 << 30


class Check(msgspec.Struct, frozen=True):
    """A check of the doctor. ``evidence`` is what the machine said, in its own words."""

    group: str
    name: str
    ok: bool
    evidence: str


class Group(msgspec.Struct, frozen=True):
    """The checks of one kind; those that failed come first."""

    name: str
    failed: int
    checks: list[Check]


class Space(msgspec.Struct, frozen=True):
    """A file system. ``free`` and ``size`` in GiB, ``percent`` free."""

    name: machine_view.SpaceName
    free: str
    size: str
    percent: int


class Pack(msgspec.Struct, frozen=True):
    """A pack of models. ``refused``: why it is not used, in the machine's own words."""

    name: str
    roles: str
    refused: str


class Person(msgspec.Struct, frozen=True):
    """A person with a token or a role."""

    name: str
    roles: list[str]
    tokens: int


class Slot(msgspec.Struct, frozen=True):
    """A place that is taken."""

    name: str
    state: str


class MachineState(msgspec.Struct, frozen=True):
    """``health``: none where the doctor has left nothing. ``made``: when it looked.

    ``groups``: those with failures first. ``policy``: groups of four hex digits; ``own``: the
    policy's keys that have another value than the default.
    """

    health: Literal["none", "good", "bad"] = "none"
    old: bool = False
    made: str = ""
    failed: int = 0
    passed: int = 0
    groups: list[Group] = []
    group: str = ""
    slots: list[Slot] = []
    places: int = 0
    space: list[Space] = []
    packs: list[Pack] = []
    people: list[Person] = []
    policy: list[str] = []
    own: list[str] = []
    software: str = ""
    seen: str = ""


class Machine(Model[MachineState]):
    """As it was when the administrator logged in: another look takes another login."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(MachineState())
        self._shared = shared
        self._wanted = 0

    def forget(self) -> None:
        """Drop what was seen, and what is still to be answered."""
        self._wanted += 1
        self.show(**msgspec.structs.asdict(MachineState()))

    def open(self, user: str, pin: str, seen: Callable[[], object], failed: Failed) -> None:
        """Log in; what there is to see comes with the answer. Then ``seen`` is called."""
        self._wanted += 1
        wanted = self._wanted

        def answered(machine: broker_api.Machine) -> None:
            if wanted == self._wanted:
                self._take(machine)
                seen()

        self._shared.broker.ask(
            of_broker("Machine", broker_api.LogIn(user, pin), broker_api.Machine), answered, failed
        )

    @action
    def turn_to(self, part: Part) -> None:
        """Look at another part."""
        self._shared.place.go(Step(part))

    @action
    def choose(self, group: str) -> None:
        """Look at the checks of one kind."""
        self.show(group=group)

    def _take(self, machine: broker_api.Machine) -> None:
        health = machine.health
        failed = sum(not one.ok for one in machine.checks)
        groups = groups_of(machine.checks)
        self.show(
            health="none" if health is None else "good" if health.ok else "bad",
            old=health is not None and health.old,
            made="" if health is None else minute(health.at),
            failed=failed,
            passed=len(machine.checks) - failed + (health.left_off if health else 0),
            groups=groups,
            group=groups[0].name if groups else "",
            slots=[Slot(one.slot, one.state) for one in machine.slots],
            places=machine.places,
            space=[_space(one) for one in machine.space],
            packs=[_pack(one) for one in _worst_first(machine.packs)],
            people=[Person(one.name, one.roles, one.tokens) for one in machine.people],
            policy=[
                machine.policy[at : at + _GROUP] for at in range(0, len(machine.policy), _GROUP)
            ],
            own=machine.own,
            software=machine.version,
            seen=minute(time.time_ns() // 1_000_000),
        )


def groups_of(checks: Sequence[machine_view.Check]) -> list[Group]:
    """The checks by their kind, the worst first, otherwise in the doctor's order."""
    by_name: dict[str, list[Check]] = {}
    for one in checks:
        by_name.setdefault(one.group, []).append(Check(one.group, one.name, one.ok, one.evidence))
    groups = [
        Group(name, sum(not one.ok for one in held), sorted(held, key=lambda one: one.ok))
        for name, held in by_name.items()
    ]
    return sorted(groups, key=lambda one: -one.failed)


def _worst_first(packs: Iterable[machine_view.InstalledPack]) -> list[machine_view.InstalledPack]:
    return sorted(packs, key=lambda one: one.refused is None)


def _space(one: machine_view.Space) -> Space:
    percent = 100 * one.free // max(1, one.size)
    return Space(one.name, f"{one.free / _GIB:.1f}", f"{one.size / _GIB:.1f}", percent)


def _pack(one: machine_view.InstalledPack) -> Pack:
    return Pack(one.name, ", ".join(one.roles), one.refused or "")

"""Ten synthetic days of an appliance, for the report."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from typing import Literal

from appliance.audit.entries import events
from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.fields import Layer, Role
from appliance.audit.entries.recorder import ClockReading

START = 1_795_500_000_000  # 2026-11-24 06:00 UTC
MINUTE = 60_000

Step = tuple[int, Role, AnyEvent]
"""Wall clock in milliseconds, the role that logs, the event."""


class StoryClock:
    """Shows the time at which the next step happens."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> ClockReading:
        return ClockReading(self.at, self.at - START + 9_000, "0a1b2c3d")


def story() -> Iterator[Step]:
    """The same steps every time."""
    dice = random.Random(7)  # noqa: S311 - made-up data
    people = [dice.randbytes(16).hex() for _ in range(4)]
    policy, pack = dice.randbytes(32).hex(), dice.randbytes(32).hex()
    for day in range(10):
        at = START + day * 1440 * MINUTE
        yield at, "broker", events.PolicyLoaded(policy, "clinic")
        yield at + 900, "worker", events.ModelPackLoaded(pack, 7, "valid")
        yield at + 1000, "attester", events.BootMeasured("policy", policy)
        yield at + 1000, "attester", events.BootMeasured("packs", pack, 1)
        for _ in range(dice.randint(1, 4)):
            at += dice.randint(20, 90) * MINUTE
            if dice.random() < 0.25:
                yield at, "broker", events.LoginRefused("wrong-pin", dice.choice(people))
                at += MINUTE
            yield from _session(dice, at, people, pack)
        if day == 4:
            yield at + 70 * MINUTE, "worker", events.EscapeAttempt("seccomp", "socket", 1, None)
            yield at + 71 * MINUTE, "audit", events.EntryRefused("worker", "kind", 1)
            yield at + 80 * MINUTE, "broker", events.DeviceRefused("storage")
    yield at + 85 * MINUTE, "keeper", events.Provisioned(2, dice.randbytes(32).hex(), "signers")
    yield at + 86 * MINUTE, "keeper", events.ProvisioningRefused("number", policy)
    yield at + 87 * MINUTE, "keeper", events.UpdateRefused("older", 4)
    yield at + 88 * MINUTE, "keeper", events.UpdateInstalled(5, policy)
    yield at + 90 * MINUTE, "broker", events.AuditViewed(people[0])
    yield at + 91 * MINUTE, "broker", events.MachineViewed(people[1])
    yield at + 95 * MINUTE, "embedded", events.LogRead("search", 3, 90, 12)


def _session(dice: random.Random, at: int, people: list[str], pack: str) -> Iterator[Step]:
    session, person = dice.randbytes(8).hex(), dice.choice(people)
    yield at, "broker", events.LoginGranted(person, "fido2")
    yield at + 800, "broker", events.SessionOpened(session, person, dice.randbytes(16).hex())
    yield at + 900, "worker", _sealed()
    jobs = dice.randint(1, 5)
    for job in range(1, jobs + 1):
        at += dice.randint(2, 9) * MINUTE
        item = dice.randbytes(16).hex()
        yield (
            at,
            "worker",
            events.MediaImported(session, item, "target", "photo", 4_812_331, "disc", 2 * session),
        )
        if dice.random() < 0.2:
            yield from _simulation(dice, at + 500, session, job, (item, pack))
            continue
        yield at + 500, "worker", events.JobStarted(session, job, "mesh", "photo", pack)
        likeness = dice.randint(18, 96)
        same = likeness >= 36
        outcome: Literal["same", "different"] = "same" if same else "different"
        checked = events.SamePersonChecked(session, job, outcome, likeness, 36)
        yield at + 900, "worker", checked
        if not same:
            yield at + 950, "worker", events.JobRefused(session, job, "not-same-person")
            continue
        result = dice.randbytes(32).hex()
        yield at + 2_100, "worker", events.JobFinished(session, job, result, 1, 1, 1_190)
        shown = hashlib.sha256(result.encode()).hexdigest()
        yield at + 2_200, "worker", events.HandedOver(session, "preview", shown, 48_211)
        if job == jobs:
            yield at + 2_300, "worker", events.ResultRefused(session, result, "second-person")
            yield at + 2_400, "worker", events.ItemDiscarded(session, "photo", item)
        if dice.random() < 0.4:
            second = dice.choice([other for other in people if other != person])
            yield from _release(dice, at + MINUTE, session, result, (person, second))
    at += 12 * MINUTE
    yield (
        at,
        "broker",
        events.SessionClosed(session, dice.choice(("user", "idle")), jobs, 40 * MINUTE),
    )
    key = dice.randbytes(32).hex()
    if dice.random() < 0.06:
        yield at + 2_000, "broker", events.SessionWipeFailed(session, "discard", 2)
        at += 3 * MINUTE
    erased = events.WorkspaceErased(key, "luks-header-dropped", 4, 0, "whole", 1_840)
    yield at + 2_300, "keeper", erased
    wiped = events.SessionWiped(session, key, "luks-header-dropped", 4, 0, 1_840)
    yield at + 2_400, "broker", wiped


def _simulation(
    dice: random.Random, at: int, session: str, job: int, of: tuple[str, str]
) -> Iterator[Step]:
    item, pack = of
    yield at, "worker", events.JobStarted(session, job, "simulation", "photo", pack)
    if dice.random() < 0.3:
        yield (
            at + 1,
            "worker",
            events.SimulationRefused(session, job, "handle", "policy", "tip-projection", 3_500),
        )
        yield at + 2, "worker", events.JobRefused(session, job, "handle")
        return
    photo, result = dice.randbytes(32).hex(), dice.randbytes(32).hex()
    yield at + 300, "worker", events.SimulationApplied(session, job, photo, item)
    yield at + 300, "worker", events.HandleMoved(session, job, "tip-rotation", 6_000)
    yield at + 300, "worker", events.HandleMoved(session, job, "hump", -1_500, "least")
    yield at + 300, "worker", events.PointsPlaced(session, job, 14, "found")
    yield at + 300, "worker", events.DragsApplied(session, job, 3, 4_250)
    yield at + 300, "worker", events.RegionChanged(session, job, "line", 140, 100)
    yield at + 700, "worker", events.JobFinished(session, job, result, 1, 1, 690)
    yield at + 900, "worker", events.PatientAgreed(session, 3, item)


def _release(
    dice: random.Random, at: int, session: str, result: str, people: tuple[str, str]
) -> Iterator[Step]:
    person, second = people
    number = dice.randrange(1 << 16)
    yield at, "broker", events.ReleaseRequested(session, 2, result, person, 900)
    if dice.random() < 0.2:
        yield (
            at + 4_000,
            "broker",
            events.ReleaseRefused(session, "decide", "same-person", person, number),
        )
    yield at + 8_000, "broker", events.ReleaseViewed(session, number, second)
    if dice.random() < 0.2:
        yield at + 9_000, "broker", events.ReleaseDeclined(session, number, "quality", second)
        return
    approved = events.ReleaseApproved(session, number, result, second)
    yield at + 20_000, "broker", approved
    yield at + 21_000, "worker", events.HandedOver(session, "release", result, 2_411_905)
    yield at + 22_000, "broker", events.ReleaseTaken(session, number + 9)
    copy, disc = dice.randbytes(32).hex(), dice.randbytes(32).hex()
    yield at + 23_000, "releaser", events.ReleaseSigned(number + 9, copy, "photo", "mesh")
    begun = events.ReleaseBegun(dice.randbytes(8).hex(), result, "photo", "mesh")
    yield at + 40_000, "embedded", begun
    if dice.random() < 0.2:
        yield at + 54_000, "broker", events.ReleaseDropped(session, number + 9)
        return
    yield at + 55_000, "releaser", events.ReleaseBurned(number + 9, copy, "disc", disc)


def _sealed() -> events.SealResult:
    layers: tuple[Layer, ...] = (
        "namespace",
        "seccomp",
        "landlock",
        "nftables",
        "guard",
        "rlimits",
        "telemetry",
    )
    return events.SealResult("sealed", layers, 7, 43, 0)

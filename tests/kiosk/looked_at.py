"""What an auditor and an administrator see in the scenes: made up, as all of a scene is."""

from __future__ import annotations

from typing import cast, get_args

from appliance.audit.entries.fields import ClosingReason
from appliance.kiosk.models.audit import Finding
from appliance.kiosk.models.audit_entries import line_of
from appliance.kiosk.models.audit_sessions import columns_of, row_of, ticks_of
from appliance.kiosk.models.machine import Pack, Person, Slot, Space, groups_of
from appliance.kiosk.models.times import DAY
from appliance.protocols import auditor_api as api
from appliance.protocols import machine_view
from tests.kiosk.stage import Stage

_BEGIN = 1_780_012_800_000  # 2026-05-29
_DAYS = 12
_WIPED = ("clean", "unproven", "clean", "failed", "clean", "missing", "clean", "clean", "clean")
_SESSION = "0011223344556677"
_GROUPS = [f"{17 * number % 65536:04x}" for number in range(301, 317)]


def auditor(stage: Stage) -> None:
    """An auditor is there, and has checked nothing yet."""
    stage.model("bar").show(who="emil", role="auditor", engine="", free_percent=-1, minutes=-1)


def checking(stage: Stage) -> None:
    """The log is being read."""
    auditor(stage)
    stage.model("audit").show(checking=0.42)


def sound(stage: Stage) -> None:
    """The log was checked."""
    auditor(stage)
    stage.model("audit").show(
        verdict="sound", entries=18_204, pruned=1200, fingerprint=_GROUPS, key=_GROUPS[::-1],
        since="2026-05-29 08:12", at="2026-06-09 17:40", anchored="2026-06-09 17:00",
        outside="yes", counter="unknown",
    )  # fmt: skip


def damaged(stage: Stage) -> None:
    """The log was checked, and is not whole."""
    sound(stage)
    stage.model("audit").show(
        verdict="damaged", problems=3, outside="no", counter="no", anchored="", pruned=0,
        findings=[
            Finding("entry", entry=4071),
            Finding("truncated", file="checkpoint"),
            Finding("tpm", file="checkpoint"),
        ],
    )  # fmt: skip


def sessions(stage: Stage) -> None:
    """A page of the line of time: a session of every kind of end, and one that is open."""
    auditor(stage)
    end = _BEGIN + _DAYS * DAY
    reasons = (None, *get_args(ClosingReason))
    held = []
    for number, reason in enumerate(reasons):
        begun = end - (number + 1) * DAY + 32_000_000
        closed = None if reason is None else begun + 2_460_000
        wiped = cast(api.Wiped, "open" if reason is None else _WIPED[number])
        held.append(
            api.SessionSummary(
                f"{number:016x}",
                9 - number,
                99,
                begun,
                begun,
                closed,
                reason,
                wiped,
                "ab" * 16,
                "cd" * 16,
                number,
                2,
                1,
                number % 3,
                number % 2,
                number == 2,
            )
        )
    days = [
        api.Day(_BEGIN + number * DAY, 20 + 37 * number % 90, 1, int(number % 5 == 3))
        for number in range(_DAYS)
    ]
    stage.model("audit_sessions").show(
        rows=[row_of(one, _BEGIN, end) for one in held], columns=columns_of(days, _BEGIN, end),
        ticks=ticks_of(_BEGIN, end), more=True, loaded=True,
    )  # fmt: skip


_ENTRIES = [
    ("login-granted", False, {"subject": "ab" * 16, "method": "fido2"}),
    ("session-opened", False, {"session": _SESSION, "subject": "ab" * 16, "purpose": "work"}),
    ("seal-result", False, {"result": "sealed", "layers": "seccomp landlock", "tried": "41"}),
    ("media-imported", False, {"role": "target", "media": "photo", "size": "812000"}),
    ("handle-moved", False, {"handle": "hump", "thousandths": "-1500", "shows": "least"}),
    ("job-finished", False, {"job": "1", "result": "ef" * 32, "faces": "1", "ms": "690"}),
    ("simulation-refused", True, {"what": "handle", "reason": "policy", "handle": "radix"}),
    ("release-approved", False, {"requested": "71", "approver": "cd" * 16}),
    ("session-wiped", False, {"method": "luks-header-dropped", "before": "4", "after": "0"}),
]
_REFUSALS = [
    ("login-refused", {"reason": "wrong-token", "subject": "ab" * 16, "times": "3"}),
    ("device-refused", {"device": "storage"}),
    ("escape-attempt", {"layer": "seccomp", "what": "socket", "times": "1"}),
    ("release-refused", {"step": "decide", "reason": "same-person", "person": "ab" * 16}),
    ("session-wipe-failed", {"session": _SESSION, "step": "discard", "after": "2"}),
]


def session(stage: Stage) -> None:
    """The entries of one session."""
    auditor(stage)
    lines = [
        line_of(api.Entry(number + 60, _BEGIN + 20_000 * number, "broker", event, "work", bad, of))
        for number, (event, bad, of) in enumerate(_ENTRIES)
    ]
    stage.model("audit_entries").show(session=_SESSION, lines=lines, more=True)


def refusals(stage: Stage) -> None:
    """All refusals."""
    auditor(stage)
    lines = [
        line_of(api.Entry(400 - number, _BEGIN - DAY * number, "broker", event, "alarm", True, of))
        for number, (event, of) in enumerate(_REFUSALS)
    ]
    stage.model("audit_entries").show(lines=lines)


def export(stage: Stage) -> None:
    """One of three is chosen, and was burned."""
    auditor(stage)
    stage.model("audit_export").show(
        session=_SESSION, what="session", number=18_205, entries=42, sha256="ab" * 32
    )


def burning(stage: Stage) -> None:
    """The disc is being burned."""
    auditor(stage)
    stage.model("audit_export").show(burning=0.37)


def administrator(stage: Stage) -> None:
    """An administrator is there; the doctor has left nothing."""
    stage.model("bar").show(
        who="nora", role="administrator", engine="", free_percent=-1, minutes=-1
    )
    stage.model("machine").show(seen="2026-06-09 17:41")


def checks(stage: Stage) -> None:
    """Something is wrong, and the doctor looked long ago."""
    administrator(stage)
    groups = ("kernel", "units", "login", "machine", "models", "seal", "devices", "ledger")
    found = [
        machine_view.Check(group, f"{group} number {number}", ok, "kernel.kptr_restrict = 1")
        for group in groups
        for number, ok in enumerate((True, group not in ("units", "ledger"), True))
    ]
    grouped = groups_of(found)
    stage.model("machine").show(
        health="bad", old=True, made="2026-06-09 11:00", failed=2, passed=22,
        groups=grouped, group=grouped[0].name,
    )  # fmt: skip


def all_passed(stage: Stage) -> None:
    """Nothing is wrong."""
    administrator(stage)
    grouped = groups_of(
        [
            machine_view.Check("seal", "seccomp", ok=True, evidence="in force"),
            machine_view.Check("kernel", "Linux 5.13 or newer", ok=True, evidence="6.12.118"),
        ]
    )
    stage.model("machine").show(
        health="good", made="2026-06-09 17:00", passed=2, groups=grouped, group="seal"
    )


def storage(stage: Stage) -> None:
    """One place is taken, space is short, a pack is refused."""
    administrator(stage)
    stage.model("machine").show(
        places=2, slots=[Slot("a", "active"), Slot("b", "wipe-failed")], software="0.9.0",
        space=[
            Space("ledger", "3.1", "40.0", 7),
            Space("workspaces", "11.2", "16.0", 70),
            Space("system", "0.9", "4.0", 22),
        ],
        packs=[
            Pack("swapper", "", "The signature of the pack is not of a key that this site trusts."),
            Pack("detector", "detector, landmarks", ""),
        ],
    )  # fmt: skip


def people(stage: Stage) -> None:
    """People of every role, and one without a token."""
    administrator(stage)
    stage.model("machine").show(
        people=[
            Person("anna", ["clinician"], 2),
            Person("guest-of-the-house-with-a-very-long-name", [], 1),
            Person("otto", ["administrator", "auditor"], 1),
            Person("ruth", ["approver"], 0),
        ],
        policy=_GROUPS,
        own=["workspace.backend", "gate.same_person", "release.view", "session.idle_seconds"],
    )

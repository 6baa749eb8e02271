"""A made ledger: a session of every kind of end, with what there is to see in one.

No test but those of screens needs more of it than this: ``make_ledger`` writes it to a folder, and
the sessions are in ``SESSIONS`` by how they ended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, cast

from appliance.audit.entries import events
from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.fields import ClosingReason, Role
from appliance.audit.entries.recorder import ClockReading, Recorder
from appliance.audit.keys.ledger_keys import ANCHOR, LedgerKeys, keys_folder_for
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import Ledger, create_ledger
from appliance.protocols.auditor_api import Wiped

START: Final = 1_780_000_000_000  # 2026-05-28, long before the clock of any test
ORIGIN: Final = "test.example/log"
_MINUTE: Final = 60_000
_DAY: Final = 1440 * _MINUTE

Ending = ClosingReason | Literal["wipe-failed", "not-wiped", "open"]
ENDINGS: Final[Mapping[Ending, Wiped]] = MappingProxyType(
    {
        "user": "clean",
        "idle": "clean",
        "lock": "clean",
        "token-removed": "clean",
        "time-limit": "clean",
        "power-loss": "unproven",
        "crash": "clean",
        "ledger": "clean",
        "wipe-failed": "failed",
        "not-wiped": "missing",
        "open": "open",
    }
)


def digits(text: str, count: int) -> str:
    """So many hex digits, which stand for ``text``."""
    return hashlib.sha256(text.encode()).hexdigest()[:count]


SESSIONS: Final[Mapping[Ending, str]] = MappingProxyType(
    {ending: digits(f"session {ending}", 16) for ending in ENDINGS}
)
TRAINING: Final[Ending] = "lock"
"""The session that was opened as training."""

ANNA, BERT, RUTH = (digits(name, 32) for name in ("anna", "bert", "ruth"))


@dataclass(slots=True)
class _Clock:
    at: int = START

    def __call__(self) -> ClockReading:
        return ClockReading(self.at, self.at - START + 9_000, "0a1b2c3d")


class _Writer:
    """Logs one event after the other, with some time in between."""

    def __init__(self, folder: Path) -> None:
        keys = LedgerKeys.create(keys_folder_for(folder), ORIGIN)
        anchor = FileAnchor(keys_folder_for(folder) / ANCHOR)
        create_ledger(folder, keys.signer, anchor)
        self._clock = _Clock()
        self._recorder = Recorder(Ledger(folder, keys.signer, anchor), self._clock)

    def log(self, by: Role, *logged: AnyEvent) -> int:
        """The index of the last of them."""
        self._clock.at += 20_000
        return self._recorder.record([(by, event) for event in logged])[-1].index

    def next_day(self) -> None:
        self._clock.at += _DAY


def make_ledger(folder: Path) -> Path:
    """The ledger, which is made in ``folder``; its keys lie next to it."""
    writer = _Writer(folder)
    writer.log("broker", events.LoginRefused("wrong-token", BERT, 3))
    for ending in ENDINGS:
        writer.next_day()
        _session(writer, ending)
        if ending == "crash":
            writer.log("broker", events.DeviceRefused("storage"))
            writer.log("worker", events.EscapeAttempt("seccomp", "socket", 1))
            writer.log("audit", events.CheckpointAnchored(40, "ab" * 32, "tpm", 17))
    return folder


def _session(writer: _Writer, ending: Ending) -> None:
    session, patient = SESSIONS[ending], digits(f"patient {ending}", 32)
    writer.log("broker", events.LoginGranted(ANNA, "fido2"))
    purpose: Literal["work", "training"] = "training" if ending == TRAINING else "work"
    writer.log("broker", events.SessionOpened(session, ANNA, patient, purpose))
    writer.log("worker", events.SealResult("sealed", ("seccomp", "landlock"), 6, 41, 0, session))
    _work(writer, session)
    if ending == "user":
        _release(writer, session)
    if ending == "token-removed":
        writer.log("broker", events.TokenRemoved(session, ANNA))
    if ending != "open":
        _end(writer, session, ending)


def _work(writer: _Writer, session: str) -> None:
    item, photo, result = (digits(f"{name} {session}", 64) for name in ("item", "photo", "result"))
    writer.log(
        "worker",
        events.MediaImported(session, item[:32], "target", "photo", 4_812_331, "disc", item[:32]),
    )
    writer.log("worker", events.JobStarted(session, 1, "simulation", "photo", digits("pack", 64)))
    writer.log(
        "worker",
        events.SimulationApplied(session, 1, photo, item[:32]),
        events.HandleMoved(session, 1, "tip-rotation", 6_000),
        events.HandleMoved(session, 1, "hump", -1_500, "least"),
        events.JobFinished(session, 1, result, 1, 1, 690),
    )
    writer.log(
        "worker",
        events.SimulationRefused(session, 2, "handle", "policy", "tip-projection", 3_500),
        events.JobRefused(session, 2, "handle"),
    )


def _release(writer: _Writer, session: str) -> None:
    result = digits(f"result {session}", 64)
    copy, disc = digits(f"copy {session}", 64), digits(f"disc {session}", 64)
    asked = writer.log("broker", events.ReleaseRequested(session, 2, result, ANNA, 900))
    refused = events.ReleaseRefused(session, "decide", "same-person", ANNA, asked)
    writer.log("broker", refused)
    writer.log("broker", events.ReleaseViewed(session, asked, RUTH))
    number = writer.log("broker", events.ReleaseApproved(session, asked, result, RUTH))
    writer.log("releaser", events.ReleaseSigned(number, copy, "photo", "simulation"))
    writer.log("broker", events.ReleaseTaken(session, number))
    writer.log("releaser", events.ReleaseBurned(number, copy, "disc", disc))


def _end(writer: _Writer, session: str, ending: Ending) -> None:
    key = digits(f"key {session}", 64)
    closed = cast(ClosingReason, "crash" if ending in ("wipe-failed", "not-wiped") else ending)
    if ending == "power-loss":
        writer.log(
            "broker",
            events.SessionClosed(session, closed),
            events.SessionWiped(session, key, "power-loss", 0, 0, 0),
        )
        return
    writer.log("broker", events.SessionClosed(session, closed, 2, 40 * _MINUTE))
    if ending == "wipe-failed":
        writer.log("broker", events.SessionWipeFailed(session, "discard", 2))
    elif ending != "not-wiped":
        erased = events.WorkspaceErased(key, "luks-header-dropped", 4, 0, "whole", 1_840)
        writer.log("keeper", erased)
        wiped = events.SessionWiped(session, key, "luks-header-dropped", 4, 0, 1_840)
        writer.log("broker", wiped)

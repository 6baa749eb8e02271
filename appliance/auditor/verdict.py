"""Whether the ledger is sound, in codes, and what its checkpoint can be compared by."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final

from appliance.audit.tlog.reader import LedgerReader
from appliance.audit.tlog.signed_note import Verifier
from appliance.audit.verification.verify import (
    OutsideCheckpoint,
    Problem,
    Verification,
    verify_snapshot,
)
from appliance.diagnostics.machine_status import MachineStatus
from appliance.errors import LedgerError
from appliance.protocols import auditor_api as api

_MOST: Final = 100  # findings in an answer
_GROUP: Final = 4  # hex digits
_OUTSIDE: Final = frozenset(("truncated", "forked", "anchor"))


def verdict(
    ledger: Path,
    outside: OutsideCheckpoint | None,
    status: MachineStatus | None,
    progress: Callable[[float], None],
) -> api.Report:
    """Read the whole of ``ledger``; no defect is raised.

    ``outside``: as it was before that. ``status``: what the doctor left since the machine was
    started.
    """
    reader = LedgerReader(ledger)
    try:
        verifier = reader.verifier()
    except LedgerError:
        return _unreadable("key", "log.vkey")
    try:
        found = verify_snapshot(reader.snapshot(), verifier, outside, progress)
    except LedgerError:
        return _unreadable("checkpoint", "checkpoint")
    return _report(found, verifier, outside, status)


def groups(digits: str) -> list[str]:
    """Hex digits by four, as a person compares them."""
    return [digits[at : at + _GROUP] for at in range(0, len(digits), _GROUP)]


def _report(
    found: Verification,
    verifier: Verifier,
    outside: OutsideCheckpoint | None,
    status: MachineStatus | None,
) -> api.Report:
    problems = {one.problem for one in found.findings}
    known_outside: api.Known = "no" if problems & _OUTSIDE else "yes"
    counter = counter_agrees(found, status)
    return api.Report(
        verdict="damaged" if problems or counter == "no" else "sound",
        findings=[api.Finding(one.problem, one.where) for one in found.findings[:_MOST]],
        problems=len(found.findings),
        entries=found.entries,
        size=found.size,
        pruned=found.minimum,
        fingerprint=groups(found.root),
        key=groups(fingerprint_of(verifier)),
        since=found.since,
        at=found.until,
        anchored=found.anchored,
        outside="unknown" if outside is None else known_outside,
        counter=counter,
    )


def counter_agrees(found: Verification, status: MachineStatus | None) -> api.Known:
    """Whether the ledger is the one that was last counted in the TPM, as the doctor read it.

    Of a count that is newer than the doctor's reading it can only be said that it is not too low.
    """
    if status is None or status.counter is None:
        return "unknown"
    last = found.counter
    if last is None or status.counter > last:
        return "no"  # the TPM has counted a head that this ledger does not have
    if found.counted is not None and found.counted > status.at:
        return "unknown"
    return "yes" if status.counter >= last - 1 else "no"


def fingerprint_of(verifier: Verifier) -> str:
    """SHA-256, in hex, of the public key in the form in which a site hands it out."""
    return sha256(f"{verifier.vkey}\n".encode()).hexdigest()


def _unreadable(problem: Problem, where: str) -> api.Report:
    return api.Report(
        verdict="damaged",
        findings=[api.Finding(problem, where)],
        problems=1,
        entries=0,
        size=0,
        pruned=0,
        fingerprint=[],
        key=[],
        since=0,
        at=0,
        anchored=None,
        outside="unknown",
        counter="unknown",
    )

"""Synthetic events, and ledgers that hold them."""

from __future__ import annotations

from pathlib import Path

from appliance.audit.entries.events import AnyEvent, JobFinished
from appliance.audit.entries.fields import Role
from appliance.audit.entries.recorder import Recorder
from appliance.audit.keys.ledger_keys import ANCHOR, LedgerKeys, keys_folder_for
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import Ledger

SESSION = "0123456789abcdef"
RESULT = "ab" * 32


def job_event(number: int) -> JobFinished:
    """An event that its job number tells apart from the others."""
    return JobFinished(SESSION, number, RESULT, 1, 1, 7)


def with_role(*events: AnyEvent, role: Role = "test") -> list[tuple[Role, AnyEvent]]:
    """``events`` as a recorder takes them."""
    return [(role, event) for event in events]


def recorder_for(folder: Path) -> Recorder:
    """Appends to the ledger in ``folder`` with the keys in the default place next to it."""
    keys_folder = keys_folder_for(folder)
    signer = LedgerKeys.load(keys_folder).signer
    return Recorder(Ledger(folder, signer, FileAnchor(keys_folder / ANCHOR)))


def append_jobs(folder: Path, count: int) -> None:
    """Append the jobs 1 to ``count`` to the ledger in ``folder``, in one durable step."""
    recorder_for(folder).record(with_role(*(job_event(n) for n in range(1, count + 1))))

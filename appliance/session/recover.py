"""What an earlier run left, by a crash or a power cut, is wiped before anything else starts."""

from __future__ import annotations

from typing import Literal

from appliance.audit.entries import events
from appliance.errors import SessionError
from appliance.session.broker import wiped_event
from appliance.session.keeper import Keeper
from appliance.session.ledger import LedgerConnection
from appliance.session.marks import Mark, Marks, this_boot


def recover(ledger: LedgerConnection, marks: Marks) -> int:
    """How many sessions were wiped. Raises ``SessionError`` or ``LedgerError``: serve nobody then.

    Their keys were in memory that is gone, so what is done here is to take apart what the kernel
    still holds, give the blocks back, and say so.
    """
    left = marks.left()
    for mark in left:
        _recover(mark, ledger)
        marks.remove(mark.slot)
    return len(left)


def _recover(mark: Mark, ledger: LedgerConnection) -> None:
    lost_power = mark.boot != this_boot()
    erasure = Keeper(mark.slot).wipe()
    # Nobody knows any more how many jobs there were and how long it lasted.
    reason: Literal["power-loss", "crash"] = "power-loss" if lost_power else "crash"
    closed = events.SessionClosed(mark.session, reason, jobs=0, ms=0)
    ledger.append(closed, wiped_event(mark.session, erasure, power_loss=lost_power))
    if erasure.failed is not None:
        raise SessionError(
            f"A session that an earlier run left could not be wiped (step {erasure.failed}).",
            "Restart the machine; if that does not help, erase its disk.",
        )

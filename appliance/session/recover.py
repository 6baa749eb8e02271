"""What an earlier run left behind, after a crash or a power cut, is wiped before all else."""

from __future__ import annotations

from collections.abc import Callable

from appliance.audit.entries import events, fields
from appliance.errors import SessionError
from appliance.machine import boot_id
from appliance.session.ending import wiped_event
from appliance.session.keeper import Keeper, KeeperConnection
from appliance.session.ledger_connection import Ledger
from appliance.session.pending_wipes import JournalEntry, PendingWipeJournal


def recover(
    ledger: Ledger,
    journal: PendingWipeJournal,
    connect_keeper: Callable[[str], Keeper] = KeeperConnection,
    before_each: Callable[[], None] = lambda: None,
) -> int:
    """Wipe and log each session in the journal; returns how many there were.

    ``before_each`` is called before each of them.

    Their keys were in memory that is gone. What remains is to take apart what the kernel still
    holds, to give the blocks back, and to log it. Raises ``SessionError`` or ``LedgerError`` if
    that fails: the broker must not serve then.
    """
    entries = journal.entries()
    for entry in entries:
        before_each()
        _recover(entry, ledger, connect_keeper(entry.slot))
        journal.remove(entry.slot)
    return len(entries)


def _recover(entry: JournalEntry, ledger: Ledger, keeper: Keeper) -> None:
    lost_power = entry.boot != boot_id()
    erasure = keeper.wipe()
    reason: fields.ClosingReason = "power-loss" if lost_power else "crash"
    # How many jobs there were and how long it lasted is no longer known, so it is left out.
    closed = events.SessionClosed(entry.session, reason)
    ledger.append(closed, wiped_event(entry.session, erasure, power_loss=lost_power))
    if erasure.failed is not None:
        raise SessionError(
            f"A session of an earlier run could not be wiped (step {erasure.failed}).",
            "Restart the machine; if that does not help, erase its disk.",
        )

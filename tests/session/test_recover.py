"""After a crash or a power cut, what the journal holds is wiped and logged, or nothing is served.

The ledger is a real one; keepers are stood in for.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from appliance.audit.entries.events import SessionClosed, SessionWiped, SessionWipeFailed
from appliance.errors import LedgerError, SessionError
from appliance.keeper.protocol import UNKNOWN_KEY, Command, Erasure
from appliance.machine import boot_id
from appliance.session.ledger_connection import LedgerConnection
from appliance.session.pending_wipes import JournalEntry, PendingWipeJournal
from appliance.session.recover import recover
from tests.session.conftest import Daemon
from tests.session.standins import StandInKeeper

FIRST, SECOND = "0123456789abcdef", "fedcba9876543210"
# A keeper that made nothing knows neither key nor canaries.
NOTHING_LEFT = Erasure(UNKNOWN_KEY, 0, 0, 7, "luks-header-dropped")


class Keepers:
    """One for each slot that is connected to."""

    def __init__(self, **erasures: Erasure) -> None:
        self.connected: list[StandInKeeper] = []
        self._erasures = erasures

    def __call__(self, slot: str) -> StandInKeeper:
        keeper = StandInKeeper(slot, erasure=self._erasures.get(slot, NOTHING_LEFT))
        self.connected.append(keeper)
        return keeper

    def asked(self) -> dict[str, list[Command | str]]:
        return {keeper.slot: keeper.asked for keeper in self.connected}


@pytest.fixture
def journal(tmp_path: Path) -> PendingWipeJournal:
    return PendingWipeJournal(tmp_path / "open")


def _of_an_earlier_boot(journal: PendingWipeJournal, session: str, slot: str) -> None:
    journal.add(session, slot)
    entry = JournalEntry(session, slot, "another-boot")
    (journal.folder / slot).write_bytes(msgspec.json.encode(entry))


def test_after_a_clean_end_nothing_is_wiped_or_logged(
    daemon: Daemon, journal: PendingWipeJournal
) -> None:
    keepers = Keepers()
    assert recover(LedgerConnection(daemon.socket), journal, keepers) == 0
    assert (keepers.asked(), daemon.events()) == ({}, [])


def test_after_a_power_cut_each_session_is_wiped_and_logged_as_that(
    daemon: Daemon, journal: PendingWipeJournal
) -> None:
    _of_an_earlier_boot(journal, FIRST, "w0")
    _of_an_earlier_boot(journal, SECOND, "w2")
    keepers, notices = Keepers(), list[str]()
    ledger = LedgerConnection(daemon.socket)
    # Before each, systemd is asked for more time: eight wipes may take longer than a start.
    assert recover(ledger, journal, keepers, lambda: notices.append("one more")) == 2
    assert len(notices) == 2
    assert keepers.asked() == {"w0": [Command.WIPE], "w2": [Command.WIPE]}
    assert journal.entries() == []
    assert daemon.events() == [
        event
        for session in (FIRST, SECOND)
        for event in (
            SessionClosed(session, "power-loss"),
            SessionWiped(session, UNKNOWN_KEY, "power-loss", 0, 0, 7),
        )
    ]


def test_after_a_crash_of_the_broker_the_key_may_still_be_dropped(
    daemon: Daemon, journal: PendingWipeJournal
) -> None:
    journal.add(FIRST, "w1")
    assert journal.entries()[0].boot == boot_id()
    recover(LedgerConnection(daemon.socket), journal, Keepers())
    assert daemon.events() == [
        SessionClosed(FIRST, "crash"),
        SessionWiped(FIRST, UNKNOWN_KEY, "luks-header-dropped", 0, 0, 7),
    ]


def test_a_wipe_that_fails_is_logged_and_stays_in_the_journal_with_all_after_it(
    daemon: Daemon, journal: PendingWipeJournal
) -> None:
    for session, slot in ((FIRST, "w0"), (SECOND, "w1")):
        journal.add(session, slot)
    stuck = Erasure(UNKNOWN_KEY, 0, 3, 7, "luks-header-dropped", failed="unmount")
    with pytest.raises(SessionError, match="unmount"):
        recover(LedgerConnection(daemon.socket), journal, Keepers(w0=stuck))
    assert [entry.slot for entry in journal.entries()] == ["w0", "w1"]
    assert daemon.events()[-1] == SessionWipeFailed(FIRST, "unmount", 3)


def test_a_wipe_that_cannot_be_logged_stays_in_the_journal(
    tmp_path: Path, journal: PendingWipeJournal
) -> None:
    journal.add(FIRST, "w0")
    with pytest.raises(LedgerError):
        recover(LedgerConnection(tmp_path / "none.sock"), journal, Keepers())
    assert [entry.session for entry in journal.entries()] == [FIRST]


def test_an_entry_that_cannot_be_read_is_wiped_by_its_slot(
    daemon: Daemon, journal: PendingWipeJournal
) -> None:
    journal.add(FIRST, "w2")
    (journal.folder / "w2").write_bytes(b"{")
    keepers = Keepers()
    recover(LedgerConnection(daemon.socket), journal, keepers)
    assert keepers.asked() == {"w2": [Command.WIPE]}
    assert daemon.events()[0] == SessionClosed("0" * 16, "power-loss")

"""What survives a power cut: which sessions were open."""

from __future__ import annotations

from pathlib import Path

from appliance.machine import boot_id
from appliance.session.pending_wipes import PendingWipeJournal

SESSION = "0123456789abcdef"


def test_an_entry_stays_until_it_is_removed(tmp_path: Path) -> None:
    journal = PendingWipeJournal(tmp_path / "open")
    assert journal.entries() == []
    journal.add(SESSION, "w1")
    (entry,) = PendingWipeJournal(tmp_path / "open").entries()
    assert (entry.session, entry.slot, entry.boot) == (SESSION, "w1", boot_id())
    journal.remove("w1")
    assert journal.entries() == []


def test_an_entry_that_cannot_be_read_still_stands_for_its_slot(tmp_path: Path) -> None:
    journal = PendingWipeJournal(tmp_path)
    journal.add(SESSION, "w3")
    (tmp_path / "w3").write_bytes(b'{"session":"01')
    (entry,) = journal.entries()
    assert entry.slot == "w3"


def test_an_entry_that_was_never_finished_stands_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "w3.new").write_bytes(b'{"session":"01')
    assert PendingWipeJournal(tmp_path).entries() == []


def test_only_the_broker_can_read_it(tmp_path: Path) -> None:
    journal = PendingWipeJournal(tmp_path / "open")
    journal.add(SESSION, "w0")
    assert (tmp_path / "open").stat().st_mode & 0o077 == 0
    assert (tmp_path / "open/w0").stat().st_mode & 0o077 == 0

"""The reserve is allocated, is spent from the least important end, and fills up again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.audit.entries.recorder import ClockReading, Recorder
from appliance.audit.tlog.appender import Ledger
from appliance.audit.tlog.reserve import Reserve
from appliance.audit.verification.retention import prune_ledger
from appliance.errors import LedgerError, LedgerFullError
from tests.audit.synthetic import job_event, with_role

SIZE = 3 << 20  # bytes


@pytest.fixture
def reserve(tmp_path: Path) -> Reserve:
    made = Reserve.next_to(tmp_path / "ledger", SIZE)
    assert made.is_whole()
    return made


def blocks(tmp_path: Path) -> int:
    """Bytes that are allocated."""
    return (tmp_path / "ledger-reserve").stat().st_blocks * 512


def full_until(given_back: int, tmp_path: Path) -> Callable[[], str]:
    """An append that needs ``given_back`` bytes of the reserve."""

    def append() -> str:
        if blocks(tmp_path) > SIZE - given_back:
            raise LedgerFullError("The disk is full.", "Free space.")
        return "appended"

    return append


def test_its_blocks_are_allocated(reserve: Reserve, tmp_path: Path) -> None:
    assert blocks(tmp_path) >= SIZE
    assert (tmp_path / "ledger-reserve").stat().st_mode & 0o777 == 0o600
    sparse = tmp_path / "ledger-reserve"
    sparse.unlink()
    with sparse.open("wb") as file:
        file.truncate(SIZE)
    assert blocks(tmp_path) < SIZE  # the control: a size alone keeps no room
    assert reserve.is_whole()
    assert blocks(tmp_path) >= SIZE


def test_an_ending_may_use_all_of_it_and_an_alarm_half(reserve: Reserve, tmp_path: Path) -> None:
    with pytest.raises(LedgerFullError):
        reserve.record("ordinary", full_until(1, tmp_path))
    assert blocks(tmp_path) >= SIZE
    assert reserve.record("alarm", full_until(1 << 20, tmp_path)) == "appended"
    with pytest.raises(LedgerFullError):
        reserve.record("alarm", full_until(2 << 20, tmp_path))
    assert blocks(tmp_path) >= SIZE // 2
    assert reserve.record("ending", full_until(SIZE, tmp_path)) == "appended"
    assert reserve.is_whole()  # here the disk has room again
    assert blocks(tmp_path) >= SIZE


def test_another_failure_than_a_full_disk_costs_nothing(reserve: Reserve, tmp_path: Path) -> None:
    def damaged() -> str:
        raise LedgerError("The ledger is damaged.", "Verify it.")

    with pytest.raises(LedgerError):
        reserve.record("ending", damaged)
    assert blocks(tmp_path) >= SIZE


def test_a_full_disk_can_be_pruned(
    ledger: Ledger, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = ClockReading(1_700_000_000_000, 5_000, "aaaaaaaa")
    Recorder(ledger, lambda: now).record(with_role(*(job_event(n) for n in range(600))))
    later = ClockReading(now.wall + 200 * 86_400_000, now.mono + 200 * 86_400_000, "aaaaaaaa")
    recorder = Recorder(ledger, lambda: later)
    reserve = Reserve.next_to(folder, SIZE)
    append = Ledger.append

    def on_a_full_disk(self: Ledger, entries: list[bytes]) -> tuple[int, list[bytes]]:
        if reserve._path.exists() and reserve._path.stat().st_size == SIZE:
            raise LedgerFullError("The disk is full.", "Free space.")
        return append(self, entries)

    monkeypatch.setattr(Ledger, "append", on_a_full_disk)
    assert reserve.is_whole()
    with pytest.raises(LedgerFullError):  # the control
        recorder.record(with_role(job_event(1)))
    assert prune_ledger(folder, recorder, 183, later) == 512

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from appliance.audit.entries.events import LogPruned
from appliance.audit.entries.reader import read_lines
from appliance.audit.entries.recorder import ClockReading, Recorder
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import Ledger
from appliance.audit.tlog.merkle import hash_leaf, inclusion_holds
from appliance.audit.tlog.proofs import Tree
from appliance.audit.tlog.reader import LedgerReader
from appliance.audit.verification.retention import prune_ledger
from appliance.audit.verification.verify import Finding, verify_ledger
from appliance.errors import LedgerError
from appliance.policy.policy import LEGAL_FLOOR_DAYS
from tests.audit.synthetic import job_event, with_role

START = ClockReading(1_700_000_000_000, 5_000, "aaaaaaaa")
_DAY = 86_400_000


def after(days: int) -> ClockReading:
    return replace(START, wall=START.wall + days * _DAY, mono=START.mono + days * _DAY)


@pytest.fixture
def half_a_year(ledger: Ledger) -> Path:
    """Three entries a day for 200 days, the first of them the start of the machine."""
    now = START
    recorder = Recorder(ledger, lambda: now)
    for day in range(200):
        now = after(day)
        recorder.record(with_role(*(job_event(n) for n in range(2 if day == 0 else 3))))
    return ledger.reader.folder


def test_whole_tiles_are_dropped_and_the_remaining_entries_can_be_proved(
    half_a_year: Path, ledger: Ledger, anchor: FileAnchor
) -> None:
    now = after(300)
    recorder = Recorder(ledger, lambda: now)
    # On day 300 all up to day 116 is older than 183 days: entries 0 to 350, so one tile.
    assert prune_ledger(half_a_year, recorder, LEGAL_FLOOR_DAYS, now) == 256
    assert not (half_a_year / "tile/0/000").exists()
    assert not (half_a_year / "tile/entries/000").exists()
    result = verify_ledger(half_a_year, anchor=anchor)
    assert (result.findings, result.minimum, result.size) == ((), 256, 601)
    reader = LedgerReader(half_a_year)
    head = reader.checkpoint(reader.verifier())
    lines = list(read_lines(reader, head))
    assert [line.entry.seq for line in lines] == list(range(256, 601))
    assert lines[-1].entry.event == LogPruned(256, LEGAL_FLOOR_DAYS)
    for line in lines:
        proof = Tree(reader, head.size).inclusion(line.entry.seq)
        assert inclusion_holds(hash_leaf(line.data), line.entry.seq, head.size, proof, head.root)
    # It goes on, and a second time there is nothing to do.
    recorder.record(with_role(job_event(9)))
    assert prune_ledger(half_a_year, recorder, LEGAL_FLOOR_DAYS, now) == 256
    assert verify_ledger(half_a_year, anchor=anchor).size == 602


def test_nothing_is_dropped_within_the_retention(half_a_year: Path, ledger: Ledger) -> None:
    now = after(200)
    recorder = Recorder(ledger, lambda: now)
    assert prune_ledger(half_a_year, recorder, LEGAL_FLOOR_DAYS, now) == 0
    assert prune_ledger(half_a_year, recorder, 400, after(300)) == 0
    with pytest.raises(LedgerError, match="183 days at least"):
        prune_ledger(half_a_year, recorder, LEGAL_FLOOR_DAYS - 1, after(1000), least=1)
    with pytest.raises(LedgerError, match="3650 days at least"):
        prune_ledger(half_a_year, recorder, 400, after(1000), least=3650)
    result = verify_ledger(half_a_year)
    assert (result.findings, result.minimum, result.size) == ((), 0, 600)


def test_entries_that_were_removed_without_pruning_are_reported(
    half_a_year: Path, ledger: Ledger
) -> None:
    now = after(300)
    prune_ledger(half_a_year, Recorder(ledger, lambda: now), LEGAL_FLOOR_DAYS, now)
    for tile in ("tile/0/001", "tile/entries/001"):
        (half_a_year / tile).unlink()
    assert Finding("tile", "tile/0/001") in verify_ledger(half_a_year).findings
    (half_a_year / "minimum-index").write_text("512\n")
    assert verify_ledger(half_a_year).findings == (Finding("minimum", "minimum-index"),)


def test_a_second_call_completes_a_pruning_that_crashed(half_a_year: Path, ledger: Ledger) -> None:
    now = after(300)
    recorder = Recorder(ledger, lambda: now)
    kept = {path: path.read_bytes() for path in half_a_year.rglob("000") if path.is_file()}
    recorder.record([("audit", LogPruned(256, LEGAL_FLOOR_DAYS))])  # and the machine stops
    assert verify_ledger(half_a_year).findings == ()
    assert prune_ledger(half_a_year, recorder, LEGAL_FLOOR_DAYS, now) == 256
    for path, data in kept.items():  # the files were not removed yet
        path.write_bytes(data)
    assert verify_ledger(half_a_year).findings == ()
    assert prune_ledger(half_a_year, recorder, LEGAL_FLOOR_DAYS, now) == 256
    assert not any(path.exists() for path in kept if path.parent.name in {"0", "entries"})

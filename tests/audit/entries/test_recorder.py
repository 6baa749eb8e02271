from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from appliance.audit.entries import canonical
from appliance.audit.entries.entry import Entry
from appliance.audit.entries.events import Boot, ClockChanged
from appliance.audit.entries.recorder import ClockReading, Recorder
from appliance.audit.tlog.appender import Ledger
from appliance.audit.tlog.reader import LedgerReader
from appliance.audit.tlog.tiles import Tile
from appliance.audit.verification.verify import verify_ledger
from tests.audit.synthetic import job_event, with_role

START = ClockReading(1_000_000, 5_000, "aaaaaaaa")


def entries(folder: Path) -> list[Entry]:
    reader = LedgerReader(folder)
    size = reader.checkpoint(reader.verifier()).size
    return [canonical.decode(data) for data in reader.entries(Tile(0, 0, size))]


def test_entries_have_both_clocks_and_their_index(ledger: Ledger) -> None:
    Recorder(ledger, lambda: START).record(with_role(job_event(1), job_event(2), role="worker"))
    assert entries(ledger.reader.folder) == [
        Entry(START.wall, START.boot, "audit", Boot("0.1.0"), START.mono, 0),
        Entry(START.wall, START.boot, "worker", job_event(1), START.mono, 1),
        Entry(START.wall, START.boot, "worker", job_event(2), START.mono, 2),
    ]


@pytest.mark.parametrize(
    ("later", "notices"),
    [
        (replace(START, wall=START.wall + 60_000, mono=START.mono + 60_000), []),
        (replace(START, wall=START.wall + 1_500, mono=START.mono + 60), []),
        (replace(START, wall=START.wall + 9_000, mono=START.mono + 60), [ClockChanged(8_940)]),
        (replace(START, wall=START.wall - 500, mono=START.mono + 60), [ClockChanged(-560)]),
        (ClockReading(START.wall + 60_000, 90, "bbbbbbbb"), [Boot("0.1.0")]),
        (ClockReading(START.wall - 7, 90, "bbbbbbbb"), [Boot("0.1.0"), ClockChanged(-7)]),
    ],
)
def test_starts_and_moved_clocks_are_logged(
    later: ClockReading, notices: list[Boot | ClockChanged], ledger: Ledger
) -> None:
    now = START
    recorder = Recorder(ledger, lambda: now)
    recorder.record(with_role(job_event(1)))
    now = later
    receipts = recorder.record(with_role(job_event(2)))
    there = entries(ledger.reader.folder)
    assert [entry.event for entry in there[2:]] == [*notices, job_event(2)]
    assert receipts[0].index == len(there) - 1
    assert verify_ledger(ledger.reader.folder).findings == ()


def test_this_machine_has_such_clocks(recorder: Recorder, folder: Path) -> None:
    recorder.record(with_role(job_event(1)))
    recorder.record(with_role(job_event(2)))
    boots = [entry for entry in entries(folder) if isinstance(entry.event, Boot)]
    assert len(boots) == 1
    assert boots[0].boot == Path("/proc/sys/kernel/random/boot_id").read_text()[:8]

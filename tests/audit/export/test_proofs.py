from __future__ import annotations

import pytest

from appliance.audit.entries.reader import read_lines
from appliance.audit.entries.recorder import Recorder
from appliance.audit.export.bundle import prove_entry
from appliance.audit.tlog.appender import Ledger
from appliance.audit.tlog.reader import CHECKPOINT
from appliance.audit.tlog.tiles import Tile
from appliance.errors import LedgerError
from tests.audit.synthetic import job_event, with_role


def test_a_proof_that_does_not_hold_is_not_handed_out(ledger: Ledger, recorder: Recorder) -> None:
    recorder.record(with_role(*(job_event(n) for n in range(600))))
    reader = ledger.reader
    note, head = reader.read(CHECKPOINT), reader.checkpoint(reader.verifier())
    line = next(read_lines(reader, head, 300))
    assert prove_entry(reader, note, line).index == 300
    path = reader.folder / Tile(1, 0, 2).path
    path.write_bytes(bytes(32) + path.read_bytes()[32:])
    with pytest.raises(LedgerError, match="entry 300 cannot be proved"):
        prove_entry(reader, note, line)

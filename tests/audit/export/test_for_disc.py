"""What a disc says of the log: in the forms that a hospital's platform takes, with proofs."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.bundle import Bundle

from appliance.audit import standalone
from appliance.audit.entries import events
from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.reader import LogLine, read_lines
from appliance.audit.entries.recorder import Recorder
from appliance.audit.export.bundle import prove_entries
from appliance.audit.export.for_disc import audit_files
from appliance.audit.export.labels import kind
from appliance.audit.export.selection import lines_of_session
from appliance.audit.keys.ledger_keys import LedgerKeys
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import Ledger, create_ledger
from appliance.audit.tlog.reader import CHECKPOINT, LedgerReader
from tests.audit.export.test_atna import is_valid

OURS, THEIRS = "a" * 16, "b" * 16
PERSON, SECOND = "1" * 32, "2" * 32
RESULT, COPY, DISC, KEY = "3" * 64, "4" * 64, "5" * 64, "6" * 64


def story() -> list[AnyEvent]:
    """Two sessions; the log begins with an entry of its own, so each index is one more."""
    return [
        events.SessionOpened(OURS, PERSON, SECOND),
        events.SessionOpened(THEIRS, SECOND),
        events.ReleaseRequested(OURS, 1, RESULT, PERSON, 900),
        events.ReleaseApproved(OURS, 3, RESULT, SECOND),  # the release 4
        events.ReleaseApproved(THEIRS, 3, RESULT, PERSON),  # the release 5
        events.ReleaseSigned(5, COPY, "photo", "mesh"),
        events.ReleaseSigned(4, COPY, "photo", "mesh"),
        events.ReleaseBurned(4, COPY, "disc", DISC),
        events.WorkspaceErased(KEY, "luks-header-dropped", 4, 0, "whole", 9),
        events.SessionWiped(OURS, KEY, "luks-header-dropped", 4, 0, 9),
        events.LogRead("show", 1, 2, 2),
    ]


@pytest.fixture
def reader(tmp_path: Path) -> LedgerReader:
    keys = LedgerKeys.create(tmp_path / "keys", "test.example/log")
    folder = tmp_path / "ledger"
    anchor = FileAnchor(tmp_path / "anchor")
    create_ledger(folder, keys.signer, anchor)
    ledger = Ledger(folder, keys.signer, anchor)
    Recorder(ledger).record([("broker", event) for event in story()])
    return LedgerReader(folder)


def lines_in(reader: LedgerReader) -> list[LogLine]:
    return list(read_lines(reader, reader.checkpoint(reader.verifier())))


def test_a_session_is_found_whole_with_its_releases_and_its_erasure(reader: LedgerReader) -> None:
    chosen = lines_of_session(lines_in(reader), OURS)
    assert [kind(line.entry.event) for line in chosen] == [
        "session-opened",
        "release-requested",
        "release-approved",
        "release-signed",
        "release-burned",
        "workspace-erased",
        "session-wiped",
    ]
    assert lines_of_session(lines_in(reader), "c" * 16) == []


def test_a_disc_holds_the_entries_in_two_standard_forms_with_a_proof_of_each(
    reader: LedgerReader, tmp_path: Path
) -> None:
    chosen = lines_of_session(lines_in(reader), OURS)
    vkey = reader.verifier().vkey
    files = audit_files(prove_entries(reader, reader.read(CHECKPOINT), chosen), vkey)
    assert {name.removeprefix("audit/") for name in files} == {
        *("README.txt", "fhir.json", "atna.xml", "entries.jsonl", "proofs.zip", "log.vkey")
    }
    batch = Bundle.model_validate_json(files["audit/fhir.json"])
    assert batch.type == "batch"
    assert len(batch.entry or ()) == len(chosen)
    posted: list[dict[str, Any]] = msgspec.json.decode(files["audit/fhir.json"])["entry"]
    assert {one["request"]["url"] for one in posted} == {"AuditEvent"}
    assert is_valid(files["audit/atna.xml"])
    assert files["audit/entries.jsonl"].splitlines() == [line.data for line in chosen]
    with zipfile.ZipFile(io.BytesIO(files["audit/proofs.zip"])) as packed:
        assert len(packed.namelist()) == len(chosen)
        for name in packed.namelist():
            path = tmp_path / name
            path.write_bytes(packed.read(name))
            assert standalone.main([str(path), "--key", vkey]) == 0

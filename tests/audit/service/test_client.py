from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.audit.entries import canonical, events
from appliance.audit.keys.ledger_keys import keys_folder_for
from appliance.audit.service.client import AuditClient
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.audit.tlog.merkle import hash_leaf
from appliance.audit.tlog.reader import LedgerReader
from appliance.audit.tlog.tiles import Tile
from appliance.audit.verification.verify import verify_ledger
from appliance.errors import LedgerError
from tests.audit.synthetic import SESSION, job_event


def entries(folder: Path) -> list[bytes]:
    reader = LedgerReader(folder)
    size = reader.checkpoint(reader.verifier()).size
    return reader.entries(Tile(0, 0, size))


def test_what_was_acknowledged_is_in_the_signed_log(embedded: EmbeddedAudit, folder: Path) -> None:
    with embedded:
        receipts = [embedded.client.append(job_event(n)) for n in range(3)]
        receipts += embedded.client.append_all([job_event(3), job_event(4)])
        there = entries(folder)
    assert [receipt.index for receipt in receipts] == [1, 2, 3, 4, 5]
    assert [receipt.leaf for receipt in receipts] == [hash_leaf(entry) for entry in there[1:]]
    assert [canonical.decode(entry).event for entry in there[1:]] == [
        job_event(n) for n in range(5)
    ]
    assert {canonical.decode(entry).by for entry in there} == {"audit", "embedded"}
    assert isinstance(canonical.decode(there[0]).event, events.Boot)
    assert verify_ledger(folder).findings == ()


def test_the_next_command_appends_to_the_same_ledger(folder: Path) -> None:
    for expected in (1, 2):
        with EmbeddedAudit(folder) as audit:
            assert audit.client.append(job_event(1)).index == expected


def test_a_missing_daemon_is_a_ledger_error(embedded: EmbeddedAudit) -> None:
    with embedded:
        embedded.client.append(job_event(1))
        os.kill(embedded.child, signal.SIGKILL)
        for _ in range(2):
            with pytest.raises(LedgerError, match="does not answer"):
                embedded.client.append(job_event(2))


def test_pseudonyms_are_stable_and_differ_by_key_kind_and_value(
    tmp_path: Path, folder: Path
) -> None:
    with EmbeddedAudit(folder) as audit, EmbeddedAudit(tmp_path / "other") as other:
        audit.client.append(events.LoginGranted(audit.client.pseudonym("person", b"m"), "fido2"))
        signs = [
            client.pseudonym(kind, value)
            for client in (audit.client, other.client)
            for kind in ("person", "patient")
            for value in (b"m", b"n")
        ]
        assert signs[0] == audit.client.pseudonym("person", b"m")
    assert len(set(signs)) == len(signs)


def test_a_restricted_connection_cannot_log_other_events(embedded: EmbeddedAudit) -> None:
    opened = events.SessionOpened(SESSION, "a" * 32)
    with embedded:
        embedded.client.append(opened)
        embedded.client.restrict("worker", SESSION)
        with pytest.raises(LedgerError, match="does not accept this event from this process"):
            embedded.client.append(opened)
        embedded.client.append(job_event(1))


@pytest.mark.usefixtures("keys")
def test_a_daemon_serves_only_the_users_that_have_a_role(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "audit.socket"
    refused, receipts = events.LoginRefused("no-token"), []
    for role, welcome in ((f"broker={os.getuid()}", True), (f"broker={os.getuid() + 1}", False)):
        with subprocess.Popen(
            [
                *(sys.executable, "-m", "appliance.audit", "--ledger", folder),
                *("--keys", keys_folder_for(folder), "--listen", path, "--peer", role),
            ]
        ) as daemon:
            client = _connect(path)
            if welcome:
                receipts.append(client.append(refused))
            else:
                with pytest.raises(LedgerError):
                    client.append(refused)
            client.close()
            daemon.terminate()
        path.unlink()
    assert [receipt.index for receipt in receipts] == [1]
    assert canonical.decode(entries(folder)[1]).by == "broker"


def _connect(path: Path) -> AuditClient:
    while True:
        try:
            return AuditClient.connect(path)
        except LedgerError:
            os.sched_yield()

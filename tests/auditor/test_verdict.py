from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from time import time

import pytest

from appliance.audit.keys.ledger_keys import ANCHOR, keys_folder_for
from appliance.diagnostics.machine_status import status_of, write_status
from appliance.machine import boot_id
from appliance.protocols import auditor_api as api
from appliance.wire.client import Client
from tests.audit.synthetic import append_jobs
from tests.auditor.endings import SESSIONS, START
from tests.auditor.served import serving

_YEARS = 100_000_000_000  # milliseconds


def verified(client: Client) -> api.Report:
    answers = [one for one, _ in client.follow(f"{api.NAME}.Verify", gives=api.Verifying)]
    done = [one.done for one in answers]
    assert done == sorted(done)
    assert done[-1] == 1.0
    assert all(one.report is None for one in answers[:-1])
    report = answers[-1].report
    assert report is not None
    return report


def test_a_sound_ledger(client: Client, ledger: Path) -> None:
    append_jobs(ledger, 600)
    report = verified(client)
    assert (report.verdict, report.findings, report.problems) == ("sound", [], 0)
    assert (report.outside, report.counter) == ("yes", "unknown")
    assert report.entries == report.size > 600
    assert report.since > START
    assert report.anchored is not None
    assert report.anchored < report.at


def test_the_fingerprint_is_that_of_the_checkpoint(client: Client, ledger: Path) -> None:
    report = verified(client)
    root = (ledger / "checkpoint").read_text().splitlines()[2]
    assert "".join(report.fingerprint) == b64decode(root).hex()
    assert {len(group) for group in (*report.fingerprint, *report.key)} == {4}
    assert len(report.fingerprint) == len(report.key) == 16
    assert report.key != report.fingerprint


def test_progress_is_told(client: Client, ledger: Path) -> None:
    append_jobs(ledger, 1000)
    answers = list(client.follow(f"{api.NAME}.Verify", gives=api.Verifying))
    assert len(answers) > 3


def changed(ledger: Path) -> None:
    tile = next((ledger / "tile/entries").rglob("*.p")) / "x"
    newest = max(tile.parent.iterdir(), key=lambda one: int(one.name))
    data = newest.read_bytes().replace(SESSIONS["idle"].encode(), SESSIONS["lock"].encode())
    newest.chmod(0o600)
    newest.write_bytes(data)


def older(ledger: Path) -> None:
    anchor = keys_folder_for(ledger) / ANCHOR
    before = anchor.read_bytes()
    files = {path: path.read_bytes() for path in ledger.rglob("*") if path.is_file()}
    append_jobs(ledger, 5)
    newest = anchor.read_bytes()
    assert newest != before
    for path, data in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(data)


def without_key(ledger: Path) -> None:
    (ledger / "log.vkey").unlink()


def without_head(ledger: Path) -> None:
    (ledger / "checkpoint").unlink()


@pytest.mark.parametrize(
    ("attack", "problem", "outside"),
    [
        (changed, "entry", "yes"),
        (older, "truncated", "no"),
        (without_key, "key", "unknown"),
        (without_head, "checkpoint", "unknown"),
    ],
)
def test_a_ledger_that_was_tampered_with(
    client: Client, ledger: Path, attack: object, problem: str, outside: str
) -> None:
    assert callable(attack)
    attack(ledger)
    report = verified(client)
    assert report.verdict == "damaged"
    assert report.findings[0].problem == problem
    assert report.problems == len(report.findings)
    assert report.outside == outside


@pytest.mark.parametrize(
    ("counter", "age", "known"),
    [
        (17, 0, "yes"),  # the ledger's newest event names 17
        (16, 0, "yes"),  # the power went between the two
        (15, 0, "no"),
        (18, 0, "no"),  # the TPM has counted what this ledger does not have
        (18, _YEARS, "no"),
        (16, _YEARS, "unknown"),  # read before the ledger was counted
        (None, 0, "unknown"),
    ],
)
def test_the_counter_in_the_tpm(
    ledger: Path, tmp_path: Path, counter: int | None, age: int, known: str
) -> None:
    status = status_of(int(time() * 1000) - age, boot_id(), [], [], counter)
    write_status(status, tmp_path / "status.json")
    with serving(ledger, tmp_path) as client:
        report = verified(client)
    assert report.counter == known
    assert report.verdict == ("damaged" if known == "no" else "sound")


def test_a_count_of_another_start_of_the_machine_says_nothing(ledger: Path, tmp_path: Path) -> None:
    status = status_of(int(time() * 1000), "x", [], [], 99)
    write_status(status, tmp_path / "status.json")
    with serving(ledger, tmp_path) as client:
        assert verified(client).counter == "unknown"

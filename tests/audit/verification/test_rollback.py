"""With a software TPM (swtpm) and Debian's tpm2-tools."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.audit.entries.events import CheckpointAnchored
from appliance.audit.entries.recorder import Recorder
from appliance.audit.keys.ledger_keys import keys_folder_for
from appliance.audit.tlog.appender import Ledger
from appliance.audit.verification.rollback import anchor_in_tpm, matches_counter
from appliance.audit.verification.verify import verify_ledger
from appliance.cli.framework.exit_boundary import run_command
from appliance.cli.main import appliance as command
from appliance.errors import TpmError
from appliance.tpm.counter import TpmCounter
from tests.audit.synthetic import job_event, with_role
from tests.software_tpm import software_tpm

INDEX = "0x01800100"


@pytest.fixture
def tpm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TpmCounter]:
    """A TPM of its own for each test."""
    with software_tpm(tmp_path, monkeypatch):
        yield TpmCounter(INDEX)


def counter_of(folder: Path) -> int | None:
    result = verify_ledger(folder)
    assert result.findings == ()
    return result.counter


def test_the_newest_log_matches_the_counter_and_an_older_copy_does_not(
    folder: Path, recorder: Recorder, ledger: Ledger, tpm: TpmCounter, tmp_path: Path
) -> None:
    assert tpm.read() is None
    recorder.record(with_role(job_event(1)))
    first = anchor_in_tpm(ledger.reader, recorder, tpm)
    assert first.counter == tpm.read()
    assert matches_counter(counter_of(folder), tpm)
    older = tmp_path / "older"
    for path in (folder, keys_folder_for(folder)):
        shutil.copytree(path, older / path.name)
    recorder.record(with_role(job_event(2)))
    assert matches_counter(counter_of(folder), tpm)
    second = anchor_in_tpm(ledger.reader, recorder, tpm)
    assert second.counter == (first.counter or 0) + 1
    assert matches_counter(counter_of(folder), tpm)
    # The older copy and its anchor are consistent: only the TPM reveals the rollback.
    assert not matches_counter(counter_of(older / "ledger"), tpm)
    for place, code in ((folder, 0), (older / "ledger", 10)):
        assert (
            run_command(command, ["audit", "verify", "--ledger", str(place), "--tpm", INDEX])
            == code
        )
        assert run_command(command, ["audit", "verify", "--ledger", str(place)]) == 0


def test_a_counter_that_is_defined_again_does_not_start_lower(
    folder: Path, recorder: Recorder, ledger: Ledger, tpm: TpmCounter
) -> None:
    recorder.record(with_role(job_event(1)))
    for _ in range(3):
        event = anchor_in_tpm(ledger.reader, recorder, tpm)
    subprocess.run(["/usr/bin/tpm2_nvundefine", "-C", "o", INDEX], check=True)
    assert not matches_counter(counter_of(folder), tpm)
    tpm.increment()
    assert (tpm.read() or 0) > (event.counter or 0)
    assert not matches_counter(counter_of(folder), tpm)


def test_a_crash_between_event_and_increment_is_not_a_rollback(
    folder: Path, recorder: Recorder, ledger: Ledger, tpm: TpmCounter
) -> None:
    recorder.record(with_role(job_event(1)))
    event = anchor_in_tpm(ledger.reader, recorder, tpm)
    assert event.counter is not None
    lost = CheckpointAnchored(1, "a" * 64, "tpm", event.counter + 1)
    recorder.record([("audit", lost)])
    assert matches_counter(counter_of(folder), tpm)
    assert anchor_in_tpm(ledger.reader, recorder, tpm).counter == lost.counter
    assert matches_counter(counter_of(folder), tpm)


def test_the_command_increments_the_counter(
    folder: Path, recorder: Recorder, tpm: TpmCounter, capsys: pytest.CaptureFixture[str]
) -> None:
    recorder.record(with_role(job_event(1)))
    assert (
        run_command(command, ["audit", "checkpoint", "--ledger", str(folder), "--tpm", INDEX]) == 0
    )
    assert capsys.readouterr().out == (folder / "checkpoint").read_text()
    assert counter_of(folder) == tpm.read()


def test_a_missing_tpm_is_a_ledger_error(
    folder: Path, recorder: Recorder, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.record(with_role(job_event(1)))
    monkeypatch.setenv("TPM2TOOLS_TCTI", "swtpm:path=/nowhere")
    with pytest.raises(TpmError, match="does not answer"):
        anchor_in_tpm(ledger.reader, recorder, TpmCounter(INDEX))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(TpmError, match="cannot be run"):
        TpmCounter(INDEX).read()
    assert counter_of(folder) is None

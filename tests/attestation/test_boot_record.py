"""The record of a boot, by a process that may log nothing else, with a software TPM."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from appliance.attestation.__main__ import main
from appliance.attestation.record import BOOT, BootResult
from appliance.audit import standalone
from appliance.audit.entries import events
from appliance.audit.entries.fields import Measured
from appliance.audit.entries.reader import read_lines
from appliance.audit.entries.recorder import ClockReading
from appliance.audit.export.attested import ATTESTATION, ATTESTED_CHECKPOINT
from appliance.audit.service.client import AuditClient
from appliance.audit.tlog.reader import LedgerReader
from appliance.cli.doctor.boot_record import boot_record_checks
from appliance.cli.framework.exit_boundary import run_command
from appliance.cli.main import appliance as command
from appliance.errors import LedgerError, TpmError
from appliance.machine import boot_id
from appliance.policy.load import load
from appliance.tpm.attestation_key import AttestationKey, Quote
from tests.attestation.image import BootedImage, extend, extended, free_objects
from tests.audit.synthetic import job_event, recorder_for, with_role
from tests.paths import REPOSITORY

COUNTER = "0x01800100"
POLICY = REPOSITORY / "policies/clinic.yaml"
STARTER = REPOSITORY / "models/starter"


@dataclass(frozen=True)
class Machine:
    """A ledger with a daemon that knows this user as the boot record alone."""

    root: Path

    @property
    def ledger(self) -> Path:
        return self.root / "ledger"

    @property
    def socket(self) -> Path:
        return self.root / "audit.sock"

    @property
    def left(self) -> Path:
        return self.root / "run/appliance-attestation"

    @contextmanager
    def daemon(self) -> Iterator[None]:
        options = ["--ledger", str(self.ledger), "--listen", str(self.socket), "--create"]
        program = [sys.executable, "-m", "appliance.audit", *options]
        peer = ("--peer", f"attester={os.getuid()}")
        with subprocess.Popen([*program, *peer], cwd=REPOSITORY) as process:
            try:
                while not self.socket.exists():
                    assert process.poll() is None
                yield
            finally:
                process.kill()
        self.socket.unlink()

    def record(self) -> BootResult:
        """Record a boot."""
        free_objects()
        with self.daemon():
            assert self.run() == 0
        return self.result()

    def run(self) -> int:
        self.left.mkdir(parents=True, exist_ok=True)
        return main(
            [
                *("--ledger", str(self.ledger), "--socket", str(self.socket)),
                *("--policy", str(POLICY), "--packs", str(STARTER)),
                *("--packs", str(self.root / "no packs")),
                *("--counter", COUNTER, "--output", str(self.left)),
            ]
        )

    def result(self) -> BootResult:
        return msgspec.json.decode((self.left / BOOT).read_bytes(), type=BootResult)

    def logged(self) -> list[events.AnyEvent]:
        reader = LedgerReader(self.ledger)
        head = reader.checkpoint(reader.verifier())
        return [line.entry.event for line in read_lines(reader, head)]

    def measured(self) -> dict[str, events.BootMeasured]:
        found = [event for event in self.logged() if isinstance(event, events.BootMeasured)]
        return {event.what: event for event in found}

    def count(self) -> None:
        """What appliance-audit-checkpoint.service does every hour."""
        free_objects()
        options = ["--ledger", str(self.ledger), "--tpm", COUNTER]
        assert run_command(command, ["audit", "checkpoint", *options]) == 0

    def doctor(self) -> dict[str, bool]:
        at = self.root / "proc/sys/kernel/random/boot_id"
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_text(f"{boot_id()}\n")
        return {check.name: check.ok for check in boot_record_checks(self.root)}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    root = tmp_path / "machine"
    root.mkdir()
    return Machine(root)


def digest_of(*packs: Path) -> str:
    """As an auditor computes it: sha256sum of each manifest, sorted; sha256sum of that list."""
    sums = sorted(
        hashlib.sha256((pack / "manifest.toml").read_bytes()).hexdigest() for pack in packs
    )
    return hashlib.sha256("".join(f"{one}\n" for one in sums).encode()).hexdigest()


def test_all_that_was_measured_is_in_the_ledger(machine: Machine, booted: BootedImage) -> None:
    assert machine.record() == BootResult(boot_id(), tpm=True)
    found = machine.measured()
    assert found.keys() == set(get_args(Measured))
    assert (found["image"].digest, found["image"].number) == (booted.root, 1)
    assert found["policy"].digest == load(POLICY).digest
    assert (found["packs"].digest, found["packs"].number) == (digest_of(STARTER), 1)
    published = booted.published()["pcr11"]
    assert found["pcr-11"].digest == published["enter-initrd:leave-initrd:sysinit:ready"]
    assert found["pcr-12"].digest == "00" * 32
    attestation = json.loads((machine.left / ATTESTATION).read_text())
    assert {f"pcr-{pcr}": value for pcr, value in attestation["pcrs"].items()} == {
        name: event.digest for name, event in found.items() if name.startswith("pcr-")
    }
    assert machine.doctor() == {"boot record": True, "not rolled back": True}


def test_what_is_left_binds_the_quote_to_the_ledger(
    machine: Machine, booted: BootedImage, tmp_path: Path
) -> None:
    machine.record()
    key = machine.measured()["attestation-key"].digest
    other = tmp_path / "other.key"
    other.write_text("name+00000000+AQ==\n")
    changed = tmp_path / "changed"
    note = (machine.left / ATTESTED_CHECKPOINT).read_text()
    changed.write_text(note.replace("\n", "\n0", 1))
    assert key is not None
    for checkpoint, vkey, code in (
        (machine.left / ATTESTED_CHECKPOINT, machine.ledger / "log.vkey", 3),
        (machine.left / ATTESTED_CHECKPOINT, other, 1),
        (changed, machine.ledger / "log.vkey", 1),
    ):
        options = ["--checkpoint", str(checkpoint), "--key", str(vkey), "--ak", key]
        options += ["--measurements", str(booted.measurements)]
        assert standalone.main(["attest", str(machine.left / ATTESTATION), *options]) == code


def exported(machine: Machine, folder: Path) -> Path:
    options = ["--ledger", str(machine.ledger), "--output", str(folder)]
    assert run_command(command, ["audit", "export", *options]) == 0
    return folder


def test_the_attestation_on_a_disc_is_that_of_the_last_start_in_the_ledger(
    machine: Machine,
    booted: BootedImage,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def code(bundle: Path) -> int:
        options = ["--checkpoint", str(machine.left / ATTESTED_CHECKPOINT), "--ledger", str(bundle)]
        options += ["--key", str(machine.ledger / "log.vkey")]
        options += ["--measurements", str(booted.measurements)]
        return standalone.main(["attest", str(machine.left / ATTESTATION), *options])

    machine.record()
    assert code(exported(machine, tmp_path / "first")) == 3
    assert "the same key, image and registers at its last start" in capsys.readouterr().out
    recorder = recorder_for(machine.ledger)
    recorder._clock = lambda: replace(ClockReading.read(), boot="01234567")
    recorder.record(with_role(job_event(1)))  # after another start
    assert code(exported(machine, tmp_path / "again")) == 1
    assert "started again since" in capsys.readouterr().out
    entries = tmp_path / "first/entries.jsonl"
    entries.write_bytes(entries.read_bytes().replace(b'pcr-1"', b'pcr-2"'))
    assert code(tmp_path / "first") == 1  # the bundle is checked as well


@pytest.mark.usefixtures("booted")
def test_registers_that_the_ledger_lacks_are_not_called_the_same(
    machine: Machine, tmp_path: Path
) -> None:
    machine.record()
    last = exported(machine, tmp_path / "all")
    lines = (last / "entries.jsonl").read_bytes().splitlines(keepends=True)
    data = (machine.left / ATTESTATION).read_bytes()
    attested = standalone.open_attestation(data, bytes.fromhex(json.loads(data)["nonce"]))
    assert standalone.check_start(attested, last, len(lines))
    (last / "entries.jsonl").write_bytes(b"".join(lines[:-1]))
    assert not standalone.check_start(attested, last, len(lines))
    (last / "entries.jsonl").write_bytes(b"".join(lines).replace(b'"00000', b'"10000'))
    with pytest.raises(standalone.Unsound, match="another key, image or register"):
        standalone.check_start(attested, last, len(lines))


def test_a_phase_that_ends_meanwhile_is_recorded_as_well(
    machine: Machine, booted: BootedImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    quoting = AttestationKey.quote
    late = iter([b"a late phase"])

    def measured_before(key: AttestationKey, nonce: bytes) -> Quote:
        for phase in late:
            extend(11, phase)
        free_objects()
        return quoting(key, nonce)

    monkeypatch.setattr(AttestationKey, "quote", measured_before)
    machine.record()
    before = booted.published()["pcr11"]["enter-initrd:leave-initrd:sysinit:ready"]
    after = extended(bytes.fromhex(before), b"a late phase").hex()
    measured = [one for one in machine.logged() if isinstance(one, events.BootMeasured)]
    assert [one.digest for one in measured if one.what == "pcr-11"] == [before, after]
    left = json.loads((machine.left / ATTESTATION).read_text())
    assert left["pcrs"]["11"] == after
    head = (machine.left / ATTESTED_CHECKPOINT).read_bytes()
    assert left["nonce"] == hashlib.sha256(head).hexdigest()


@pytest.mark.usefixtures("booted")
def test_registers_that_keep_changing_are_a_tpm_error(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quoting = AttestationKey.quote

    def measured_before(key: AttestationKey, nonce: bytes) -> Quote:
        extend(11, b"one more")
        free_objects()
        return quoting(key, nonce)

    monkeypatch.setattr(AttestationKey, "quote", measured_before)
    free_objects()
    with machine.daemon():
        assert machine.run() == TpmError.exit_code
    assert "keep changing" in capsys.readouterr().err
    assert not (machine.left / BOOT).exists()


@pytest.mark.usefixtures("booted")
def test_an_older_copy_of_the_ledger_is_found(
    machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.record()
    machine.count()
    sound = machine.record()
    assert (sound.rolled_back, sound.logged) == (False, sound.counted)
    shutil.copytree(machine.root, tmp_path / "older")
    machine.count()
    machine.count()
    assert not machine.record().rolled_back
    assert machine.doctor()["not rolled back"]
    assert not any(isinstance(event, events.LedgerRolledBack) for event in machine.logged())
    for name in ("ledger", "ledger-keys"):
        shutil.rmtree(machine.root / name)
        shutil.copytree(tmp_path / "older" / name, machine.root / name)
    assert capsys.readouterr().err == ""
    found = machine.record()
    assert found.rolled_back
    assert "not the one that the TPM counted last" in capsys.readouterr().err
    assert found.logged is not None
    assert found.counted == found.logged + 2
    alarms = [one for one in machine.logged() if isinstance(one, events.LedgerRolledBack)]
    assert alarms == [events.LedgerRolledBack(found.logged, found.counted)]
    assert not machine.doctor()["not rolled back"]
    # The next count covers it up in the counter, but not in the ledger.
    machine.count()
    assert not machine.record().rolled_back
    assert any(isinstance(event, events.LedgerRolledBack) for event in machine.logged())


@pytest.mark.usefixtures("booted")
def test_another_ledger_in_its_place_is_found(machine: Machine) -> None:
    machine.record()
    machine.count()
    assert not machine.record().rolled_back
    shutil.rmtree(machine.ledger)
    shutil.rmtree(machine.root / "ledger-keys")
    found = machine.record()
    assert (found.rolled_back, found.logged) == (True, None)


def test_a_machine_without_tpm_image_or_packs_records_that(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TPM2TOOLS_TCTI", "swtpm:path=/nowhere")
    monkeypatch.setattr(sys.modules[__name__], "STARTER", machine.root / "none")
    monkeypatch.setattr(sys.modules[__name__], "POLICY", machine.root / "none")
    with machine.daemon():
        assert machine.run() == 0
    assert machine.result() == BootResult(boot_id(), tpm=False)
    assert machine.measured() == {
        what: events.BootMeasured(what) for what in ("image", "policy", "packs", "attestation-key")
    }
    assert not (machine.left / ATTESTATION).exists()
    assert machine.doctor() == {"boot record": True}


@pytest.mark.usefixtures("booted")
def test_without_a_ledger_nothing_is_left(machine: Machine) -> None:
    assert machine.run() == LedgerError.exit_code
    assert not (machine.left / BOOT).exists()
    assert machine.doctor() == {"boot record": False}


def test_the_boot_record_may_log_nothing_else(machine: Machine) -> None:
    with machine.daemon(), closing(AuditClient.connect(machine.socket)) as client:
        client.append(events.BootMeasured("policy", "ab" * 32))
        with pytest.raises(LedgerError, match="does not accept this event"):
            client.append(job_event(1))
        with pytest.raises(LedgerError, match="does not accept this event"):
            client.pseudonym("person", b"ruth")
    assert events.EntryRefused("attester", "kind", 1) in machine.logged()

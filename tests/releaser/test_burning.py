"""The copies of a session leave on a disc."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from appliance.audit.entries import events
from appliance.cli.release.tracing import proof_on_disc
from appliance.release.disc.manifest import MANIFEST, Manifest
from appliance.wire.message import CallError
from tests.burner.folders import says
from tests.releaser.burning import burn, copied, opened, real, reason
from tests.releaser.process import OTHER_SESSION, SESSION, Site


def extracted(disc: Path) -> Path:
    out = disc.with_suffix(".out")
    words = ["/usr/bin/osirrox", "-indev", str(disc), "-extract", "/", str(out)]
    subprocess.run(words, check=True, capture_output=True)
    return out


def test_a_disc_holds_the_copies_of_one_session_and_proves_itself(
    site: Site, tmp_path: Path
) -> None:
    opened(site)
    opened(site, OTHER_SESSION)
    foreign = copied(site, OTHER_SESSION, seed=3)
    numbers = [copied(site), copied(site, seed=17)]
    before = site.left()
    disc = tmp_path / "disc.iso"
    *parts, last = burn(site, real(tmp_path, disc))
    assert last.numbers == numbers
    assert last.sha256 == hashlib.sha256(disc.read_bytes()).hexdigest()
    assert last.size == disc.stat().st_size
    assert [part.done for part in parts] == sorted(part.done for part in parts)
    assert site.left() == before
    out = extracted(disc)
    manifest = msgspec.json.decode((out / MANIFEST).read_bytes(), type=Manifest)
    assert [one.record.number for one in manifest.releases] == numbers
    assert manifest.ledger is not None
    there = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert {"DICOMDIR", "DICOM/IM000001", "DICOM/IM000002", "audit/fhir.json"} <= there
    # As its receiver checks it, with what is on the disc alone and the anchor.
    words = [sys.executable, "-I", str(out / "appliance-verify.py"), str(out)]
    words += ["--anchor", str(site.keys / "anchor.pem")]
    done = subprocess.run(words, check=False, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for one in manifest.releases:  # and as `release inspect --disc` does
        record = one.record
        proof = proof_on_disc(out, manifest.ledger.vkey, record.number, record.copy)
        assert proof is not None
        assert (proof.how, proof.result, proof.copy) == ("approved", record.result, record.copy)
    # Nothing of another session, which was in the same ledger at the same time.
    told = (out / "audit/entries.jsonl").read_text()
    assert SESSION in told
    assert OTHER_SESSION not in told
    assert f'"seq":{foreign},' not in told
    burned = [event for event in site.events() if isinstance(event, events.ReleaseBurned)]
    assert [(one.number, one.medium, one.disc) for one in burned] == [
        (number, "disc", last.sha256) for number in numbers
    ]


def test_a_second_disc_is_a_second_entry_and_knows_of_the_first(site: Site, tmp_path: Path) -> None:
    opened(site)
    number = copied(site)
    first = burn(site, real(tmp_path, tmp_path / "first.iso"))[-1]
    second = burn(site, real(tmp_path, tmp_path / "second.iso"))[-1]
    burned = [event for event in site.events() if isinstance(event, events.ReleaseBurned)]
    assert [(one.number, one.disc) for one in burned] == [
        (number, first.sha256),
        (number, second.sha256),
    ]
    told = (extracted(tmp_path / "second.iso") / "audit/entries.jsonl").read_text()
    assert str(first.sha256) in told


@pytest.mark.parametrize(
    ("because", "program"),
    [
        ("not-blank", {"before": "is written"}),
        ("rewritable", {"kind": "DVD+RW"}),
        ("spoiled", {"after": "is appendable"}),
    ],
)
def test_what_the_burner_refuses_is_said_and_nothing_is_logged(
    site: Site, tmp_path: Path, because: str, program: dict[str, str]
) -> None:
    opened(site)
    copied(site)
    before = site.left()
    with pytest.raises(CallError, match="NotBurned") as refused:
        burn(site, real(tmp_path, tmp_path / "disc.iso", says(tmp_path, **program)))
    assert reason(refused.value) == because
    assert site.left() == before
    assert not any(isinstance(event, events.ReleaseBurned) for event in site.events())
    burn(site, real(tmp_path, tmp_path / "control.iso", says(tmp_path)))


def test_without_copies_nothing_is_burned(site: Site, tmp_path: Path) -> None:
    opened(site)
    with pytest.raises(CallError, match="NoCopies"):
        burn(site, real(tmp_path, tmp_path / "disc.iso"))


def test_after_a_restart_of_the_ledger_nothing_is_burned_that_it_cannot_prove(
    site: Site, tmp_path: Path
) -> None:
    opened(site)
    copied(site)
    site.daemon.kill()
    site.daemon.start()
    with pytest.raises(CallError, match="Failed") as refused:
        burn(site, real(tmp_path, tmp_path / "disc.iso"))
    assert "does not prove" in reason(refused.value)
    assert not (tmp_path / "disc.iso").exists()

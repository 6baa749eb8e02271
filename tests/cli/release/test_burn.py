"""Discs of released files, as images: what is on one, and when none is made."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pyrage
import pytest

from appliance.audit.entries.events import (
    AnyEvent,
    ReleaseApproved,
    ReleaseBegun,
    ReleaseBurned,
)
from appliance.audit.entries.receipt import Receipt
from appliance.audit.keys.locations import default_ledger
from appliance.audit.service.client import AuditClient
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.errors import LedgerError
from appliance.resources import policies
from tests.cli.release.conftest import RESULT, Site
from tests.paths import PORTRAITS


def extracted(image: Path, into: Path) -> Path:
    words = ["/usr/bin/osirrox", "-indev", str(image), "-extract", "/", str(into)]
    subprocess.run(words, check=True, capture_output=True)
    return into


def verified(folder: Path, anchor: Path, *more: str | Path) -> subprocess.CompletedProcess[str]:
    program = str(folder / "appliance-verify.py")
    words = [sys.executable, "-I", program, str(folder), "--anchor", str(anchor), *map(str, more)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_a_disc_is_burned_recorded_and_checked_by_what_is_on_it(site: Site) -> None:
    files = [site.released(), site.released("second.jpg")]
    burned = site.burn(*files, more=["--json"])
    assert (burned.code, burned.err) == (0, "")
    image = site.folder / "disc.iso"
    digest = hashlib.sha256(image.read_bytes()).hexdigest()
    assert burned.json["disc"] == digest
    out = extracted(image, site.folder / "out")
    for file, number in zip(files, burned.json["numbers"], strict=True):
        assert (out / f"results/release-{number}.jpg").read_bytes() == file.read_bytes()
    done = verified(out, site.keys_folder / "anchor.pem")
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("sound: 2 released, in the ledger face-appliance.invalid/")
    recorded = site.events("release-burned")
    assert {event["number"] for event in recorded} == set(burned.json["numbers"])
    assert {event["copy"] for event in recorded} == {
        hashlib.sha256(file.read_bytes()).hexdigest() for file in files
    }
    assert {(event["medium"], event["disc"]) for event in recorded} == {("disc", digest)}


def test_a_disc_holds_photos_as_dicom_and_what_was_recorded_about_them(site: Site) -> None:
    files = [site.released(), site.released("second.jpg")]
    patient = site.put("patient.json", b'{"patient_id": "4711"}')
    burned = site.burn(*files, more=["--dicom", "--patient", patient, "--json"])
    assert (burned.code, burned.err) == (0, "")
    out, anchor = extracted(site.folder / "disc.iso", site.folder / "out"), site.keys_folder
    checked = subprocess.run(
        ["/usr/bin/dcentvfy", "-f", "DICOMDIR"], cwd=out, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    for file, name in zip(files, ("IM000001", "IM000002"), strict=True):
        image = (out / "DICOM" / name).read_bytes()
        assert file.read_bytes() in image
        assert b"4711" in image
    recorded = (out / "audit/entries.jsonl").read_text().splitlines()
    entries = [json.loads(line)["event"] for line in recorded]
    assert [one["number"] for one in entries if one["kind"] == "release-signed"] == (
        burned.json["numbers"]
    )
    listed = {one["name"] for one in json.loads((out / "manifest.json").read_bytes())["files"]}
    wanted = {"DICOMDIR", "DICOM/IM000001", "audit/fhir.json", "audit/atna.xml", "audit/README.txt"}
    assert wanted <= listed
    page = (out / "index.html").read_text()
    assert 'href="DICOMDIR"' in page
    assert 'href="audit/README.txt"' in page
    for name in ("audit/atna.xml", "DICOM/IM000002", "DICOMDIR"):
        assert verified(out, anchor / "anchor.pem").returncode == 0
        was = (out / name).read_bytes()
        (out / name).chmod(0o600)
        (out / name).write_bytes(was[:-1] + b"?")
        refused = verified(out, anchor / "anchor.pem")
        assert (refused.returncode, f"{name} was changed" in refused.stdout) == (1, True)
        (out / name).write_bytes(was)


def test_the_proofs_of_the_audit_record_are_checked_as_its_readme_says(site: Site) -> None:
    """By the program on the disc, in the folder of the README."""
    site.burn(site.released())
    out = extracted(site.folder / "disc.iso", site.folder / "out")
    readme = (out / "audit/README.txt").read_text()
    lines = [line.strip() for line in readme.splitlines()]
    for line in [line for line in lines if line.startswith(("unzip ", "python3 "))]:
        words = line.replace(" /tmp", f" {site.folder}").split()
        done = subprocess.run(words, cwd=out / "audit", capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("sound: entry ")


def test_only_photos_that_dicom_holds_as_they_are_become_dicom(site: Site) -> None:
    source, output = PORTRAITS / "person_e_1.png", site.folder / "released.png"
    words = ("--output", output, "--keys", site.keys_folder, "--engine", "simulation")
    assert site.call("release", "label", source, *words).code == 0
    refused = site.burn(output, more=["--dicom"])
    assert (refused.code, "no photo" in refused.err) == (15, True)
    assert site.burn(output, site.released(), more=["--dicom"]).code == 0
    out = extracted(site.folder / "disc.iso", site.folder / "out")
    assert [path.name for path in (out / "DICOM").iterdir()] == ["IM000001"]
    lacking = site.burn(output, more=["--secondary-capture"])
    assert (lacking.code, "need --dicom" in lacking.err) == (2, True)


def test_nothing_is_left_behind_but_the_image(site: Site) -> None:
    file = site.released()
    before = set(site.folder.rglob("*"))
    site.burn(file)
    assert set(site.folder.rglob("*")) - before == {site.folder / "disc.iso"}


def test_a_proof_of_another_ledger_is_noticed(site: Site, tmp_path: Path) -> None:
    site.burn(site.released())
    out = extracted(site.folder / "disc.iso", tmp_path / "out")
    anchor = site.keys_folder / "anchor.pem"
    other = tmp_path / "other"
    with EmbeddedAudit(other) as audit:
        audit.client.append(ReleaseApproved("0" * 16, 0, RESULT, "0" * 32))
    assert verified(out, anchor, "--key", default_ledger() / "log.vkey").returncode == 0
    assert verified(out, anchor, "--key", other / "log.vkey").returncode == 1


def test_a_recipient_alone_opens_an_encrypted_disc(site: Site) -> None:
    identity = pyrage.x25519.Identity.generate()
    file = site.released()
    burned = site.burn(file, more=["--recipient", identity.to_public(), "--json"])
    assert burned.code == 0
    assert burned.json["encrypted"] is True
    outer = extracted(site.folder / "disc.iso", site.folder / "out")
    assert sorted(path.name for path in outer.iterdir()) == [
        *("anchor.pem", "appliance-verify.py", "disc.tar.age", "index.html"),
        *("manifest.json", "manifest.sig"),
    ]
    assert verified(outer, site.keys_folder / "anchor.pem").returncode == 0
    # As the page says it, each command a line.
    own = site.folder / "own"
    own.mkdir()
    shutil.copy(outer / "disc.tar.age", own)
    (own / "YOUR-KEY.txt").write_text(str(identity))
    (said,) = re.findall(
        r"<pre>(age .*? YOUR-KEY.*?)</pre>", (outer / "index.html").read_text(), re.DOTALL
    )
    for line in said.splitlines():
        subprocess.run(line.split(), cwd=own, check=True)
    inner = own / "opened"
    (number,) = burned.json["numbers"]
    assert (inner / f"results/release-{number}.jpg").read_bytes() == file.read_bytes()
    assert verified(inner, site.keys_folder / "anchor.pem").returncode == 0


def test_an_image_that_exists_stays_as_it_is(site: Site) -> None:
    file = site.released()
    image = site.put("disc.iso", b"another disc")
    refused = site.burn(file)
    assert (refused.code, "exists already" in refused.err) == (7, True)
    assert image.read_bytes() == b"another disc"


def test_what_cannot_be_recorded_is_not_written(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = site.released()
    append = AuditClient.append_all

    def full(client: AuditClient, events: Sequence[AnyEvent]) -> list[Receipt]:
        if any(isinstance(event, ReleaseBurned) for event in events):
            raise LedgerError("The disk is full.", "Free some.")
        return append(client, events)

    with monkeypatch.context() as patched:
        patched.setattr(AuditClient, "append_all", full)
        refused = site.burn(file, more=["--json"])
    assert (refused.code, "Destroy the disc" in refused.err) == (10, True)
    assert not (site.folder / "disc.iso").exists()
    assert site.burn(file).code == 0


def test_a_policy_that_demands_a_second_person_gets_their_releases_alone(site: Site) -> None:
    policy = ("--policy", str(policies() / "clinic.yaml"))
    assert site.burn(site.released(), image="approved.iso", more=policy).code == 0
    with EmbeddedAudit() as audit:
        begun = ReleaseBegun("0" * 16, RESULT, "photo", "simulation")
        number = audit.client.append(begun).index
    data = site.copy(number)
    site.sign(number, data)
    alone = site.put("alone.jpg", data)
    refused = site.burn(alone, more=policy)
    assert (refused.code, "second person" in refused.err) == (15, True)
    assert site.burn(alone).code == 0


@pytest.mark.parametrize("name", ["released.png", "released.tif"])
def test_what_the_command_labels_can_be_burned(site: Site, name: str) -> None:
    source, output = PORTRAITS / "person_e_1.png", site.folder / name
    words = ("--output", output, "--keys", site.keys_folder, "--engine", "simulation")
    assert site.call("release", "label", source, *words).code == 0
    burned = site.burn(output, more=["--json"])
    assert (burned.code, burned.err) == (0, "")
    out = extracted(site.folder / "disc.iso", site.folder / "out")
    assert verified(out, site.keys_folder / "anchor.pem").returncode == 0
    (result,) = (out / "results").iterdir()
    assert result.suffix == output.suffix


@pytest.mark.parametrize("target", [(), ("--drive", "/dev/sr0", "--image", "x.iso")])
def test_there_is_one_target(site: Site, target: tuple[str, ...]) -> None:
    words = ("release", "burn", site.released(), "--keys", site.keys_folder)
    refused = site.call(*words, *target)
    assert (refused.code, "either --drive or --image" in refused.err) == (2, True)


def test_what_is_no_drive_is_refused(site: Site) -> None:
    words = ("release", "burn", site.released(), "--keys", site.keys_folder, "--drive")
    refused = site.call(*words, os.devnull)
    assert (refused.code, "no drive" in refused.err) == (7, True)


def test_a_private_key_is_no_recipient(site: Site) -> None:
    identity = pyrage.x25519.Identity.generate()
    refused = site.burn(site.released(), more=["--recipient", identity])
    assert (refused.code, "public key" in refused.err) == (15, True)
    assert str(identity) not in refused.err


def test_an_export_folder_is_what_a_disc_would_be(site: Site) -> None:
    file, output = site.released(), site.folder / "export"
    words = ("release", "export", file, "--keys", site.keys_folder, "--output", output)
    assert site.call(*words).code == 0
    done = verified(output, site.keys_folder / "anchor.pem")
    assert done.returncode == 0, done.stdout
    (event,) = site.events("release-burned")
    digest = hashlib.sha256((output / "manifest.json").read_bytes()).hexdigest()
    assert (event["medium"], event["disc"]) == ("folder", digest)
    assert "Nothing can be added" not in (output / "index.html").read_text()
    assert site.call(*words).code == 7
    policy = ("--policy", str(policies() / "studio.yaml"), "--output", site.folder / "more")
    refused = site.call(*words[:-2], *policy)
    assert (refused.code, "on a disc alone" in refused.err) == (8, True)

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from appliance.audit.keys.locations import default_ledger
from tests.cli.conftest import Call, Outcome


@pytest.fixture
def keys(call: Call, folder: Path) -> Path:
    made = folder / "keys"
    assert call("release", "keys", made, "--organisation", "A site").code == 0
    return made


def dicom(call: Call, folder: Path, keys: Path, *words: str | Path) -> Outcome:
    return call("release", "dicom", *words, "--output", folder / "disc", "--anchor", keys)


@pytest.fixture
def released(call: Call, people: Mapping[str, Path], folder: Path, keys: Path) -> Path:
    photo = folder / "released.jpg"
    words = ("--output", photo, "--keys", keys, "--engine", "simulation")
    assert call("release", "label", people["a"], *words).code == 0
    return photo


def test_released_photos_become_dicom_that_is_trusted_too(
    call: Call, folder: Path, keys: Path, released: Path
) -> None:
    patient = folder / "patient.json"
    patient.write_text('{"patient_id": "4711", "name": "Jane-Canary^Jane"}')
    assert dicom(call, folder, keys, released, "--patient", patient).code == 0
    image = folder / "disc" / "DICOM" / "IM000001"
    assert (folder / "disc" / "DICOMDIR").is_file()
    assert b"Jane-Canary^Jane" in image.read_bytes()
    assert released.read_bytes() in image.read_bytes()
    traced = ("--keys", keys, "--ledger", default_ledger(), "--json")
    found = call("release", "inspect", image, *traced)
    assert (found.code, found.json["kind"], found.json["disagreements"]) == (0, "dicom", [])
    number = found.json["provenance"]["number"]
    assert found.json["watermark"]["number"] == number
    assert found.json["proof"]["copy"] == hashlib.sha256(released.read_bytes()).hexdigest()
    assert f"Release {number}.".encode() in image.read_bytes()


@pytest.mark.parametrize("form", ["", "--secondary-capture"])
def test_without_a_patient_there_is_a_pseudonym_alone(
    call: Call, folder: Path, keys: Path, released: Path, form: str
) -> None:
    assert dicom(call, folder, keys, released, *form.split()).code == 0
    content = (folder / "disc" / "DICOM" / "IM000001").read_bytes()
    assert b"RELEASE-" in content
    assert (b"SYN" in content) == bool(form)


def test_a_photo_that_was_not_released_does_not_become_dicom(
    call: Call, people: Mapping[str, Path], folder: Path, keys: Path, released: Path
) -> None:
    refused = dicom(call, folder, keys, released, people["a"])
    assert (refused.code, "not trusted" in refused.err) == (15, True)
    assert not [path for path in (folder / "disc").rglob("*") if path.is_file()]
    assert dicom(call, folder, keys, released).code == 0
    assert dicom(call, folder, keys, released).code == 7  # what is there is not replaced


@pytest.mark.parametrize(
    "said", ['{"patient_id": "a\\\\b"}', '{"surname": "x"}', "no JSON", '{"sex": "X"}']
)
def test_a_patient_that_dicom_cannot_hold_is_refused(
    call: Call, folder: Path, keys: Path, released: Path, said: str
) -> None:
    patient = folder / "patient.json"
    patient.write_text(said)
    assert dicom(call, folder, keys, released, "--patient", patient).code in (3, 15)
    assert not (folder / "disc").exists()

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.conftest import CANARY, Call, Outcome


@pytest.fixture
def keys(call: Call, folder: Path) -> Path:
    made = folder / "keys"
    assert call("release", "keys", made, "--organisation", "A site").code == 0
    return made


def label(call: Call, photo: Path, output: Path, keys: Path, *more: str) -> Outcome:
    words = ("--keys", keys, "--number", "12", "--engine", "simulation", *more)
    return call("release", "label", photo, "--output", output, *words)


def test_a_released_photo_is_trusted_and_one_with_a_flipped_byte_is_not(
    call: Call, people: Mapping[str, Path], folder: Path, keys: Path
) -> None:
    released = folder / "released.jpg"
    assert label(call, people["a"], released, keys).code == 0
    data = bytearray(released.read_bytes())
    assert CANARY.encode() not in data
    found = call("release", "inspect", released, "--anchor", keys / "anchor.pem", "--json")
    assert (found.code, found.json["trusted"]) == (0, True)
    assert found.json["provenance"]["number"] == 12
    data[len(data) // 2] ^= 1
    released.write_bytes(data)
    changed = call("release", "inspect", released, "--anchor", keys)
    assert changed.code == 15
    assert "changed or damaged" in changed.out


def test_a_photo_that_was_not_released_is_not_trusted(
    call: Call, people: Mapping[str, Path], keys: Path
) -> None:
    found = call("release", "inspect", people["a"], "--anchor", keys)
    assert found.code == 15
    assert "none" in found.out


def test_keys_are_for_their_owner_alone_and_never_replaced(call: Call, keys: Path) -> None:
    assert keys.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in keys.iterdir())
    assert call("release", "keys", keys, "--organisation", "A site").code == 7


@pytest.mark.parametrize("wrong", ["out.bmp", "out.jpg --producer a\\b", "out.jpg --number 0"])
def test_what_cannot_be_released_leaves_no_file(
    call: Call, people: Mapping[str, Path], folder: Path, keys: Path, wrong: str
) -> None:
    output, *more = wrong.split()
    refused = label(call, people["a"], folder / output, keys, *more)
    assert refused.code == 15
    assert not (folder / output).exists()


def test_a_policy_that_demands_a_second_person_refuses(
    call: Call, people: Mapping[str, Path], folder: Path, keys: Path
) -> None:
    from appliance.resources import policies

    policy = str(policies() / "studio.yaml")
    refused = label(call, people["a"], folder / "out.jpg", keys, "--policy", policy)
    assert refused.code == 8
    assert "second person" in refused.err


def dicom(call: Call, folder: Path, keys: Path, *words: str | Path) -> Outcome:
    return call("release", "dicom", *words, "--output", folder / "disc", "--anchor", keys)


@pytest.fixture
def released(call: Call, people: Mapping[str, Path], folder: Path, keys: Path) -> Path:
    photo = folder / "released.jpg"
    assert label(call, people["a"], photo, keys).code == 0
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
    found = call("release", "inspect", image, "--anchor", keys, "--json")
    assert (found.code, found.json["kind"], found.json["provenance"]["number"]) == (0, "dicom", 12)


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

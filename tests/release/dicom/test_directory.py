from __future__ import annotations

import io
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.fileset import FileSet

from appliance.release.dicom.files import DicomOptions
from appliance.release.dicom.patient import Patient
from appliance.release.dicom.still import Form
from tests.release.dicom.stills import disc, judge, still, write

NUMBERS = (12, 13, 70_000)
AS_PATIENT = DicomOptions(Patient("4711", name="Müller^Jürg"))


@pytest.fixture(params=["photograph", "secondary-capture"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    form: Form = request.param
    return write(tmp_path / "disc", disc(DicomOptions(AS_PATIENT.patient, form), *NUMBERS))


def test_file_identifiers_are_those_of_a_file_set(folder: Path) -> None:
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names == {"DICOMDIR", *(f"DICOM/IM00000{n}" for n in (1, 2, 3))}
    for part in {part for name in names for part in name.split("/")}:
        assert re.fullmatch("[A-Z0-9_]{1,8}", part)


def test_two_validators_find_the_directory_and_the_objects_without_error(folder: Path) -> None:
    _, said = judge("dciodvfy", "-new", "DICOMDIR", folder=folder)
    assert "BasicDirectory" in said
    assert "Error" not in said
    objects = sorted(folder.glob("DICOM/*"))
    assert judge("dcentvfy", *objects) == (0, "")
    _, listed = judge("dcdirdmp", "DICOMDIR", folder=folder)
    assert re.findall(r"-> (\S+)", listed) == [f"DICOM\\IM00000{n}" for n in (1, 2, 3)]


def test_another_library_finds_every_file_by_it(folder: Path) -> None:
    found = FileSet(folder / "DICOMDIR")
    found._stage["t"].cleanup()  # a folder that it makes for changes, of which there are none
    assert len(found) == len(NUMBERS)
    for number, one in zip(NUMBERS, found, strict=True):
        loaded = one.load()
        assert f"Release {number}." in loaded.ImageComments
        assert one.SOPInstanceUID == loaded.SOPInstanceUID
    assert [str(name) for name in found.find_values("PatientName", load=True)] == ["Müller^Jürg"]


def test_another_program_adds_nothing_to_it_that_is_there_already(folder: Path) -> None:
    """It checks each file against its profile of discs with JPEGs, and finds its record."""
    words = ("--general-dvd-jpeg", "--strict", "--append", "DICOM/IM000001")
    code, said = judge("dcmmkdir", *words, folder=folder)
    assert code == 0
    assert "already exists" in said
    assert "E:" not in said


def test_objects_of_two_patients_are_noticed(tmp_path: Path) -> None:
    """The control of the check above: the judge sees what it is asked for."""
    one = disc(DicomOptions(Patient("1", study="1.2.3")), 12)["DICOM/IM000001"]
    other = disc(DicomOptions(Patient("2", study="1.2.3")), 13)["DICOM/IM000001"]
    write(tmp_path, {"a": one, "b": other})
    assert "Error" in judge("dcentvfy", tmp_path / "a", tmp_path / "b")[1]


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder into which another program files what it is sent, and the port of that program."""
    taken = tmp_path / "archive"
    taken.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    words = ("/usr/bin/storescp", "--accept-all", "--output-directory", taken, port)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        for _ in range(200):
            if judge("echoscu", "localhost", port)[0] == 0:
                break
            time.sleep(0.05)
        yield taken, port
        process.terminate()


def test_an_archive_takes_the_objects_over_the_network(
    folder: Path, archive: tuple[Path, str]
) -> None:
    taken, port = archive
    objects = sorted(folder.glob("DICOM/*"))
    assert judge("storescu", "--propose-jpeg8", "localhost", port, *objects) == (0, "")
    received = {str(pydicom.dcmread(path).ImageComments): path for path in taken.iterdir()}
    assert len(received) == len(NUMBERS)
    for path in received.values():
        assert pydicom.dcmread(path).file_meta.TransferSyntaxUID.name.startswith("JPEG Baseline")
    everything = b"".join(path.read_bytes() for path in taken.iterdir())
    assert all(still(number) in everything for number in NUMBERS)


def test_the_directory_is_the_same_for_the_same_stills() -> None:
    assert disc(AS_PATIENT, *NUMBERS) == disc(AS_PATIENT, *reversed(NUMBERS))
    content = disc(AS_PATIENT, *NUMBERS)["DICOMDIR"]
    assert pydicom.dcmread(io.BytesIO(content)).FileSetID == "RELEASE"

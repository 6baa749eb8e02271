from __future__ import annotations

import io
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import get_args

import msgspec
import numpy as np
import pydicom
import pytest
from PIL import Image, ImageCms
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.encaps import generate_frames

from appliance.errors import ReleaseError
from appliance.pipeline.media.photo.bare_profile import bare_profile
from appliance.pipeline.media.photo.decode import read_photo
from appliance.release.dicom.dictionary import ELEMENTS
from appliance.release.dicom.extraction import jpeg_inside
from appliance.release.dicom.files import DicomOptions, dicom_files
from appliance.release.dicom.patient import Patient
from appliance.release.dicom.still import Form
from appliance.release.provenance.reading import read_provenance
from appliance.release.still import released_still
from tests.dicom_codes import meanings
from tests.release.dicom.stills import disc, judge, record_of, still, write
from tests.release.signed import FACTS, WATERMARK_KEY, anchors, photo, signing_key

FORMS = get_args(Form)
IMAGE = "DICOM/IM000001"
WHOLE = Patient("4711", "A hospital", "Müller^Jürg", "19700131", "O", "A-2026-1", "1.2.3")


def object_of(jpeg: bytes, options: DicomOptions | None = None) -> bytes:
    return dicom_files([(record_of(jpeg), jpeg)], options or DicomOptions())[IMAGE]


def odd() -> bytes:
    """What a release never is, but a JPEG may be."""
    end = b"\xff\xd9"
    return still().removesuffix(end) + b"\xff" + end


def errors(said: str) -> list[str]:
    return [line for line in said.splitlines() if "Error" in line]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("patient", [Patient(), WHOLE])
def test_an_independent_validator_finds_no_error(
    form: Form, patient: Patient, tmp_path: Path
) -> None:
    path = tmp_path / "object"
    path.write_bytes(object_of(still(), DicomOptions(patient, form)))
    _, said = judge("dciodvfy", "-new", path)
    assert errors(said) == []
    assert ("VLPhotographicImage" if form == "photograph" else "SCImage") in said
    path.write_bytes(path.read_bytes().replace(b"DERIVED", b"DERIVEX"))
    assert errors(judge("dciodvfy", "-new", path)[1])


@pytest.mark.parametrize("form", FORMS)
def test_the_copy_is_inside_byte_for_byte_and_trusted(form: Form) -> None:
    inside = jpeg_inside(object_of(still(), DicomOptions(form=form)))
    assert inside == still()
    assert read_provenance(io.BytesIO(inside), "jpeg", anchors()).state == "trusted"


def test_any_reader_takes_a_release_out_as_it_is() -> None:
    """It needs no byte to make its length even, with which it would not be trusted."""
    for number in range(12, 20):
        dataset = pydicom.dcmread(io.BytesIO(object_of(still(number))))
        (frame,) = generate_frames(dataset.PixelData, number_of_frames=1)
        assert frame == still(number)
        assert "EncapsulatedPixelDataValueTotalLength" not in dataset


def test_the_byte_that_makes_an_odd_length_even_can_be_taken_off(tmp_path: Path) -> None:
    content = object_of(odd())
    dataset = pydicom.dcmread(io.BytesIO(content))
    assert len(odd()) % 2 == 1
    assert dataset.EncapsulatedPixelDataValueTotalLength == len(odd())
    assert jpeg_inside(content) == odd()
    path = tmp_path / "object"
    path.write_bytes(content)
    assert errors(judge("dciodvfy", "-new", path)[1]) == []


@pytest.mark.parametrize("form", FORMS)
def test_two_other_decoders_see_the_same_pixels(form: Form, tmp_path: Path) -> None:
    path, png, raw = (tmp_path / name for name in ("object", "seen.png", "raw"))
    path.write_bytes(object_of(still(), DicomOptions(form=form)))
    expected = np.array(Image.open(io.BytesIO(still())).convert("RGB"), int)
    assert judge("dcmj2pnm", "--write-png", path, png) == (0, "")
    seen = np.array(Image.open(png).convert("RGB"), int)
    assert np.abs(seen - expected).max() == 0
    assert judge("gdcmconv", "--raw", path, raw)[0] == 0
    unpacked = pydicom.dcmread(raw)
    assert np.abs(unpacked.pixel_array.astype(int) - expected).max() == 0


def test_it_is_taken_in_again_as_the_same_photo() -> None:
    taken = read_photo(object_of(still()))
    assert (taken.pixels == read_photo(still()).pixels).all()


@pytest.mark.parametrize("form", FORMS)
def test_it_says_that_it_was_changed_and_by_what(form: Form) -> None:
    said = pydicom.dcmread(io.BytesIO(object_of(still(), DicomOptions(form=form))))
    assert list(said.ImageType) == ["DERIVED", "SECONDARY"]
    assert (said.BurnedInAnnotation, said.RecognizableVisualFeatures) == ("YES", "YES")
    assert "not a result" in said.DerivationDescription
    codes = [(code.CodingSchemeDesignator, code.CodeValue) for code in said.DerivationCodeSequence]
    assert codes == [("99FACEAPPLIANCE", "simulation"), ("DCM", "113085"), ("DCM", "113040")]
    assert (said.LossyImageCompression, said.LossyImageCompressionMethod) == ("01", "ISO_10918_1")
    pixels = photo().pixels
    assert said.LossyImageCompressionRatio == pytest.approx(pixels.size / len(still()), abs=0.01)
    assert said.PhotometricInterpretation == "YBR_FULL_422"
    assert said.ContributingEquipmentSequence[0].SoftwareVersions == said.SoftwareVersions
    assert record_of(still()).copy in said.ImageComments


def test_of_the_patient_it_says_what_the_caller_hands_in_and_else_a_pseudonym() -> None:
    named = pydicom.dcmread(io.BytesIO(object_of(still(), DicomOptions(WHOLE))))
    assert (named.PatientID, named.IssuerOfPatientID) == ("4711", "A hospital")
    assert (named.PatientName, named.PatientBirthDate) == ("Müller^Jürg", "19700131")
    assert (named.AccessionNumber, named.StudyInstanceUID) == ("A-2026-1", "1.2.3")
    bare = pydicom.dcmread(io.BytesIO(object_of(still())))
    assert re.fullmatch("RELEASE-[0-9A-F]{12}", bare.PatientID)
    empty = (bare.PatientName, bare.PatientBirthDate, bare.PatientSex, bare.AccessionNumber)
    assert not any(map(str, empty))
    assert "IssuerOfPatientID" not in bare


@pytest.mark.parametrize(
    "wrong",
    [
        {"patient_id": "a\\b"},
        {"patient_id": "a\nb"},
        {"name": 65 * "x"},
        {"birth_date": "1970-01-31"},
        {"sex": "X"},
        {"accession_number": 17 * "1"},
        {"study": "1.02"},
        {"study": "1." + 63 * "2"},
    ],
)
def test_what_dicom_cannot_hold_of_a_patient_is_refused(wrong: dict[str, str]) -> None:
    Patient(name=64 * "x", study="1." + 62 * "2")
    with pytest.raises(ReleaseError, match="cannot stand in DICOM"):
        Patient(**wrong)


def test_one_identifier_never_has_two_contents() -> None:
    options = [
        DicomOptions(),
        DicomOptions(form="secondary-capture"),
        DicomOptions(Patient("1")),
        DicomOptions(Patient("1", accession_number="2")),
        DicomOptions(session="a"),
    ]
    identifiers = set()
    for one in options:
        content = object_of(still(), one)
        assert content == object_of(still(), one)
        identifiers.add(str(pydicom.dcmread(io.BytesIO(content)).SOPInstanceUID))
    assert len(identifiers) == len(options)
    assert all(re.fullmatch(r"2\.25\.[1-9]\d{0,38}", identifier) for identifier in identifiers)


def test_stills_of_a_session_are_one_study_and_of_others_are_not() -> None:
    def studies(*sessions: str) -> set[str]:
        found = set()
        for number, session in enumerate(sessions, 12):
            content = disc(DicomOptions(session=session), number)[IMAGE]
            found.add(str(pydicom.dcmread(io.BytesIO(content)).StudyInstanceUID))
        return found

    assert len(studies("a", "a")) == 1
    assert len(studies("a", "b")) == 2


def test_pixels_that_are_not_square_and_their_colours_are_described(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    special = replace(photo(), pixel_aspect=Fraction(2), icc=profile)
    content = object_of(released_still(special, "jpeg", FACTS, signing_key(), WATERMARK_KEY))
    said = pydicom.dcmread(io.BytesIO(content))
    height, width = map(int, said.PixelAspectRatio)
    assert width == 2 * height
    bare = bare_profile(profile)
    assert bare is not None
    assert said.ICCProfile.rstrip(b"\0") == bare.rstrip(b"\0")
    path = write(tmp_path, {"object": content}) / "object"
    assert errors(judge("dciodvfy", "-new", path)[1]) == []


def test_grey_is_described_as_grey(tmp_path: Path) -> None:
    grey = Image.fromarray(photo().pixels).convert("L")
    grey.save(buffer := io.BytesIO(), "JPEG")
    content = object_of(buffer.getvalue())
    said = pydicom.dcmread(io.BytesIO(content))
    assert (said.PhotometricInterpretation, said.SamplesPerPixel) == ("MONOCHROME2", 1)
    path = write(tmp_path, {"object": content}) / "object"
    assert errors(judge("dciodvfy", "-new", path)[1]) == []


@pytest.mark.parametrize("kind", ["png", "webp", "tiff", "mp4", "mov"])
def test_what_is_no_jpeg_is_refused(kind: str) -> None:
    record = msgspec.structs.replace(record_of(still()), kind=kind)
    with pytest.raises(ReleaseError, match="Only a JPEG"):
        dicom_files([(record, still())], DicomOptions())


def test_so_is_a_progressive_jpeg_and_a_copy_of_another_record() -> None:
    Image.fromarray(photo().pixels).save(buffer := io.BytesIO(), "JPEG", progressive=True)
    with pytest.raises(ReleaseError, match="baseline"):
        object_of(buffer.getvalue())
    with pytest.raises(ReleaseError, match="not what its record"):
        dicom_files([(record_of(still()), still() + b"\0")], DicomOptions())
    with pytest.raises(ReleaseError, match="no photo"):
        dicom_files([], DicomOptions())


def test_a_damaged_file_gives_no_jpeg_or_the_right_bytes_back() -> None:
    content = object_of(still())
    dice = np.random.default_rng(3)
    for cut in dice.integers(0, len(content), 200):
        with pytest.raises(ReleaseError, match="holds no JPEG"):
            jpeg_inside(content[:cut])
    head = content.index(still())
    for at in dice.integers(0, head, 300):
        changed = bytearray(content)
        changed[at] ^= 1 << dice.integers(8)
        try:
            found = jpeg_inside(bytes(changed))
        except ReleaseError:
            continue
        assert still().startswith(found[:-1])


def test_numbers_and_representations_are_those_of_the_standard() -> None:
    for keyword, (number, representation) in ELEMENTS.items():
        assert (tag_for_keyword(keyword), dictionary_VR(number)) == (number, representation)


def test_codes_have_the_meaning_that_the_standard_gives_them() -> None:
    known = {scheme: meanings(scheme) for scheme in ("DCM", "SCT")}
    said = pydicom.dcmread(io.BytesIO(object_of(still())))
    (equipment,) = said.ContributingEquipmentSequence
    (own, *codes) = said.DerivationCodeSequence
    codes += [*said.AnatomicRegionSequence, *equipment.PurposeOfReferenceCodeSequence]
    assert own.CodingSchemeDesignator == "99FACEAPPLIANCE"
    assert len(codes) == 4
    for code in codes:
        meaning, _ = known[code.CodingSchemeDesignator][code.CodeValue]
        assert meaning == code.CodeMeaning

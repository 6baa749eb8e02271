"""One released still as a DICOM object: its JPEG, untouched, and what is said of it.

VL Photographic Image (PS3.3, A.32.4), or Secondary Capture Image (PS3.3, A.8) for archives that do
not take that.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal, TypeAlias

from appliance.release.dicom.encoding import DataSet, encapsulated, encode, encode_file
from appliance.release.dicom.jpeg_header import read_header
from appliance.release.dicom.patient import Patient
from appliance.release.dicom.uids import (
    IMPLEMENTATION,
    JPEG_BASELINE,
    PHOTOGRAPH,
    SECONDARY_CAPTURE,
    derived_uid,
)
from appliance.release.facts import Engine
from appliance.version import DISTRIBUTION, version

Form: TypeAlias = Literal["photograph", "secondary-capture"]

_CLASSES: Final[dict[Form, str]] = {
    "photograph": PHOTOGRAPH,
    "secondary-capture": SECONDARY_CAPTURE,
}
_DICOM_CODES, _SNOMED = "DCM", "SCT"
_OWN_CODES = "99FACEAPPLIANCE"  # designators of private schemes begin with 99 (PS3.16, 8.2)
_SERIES: dict[Engine, str] = {
    "simulation": "Geometric simulation",
    "mesh": "Face replaced by geometry",
    "onnx": "Face replaced by a generator",
}
_DERIVATIONS: dict[Engine, str] = {
    "simulation": "Geometric simulation: the photo of a face was deformed. It shows a wish, not a "
    "result, and is no photo of the person as they are.",
    "mesh": "The face was replaced by geometry and texture of another photo. It is no photo of "
    "the person as they are.",
    "onnx": "The face was replaced by what a generator drew. It is no photo of the person as "
    "they are.",
}


@dataclass(frozen=True, slots=True)
class Still:
    """A released JPEG. ``signed``: when, in milliseconds since 1970."""

    number: int
    engine: Engine
    signed: int
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an object belongs: whose it is, in which study and series, at which place there.

    ``began``: when the study began, in milliseconds since 1970.
    """

    patient: Patient
    study: str
    series: str
    instance: int
    form: Form
    began: int


@dataclass(frozen=True, slots=True)
class DicomObject:
    """``content``: the file. ``shown``: its elements, without its own identifier and pixels."""

    content: bytes
    sop_class: str
    uid: str
    shown: DataSet


def dicom_object(still: Still, place: Placement) -> DicomObject:
    """``still`` as an object; the same one for the same input.

    Raises ``ReleaseError`` if it is no baseline JPEG.
    """
    sop_class = _CLASSES[place.form]
    data: DataSet = {
        "SOPClassUID": sop_class,
        "SpecificCharacterSet": "ISO_IR 192",
        **_patient(place.patient),
        **_study(place),
        **_equipment(still),
        **_image(still, place),
        **_pixels(still.jpeg),
    }
    # Two objects with one identifier must not differ, so it depends on all that the object says.
    uid = derived_uid("instance", encode(data), still.jpeg)
    meta: DataSet = {
        "MediaStorageSOPClassUID": sop_class,
        "MediaStorageSOPInstanceUID": uid,
        "TransferSyntaxUID": JPEG_BASELINE,
        **implementation(),
    }
    body = encode({**data, "SOPInstanceUID": uid}) + encapsulated(still.jpeg)
    return DicomObject(encode_file(meta, body), sop_class, uid, data)


def implementation() -> DataSet:
    """What each file says of the program that wrote it."""
    name = f"FACEAPPL {version()}"[:16]  # the length of a short text
    return {"ImplementationClassUID": IMPLEMENTATION, "ImplementationVersionName": name}


def _patient(patient: Patient) -> DataSet:
    issuer = {"IssuerOfPatientID": patient.issuer} if patient.issuer else {}
    return {
        "PatientName": patient.name,
        "PatientID": patient.patient_id,
        "PatientBirthDate": patient.birth_date,
        "PatientSex": patient.sex,
        **issuer,
    }


def _study(place: Placement) -> DataSet:
    date, time = _moment(place.began)
    return {
        "StudyInstanceUID": place.study,
        "SeriesInstanceUID": place.series,
        "StudyDate": date,
        "StudyTime": time,
        "SeriesDate": date,
        "SeriesTime": time,
        "TimezoneOffsetFromUTC": "+0000",
        "StudyID": "1",
        "SeriesNumber": "1",
        "StudyDescription": "Released pictures of a face",
        "AccessionNumber": place.patient.accession_number,
        "ReferringPhysicianName": "",
        "Modality": "XC",
    }


def _equipment(still: Still) -> DataSet:
    date, time = _moment(still.signed)
    program: DataSet = {
        "Manufacturer": DISTRIBUTION,
        "ManufacturerModelName": still.engine,
        "SoftwareVersions": version(),
    }
    contribution: DataSet = {
        **program,
        "PurposeOfReferenceCodeSequence": [_code("109102", _DICOM_CODES, "Processing Equipment")],
        "ContributionDateTime": f"{date}{time}+0000",
        "ContributionDescription": "Changed the face, labelled, watermarked and signed the picture",
    }
    return {**program, "ContributingEquipmentSequence": [contribution]}


def _image(still: Still, place: Placement) -> DataSet:
    date, time = _moment(still.signed)
    digest = sha256(still.jpeg).hexdigest()
    capture: DataSet = {"ConversionType": "SYN"}  # a synthetic image (PS3.3, C.8.6.1)
    photograph: DataSet = {
        "AcquisitionContextSequence": [],
        "AnatomicRegionSequence": [_code("89545001", _SNOMED, "Face")],
    }
    return {
        **(photograph if place.form == "photograph" else capture),
        "InstanceNumber": str(place.instance),
        "SeriesDescription": _SERIES[still.engine],
        "PatientOrientation": "",
        "BodyPartExamined": "FACE",
        "ImageType": ("DERIVED", "SECONDARY"),
        "InstanceCreationDate": date,
        "InstanceCreationTime": time,
        "ContentDate": date,
        "ContentTime": time,
        "BurnedInAnnotation": "YES",
        "RecognizableVisualFeatures": "YES",
        "DerivationDescription": _DERIVATIONS[still.engine],
        "DerivationCodeSequence": _derivation(still.engine),
        "CodingSchemeIdentificationSequence": [
            {"CodingSchemeDesignator": _OWN_CODES, "CodingSchemeName": DISTRIBUTION}
        ],
        "ImageComments": f"Release {still.number}. SHA-256 of the JPEG inside: {digest}",
    }


def _derivation(engine: Engine) -> list[DataSet]:
    """Codes of context group 7203, and our own for what it has none for."""
    done = _code(engine, _OWN_CODES, _SERIES[engine])
    resampled = [_code("113085", _DICOM_CODES, "Spatial resampling")]
    compressed = _code("113040", _DICOM_CODES, "Lossy Compression")
    return [done, *(resampled if engine == "simulation" else ()), compressed]


def _pixels(jpeg: bytes) -> DataSet:
    """Every element that describes the pixels (PS3.3, C.7.6.3), as the JPEG itself says.

    Colours are YBR_FULL_422 whatever their chroma was reduced to: of what the standard lists for
    lossy JPEG it is the one for YCbCr, and decoders go by the JPEG's own header (PS3.5, 8.2.1).
    """
    header = read_header(jpeg)
    colours: DataSet = {"PhotometricInterpretation": "MONOCHROME2"}
    if header.samples == 3:
        colours = {"PhotometricInterpretation": "YBR_FULL_422", "PlanarConfiguration": 0}
    height, width = header.aspect
    aspect: DataSet = {"PixelAspectRatio": (str(height), str(width))} if height != width else {}
    profile: DataSet = {"ICCProfile": header.icc} if header.icc else {}
    # With it, the JPEG can be taken out without the byte that makes its length even. Readers of
    # before 2019 do not know the element's representation, and most copies are even as they are.
    length: DataSet = {"EncapsulatedPixelDataValueTotalLength": len(jpeg)} if len(jpeg) % 2 else {}
    ratio = header.rows * header.columns * header.samples / len(jpeg)
    return {
        **colours,
        **aspect,
        **profile,
        "SamplesPerPixel": header.samples,
        "Rows": header.rows,
        "Columns": header.columns,
        "BitsAllocated": 8,
        "BitsStored": 8,
        "HighBit": 7,
        "PixelRepresentation": 0,
        "LossyImageCompression": "01",
        "LossyImageCompressionRatio": f"{ratio:.2f}",
        "LossyImageCompressionMethod": "ISO_10918_1",
        **length,
    }


def _code(value: str, scheme: str, meaning: str) -> DataSet:
    return {"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning}


def _moment(milliseconds: int) -> tuple[str, str]:
    """Date and time in UTC, as DICOM writes them."""
    moment = dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
    return moment.strftime("%Y%m%d"), moment.strftime("%H%M%S")

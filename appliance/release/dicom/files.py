"""The DICOM files of a disc: an object for each released still, and the directory of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import msgspec

from appliance.errors import ReleaseError
from appliance.release.dicom.directory import NAME, directory
from appliance.release.dicom.patient import Patient
from appliance.release.dicom.still import DicomObject, Form, Placement, Still, dicom_object
from appliance.release.dicom.uids import derived_uid
from appliance.release.record import ReleaseRecord

FOLDER: Final = "DICOM"
_PSEUDONYM = 12  # characters of it


@dataclass(frozen=True, slots=True)
class DicomOptions:
    """How stills become DICOM.

    ``patient``: whose they are, as far as the hospital wants it said. Without a number of the
    patient they are filed under a pseudonym. ``session``: what the stills of one visit have in
    common, and no others: they become one study; without it, those of one call do. It is hashed.
    """

    patient: Patient = field(default_factory=Patient)
    form: Form = "photograph"
    session: str = ""


def can_be_dicom(record: ReleaseRecord) -> bool:
    """Whether a copy is of a kind that DICOM holds as it is: films are not written."""
    return record.kind == "jpeg"


def file_names(stills: int) -> list[str]:
    """The paths of all files on a disc with so many stills; the directory is the first."""
    return [NAME, *("/".join(_identifier(number)) for number in range(1, stills + 1))]


def dicom_files(
    released: Sequence[tuple[ReleaseRecord, bytes]], options: DicomOptions
) -> Mapping[str, bytes]:
    """The content of every file by its path on the disc, of copies and their records.

    Raises ``ReleaseError`` if there is none, if one is no baseline JPEG, or not the copy that its
    record states.
    """
    for record, content in released:
        if not can_be_dicom(record):
            raise ReleaseError(
                "Only a JPEG can be kept in DICOM as it is.",
                "Release the photo as a .jpg, or leave it out. Films are not written as DICOM.",
            )
        if sha256(content).hexdigest() != record.copy:
            raise ReleaseError("A copy is not what its record states.", "Release the result again.")
    return still_files(
        [Still(one.number, one.engine, one.signed, content) for one, content in released], options
    )


def still_files(stills: Sequence[Still], options: DicomOptions) -> Mapping[str, bytes]:
    """The same of ``stills``. Raises ``ReleaseError`` if there is none, or no baseline JPEG."""
    if not stills:
        raise ReleaseError("There is no photo to write as DICOM.", "Release a photo first.")
    in_order = sorted(stills, key=lambda still: (still.number, still.jpeg))
    objects = [
        (_identifier(number), one) for number, one in enumerate(_objects(in_order, options), 1)
    ]
    contents = [directory(objects), *(one.content for _, one in objects)]
    return dict(zip(file_names(len(objects)), contents, strict=True))


def _identifier(number: int) -> tuple[str, str]:
    """A part has at most eight characters (PS3.10, 8.2)."""
    return FOLDER, f"IM{number:06}"


def _objects(stills: Sequence[Still], options: DicomOptions) -> list[DicomObject]:
    hashes = [sha256(still.jpeg).digest() for still in stills]
    common = [options.session.encode()] if options.session else hashes
    visit = derived_uid("visit", *common)
    pseudonym = f"RELEASE-{sha256(visit.encode()).hexdigest()[:_PSEUDONYM].upper()}"
    patient = options.patient
    if not patient.patient_id:
        patient = msgspec.structs.replace(patient, patient_id=pseudonym)
    study = patient.study or derived_uid("study", visit, patient.patient_id)
    # A later disc of the same visit has other stills: its series is another one.
    series = derived_uid("series", study, options.form, *hashes)
    began = min(still.signed for still in stills)
    return [
        dicom_object(still, Placement(patient, study, series, number, options.form, began))
        for number, still in enumerate(stills, 1)
    ]

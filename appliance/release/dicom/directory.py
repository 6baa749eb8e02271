"""DICOMDIR: the directory of a disc (PS3.10, 8.6; PS3.3, annex F)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from appliance.release.dicom.encoding import DataSet, encode, encode_file, encode_items
from appliance.release.dicom.still import DicomObject, implementation
from appliance.release.dicom.uids import (
    DIRECTORY,
    EXPLICIT_LITTLE_ENDIAN,
    JPEG_BASELINE,
    derived_uid,
)

NAME: Final = "DICOMDIR"

# What each level says of its members (PS3.3, F.5).
_KEYS = {
    "PATIENT": ("SpecificCharacterSet", "PatientName", "PatientID"),
    "STUDY": (
        "SpecificCharacterSet",
        "StudyDate",
        "StudyTime",
        "StudyDescription",
        "StudyInstanceUID",
        "StudyID",
        "AccessionNumber",
    ),
    "SERIES": ("SpecificCharacterSet", "Modality", "SeriesInstanceUID", "SeriesNumber"),
    "IMAGE": ("SpecificCharacterSet", "InstanceNumber"),
}
_IN_USE = 0xFFFF
_LAST = 0  # instead of where a further record lies


@dataclass(frozen=True, slots=True)
class _Record:
    """A record, and which record is the next of its level, and the first one below it."""

    fields: DataSet
    following: int | None = None
    below: int | None = None


def directory(objects: Sequence[tuple[tuple[str, ...], DicomObject]]) -> bytes:
    """The directory of ``objects``, all of one series, each with its file's identifier.

    An identifier is the parts of its path.
    """
    records = _records(objects)
    uid = derived_uid("file set", *(one.uid for _, one in objects))
    meta: DataSet = {
        "MediaStorageSOPClassUID": DIRECTORY,
        "MediaStorageSOPInstanceUID": uid,
        "TransferSyntaxUID": EXPLICIT_LITTLE_ENDIAN,
        **implementation(),
    }
    # Offsets are numbers of a fixed size, so a first round without them gives every length.
    sizes = [len(item) for item in encode_items([_fields(one, {}) for one in records])]
    start = len(encode_file(meta, encode(_head(_LAST, []))))
    places = {n: start + sum(sizes[:n]) for n in range(len(records))}
    return encode_file(meta, encode(_head(places[0], [_fields(one, places) for one in records])))


def _records(objects: Sequence[tuple[tuple[str, ...], DicomObject]]) -> list[_Record]:
    """Patient, study and series, each with one member, then the images in their order."""
    shown = objects[0][1].shown
    above = [
        _Record(_level(level, shown), below=number + 1)
        for number, level in enumerate(("PATIENT", "STUDY", "SERIES"))
    ]
    first, last = len(above), len(above) + len(objects) - 1
    images = [
        _Record(
            {
                **_level("IMAGE", one.shown),
                "ReferencedFileID": identifier,
                "ReferencedSOPClassUIDInFile": one.sop_class,
                "ReferencedSOPInstanceUIDInFile": one.uid,
                "ReferencedTransferSyntaxUIDInFile": JPEG_BASELINE,
            },
            following=number + 1 if number < last else None,
        )
        for number, (identifier, one) in enumerate(objects, first)
    ]
    return above + images


def _level(level: str, shown: DataSet) -> DataSet:
    return {"DirectoryRecordType": level, **{key: shown[key] for key in _KEYS[level]}}


def _fields(record: _Record, places: dict[int, int]) -> DataSet:
    return {
        **record.fields,
        "RecordInUseFlag": _IN_USE,
        "OffsetOfTheNextDirectoryRecord": _place(record.following, places),
        "OffsetOfReferencedLowerLevelDirectoryEntity": _place(record.below, places),
    }


def _place(record: int | None, places: dict[int, int]) -> int:
    return _LAST if record is None else places.get(record, _LAST)


def _head(first: int, records: list[DataSet]) -> DataSet:
    """Everything but what is about the file; the one patient is the first record and the last."""
    return {
        "FileSetID": "RELEASE",
        "OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity": first,
        "OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity": first,
        "FileSetConsistencyFlag": 0,
        "DirectoryRecordSequence": records,
    }

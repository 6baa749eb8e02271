"""Whose picture it is, as far as a hospital wants that said."""

from __future__ import annotations

import re

import msgspec

from appliance.errors import ReleaseError

_TEXT = r"[^\\\x00-\x1f\x7f]"  # nothing that DICOM's texts give a meaning (PS3.5, 6.2)
_RULES = {
    "patient_id": rf"{_TEXT}{{0,64}}",
    "issuer": rf"{_TEXT}{{0,64}}",
    "name": rf"{_TEXT}{{0,64}}",
    "birth_date": r"(\d{8})?",
    "sex": r"[FMO]?",
    "accession_number": rf"{_TEXT}{{0,16}}",
    "study": r"((0|[1-9]\d*)(\.(0|[1-9]\d*))+)?",
}
_LONGEST_UID = 64


class Patient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a hospital's archive files a picture under; all of it may be empty.

    ``patient_id`` and its ``issuer``: the hospital's number of the patient, and what gives such
    numbers. ``name``: as DICOM writes it, family^given. ``birth_date``: YYYYMMDD. ``sex``: F, M or
    O. ``accession_number``: of the order or visit. ``study``: the identifier of the order's study,
    where the hospital gave one. Raises ``ReleaseError`` for values that DICOM cannot hold.
    """

    patient_id: str = ""
    issuer: str = ""
    name: str = ""
    birth_date: str = ""
    sex: str = ""
    accession_number: str = ""
    study: str = ""

    def __post_init__(self) -> None:
        """Raises ``ReleaseError`` if a value has another form."""
        for field, rule in _RULES.items():
            value = getattr(self, field)
            if not re.fullmatch(rule, value, re.ASCII) or len(self.study) > _LONGEST_UID:
                raise ReleaseError(
                    f"The patient's {field} cannot stand in DICOM.",
                    "Texts have at most 64 characters, an accession number 16, none of them a "
                    "backslash; a date is YYYYMMDD; a sex F, M or O; a study an identifier of "
                    "numbers and dots.",
                )

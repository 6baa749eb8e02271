"""The options of commands that write DICOM: whose photos they are, and in which form."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from appliance.cli.framework.options import FILE
from appliance.cli.process.input_files import naming_file, open_input
from appliance.errors import InputError
from appliance.release.dicom.files import DicomOptions
from appliance.release.dicom.patient import Patient

_LARGEST = 1 << 16  # bytes of a file with a patient's data

patient_option = click.option(
    "--patient",
    type=FILE,
    metavar="FILE",
    help="JSON with any of patient_id, issuer, name, birth_date, sex, accession_number and study, "
    "for DICOM. [default: a pseudonym alone]",
)
secondary_capture_option = click.option(
    "--secondary-capture",
    is_flag=True,
    help="Write Secondary Capture objects, for archives that take no photographs.",
)


def read_dicom_options(patient: Path | None, *, secondary_capture: bool) -> DicomOptions:
    """What the options ask for. Raises ``InputError`` if the file of the patient is none."""
    return DicomOptions(
        Patient() if patient is None else _read_patient(patient),
        "secondary-capture" if secondary_capture else "photograph",
    )


def _read_patient(path: Path) -> Patient:
    what = "The file of the patient"
    with open_input(path, what) as file, naming_file(what):
        try:
            return msgspec.json.decode(file.read(_LARGEST), type=Patient)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(
                "It is not JSON with the fields that are known.",
                'Write {"patient_id": "…"}, and other fields that --help names.',
            ) from error

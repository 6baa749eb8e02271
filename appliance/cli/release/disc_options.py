"""What ``release burn`` and ``release export`` are asked in common."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from appliance.cli.framework.options import FILE, CommandFunction
from appliance.cli.framework.usage_errors import PrivateUsageError
from appliance.cli.release.dicom_options import (
    patient_option,
    read_dicom_options,
    secondary_capture_option,
)
from appliance.release.dicom.files import DicomOptions
from appliance.release.disc.encryption import Recipient, recipient_of

keys_option = click.option(
    "--keys",
    type=FILE,
    required=True,
    metavar="DIR",
    help="Folder with the keys of the site, made by `release keys`.",
)

_OPTIONS = (
    click.argument("files", type=FILE, nargs=-1, required=True, metavar="FILE…"),
    keys_option,
    click.option(
        "--recipient",
        "recipients",
        multiple=True,
        metavar="KEY",
        help="Encrypt all of it to this public key (age1… or an SSH key); may be repeated.",
    ),
    click.option(
        "--dicom",
        is_flag=True,
        help="Write the photos among FILE that are JPEGs as DICOM too, with a DICOMDIR.",
    ),
    patient_option,
    secondary_capture_option,
)
_NAMES = ("files", "keys", "recipients", "dicom", "patient", "secondary_capture")


@dataclass(frozen=True, slots=True)
class DiscRequest:
    """``files`` are to leave, by the ``keys`` of the site, for ``recipients`` alone if there are.

    ``dicom``: how the photos become DICOM, ``None`` if they do not.
    """

    files: Sequence[Path]
    keys: Path
    recipients: Sequence[Recipient]
    dicom: DicomOptions | None


def disc_options(command: CommandFunction) -> CommandFunction:
    """Files, keys and what a disc holds, as one argument ``disc_request``."""

    @functools.wraps(command)
    def with_request(**arguments: Any) -> Any:
        request = _request(**{name: arguments.pop(name) for name in _NAMES})
        return command(disc_request=request, **arguments)

    for option in reversed(_OPTIONS):
        option(with_request)
    return with_request  # type: ignore[return-value]


def _request(
    *,
    files: tuple[Path, ...],
    keys: Path,
    recipients: tuple[str, ...],
    dicom: bool,
    patient: Path | None,
    secondary_capture: bool,
) -> DiscRequest:
    """Raises ``PrivateUsageError``, ``ReleaseError`` and ``InputError``."""
    if not dicom and (patient is not None or secondary_capture):
        raise PrivateUsageError("The options --patient and --secondary-capture need --dicom.")
    options = read_dicom_options(patient, secondary_capture=secondary_capture) if dicom else None
    return DiscRequest(files, keys, [recipient_of(text) for text in recipients], options)

"""``appliance release dicom``: released photos as DICOM, for the archive of a hospital."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from appliance.cli.framework.options import FILE
from appliance.cli.framework.output import print_pairs
from appliance.cli.process.input_files import open_input
from appliance.cli.process.sealing import current_sealing
from appliance.cli.release.dicom_options import (
    patient_option,
    read_dicom_options,
    secondary_capture_option,
)
from appliance.errors import OutputError, ReleaseError
from appliance.files.output import PendingOutput
from appliance.files.reasons import reason_of
from appliance.pipeline.media.photo.decode import MAX_PHOTO_BYTES
from appliance.release.dicom.files import file_names, still_files
from appliance.release.dicom.still import Still
from appliance.release.keys import read_anchors
from appliance.release.provenance.preload import load_provenance
from appliance.release.provenance.reading import read_provenance

_WHAT = "The photo"


@click.command("dicom")
@click.argument("photos", type=FILE, nargs=-1, required=True, metavar="PHOTO...")
@click.option(
    "--output", type=FILE, required=True, metavar="DIR", help="Folder to fill: new, or empty."
)
@click.option(
    "--anchor",
    "anchors",
    type=FILE,
    required=True,
    metavar="FILE",
    help="Certificates that are trusted (PEM), or the folder that `release keys` made.",
)
@patient_option
@secondary_capture_option
def write_dicom(
    *,
    photos: Sequence[Path],
    output: Path,
    anchors: Path,
    patient: Path | None,
    secondary_capture: bool,
) -> None:
    """Write released photos (.jpg) as DICOM objects with a DICOMDIR.

    Each JPEG is kept byte for byte, with its labels and provenance. Only what is trusted is taken.
    All photos are one study. Only you can read the files.
    """
    trusted = read_anchors(anchors)
    options = read_dicom_options(patient, secondary_capture=secondary_capture)
    names = [Path(output, name) for name in file_names(len(photos))]
    with ExitStack() as stack:
        opened = [stack.enter_context(open_input(photo, _WHAT)) for photo in photos]
        _make_folders(output, names)
        pending = [stack.enter_context(PendingOutput(name)) for name in names]
        load_provenance()
        sealing = current_sealing()
        sealing.confine([], names)
        sealing.seal("cpu")
        stills = [_still(file.read(MAX_PHOTO_BYTES), trusted) for file in opened]
        files = still_files(stills, options)
        for one, content in zip(pending, files.values(), strict=True):
            one.file.write(content)
        for one in pending:
            one.commit()
    print_pairs([("photos", str(len(stills))), ("directory", "DICOMDIR")])


def _still(jpeg: bytes, anchors: str) -> Still:
    """Raises ``ReleaseError`` unless ``jpeg`` is a JPEG that an anchor vouches for."""
    said = read_provenance(io.BytesIO(jpeg), "jpeg", anchors)
    if said.state != "trusted":
        raise ReleaseError(
            "A photo is not one that was released: its provenance is not trusted.",
            "See what it carries with `appliance release inspect`; release it first.",
        )
    if said.number is None or said.engine is None or said.signed is None:
        raise ReleaseError(
            "The provenance of a photo lacks its number, engine or date.",
            "Release the photo again.",
        )
    return Still(said.number, said.engine, said.signed, jpeg)


def _make_folders(output: Path, names: Sequence[Path]) -> None:
    try:
        output.mkdir(mode=0o700, exist_ok=True)
        if not all(path.is_dir() for path in output.rglob("*")):
            raise OutputError("The folder is not empty.", "Name a new one, or an empty one.")
        for folder in {name.parent for name in names}:
            folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        reason = reason_of(error)
        raise OutputError(f"The folder cannot be made: {reason.why}.", reason.hint) from error

"""Fills the folder of a disc from released files: in the clear, or for recipients alone."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from appliance.audit import standalone
from appliance.audit.export.for_disc import audit_files
from appliance.cli.release.disc_options import DiscRequest
from appliance.cli.release.ledger_of_releases import LedgerOfReleases
from appliance.cli.release.released_files import ReleasedFile
from appliance.files.output import as_output_error
from appliance.release.dicom.files import DicomOptions, can_be_dicom, dicom_files
from appliance.release.disc.encryption import encrypted_archive
from appliance.release.disc.page import ARCHIVE, Medium
from appliance.release.disc.tree import (
    DiscTexts,
    disc_label,
    write_encrypted_tree,
    write_tree,
)
from appliance.release.keys import ReleaseKeys


@dataclass(frozen=True, slots=True)
class DiscFolder:
    """A folder that is to leave, its ``manifest``, and what its disc is called and dated."""

    path: Path
    manifest: bytes
    label: str
    date: int


@contextmanager
def disc_folder(
    above: Path,
    files: Sequence[ReleasedFile],
    keys: ReleaseKeys,
    ledger: LedgerOfReleases,
    request: DiscRequest,
    *,
    medium: Medium,
) -> Iterator[DiscFolder]:
    """A new folder in ``above``, which is gone once the context is left.

    Raises ``OutputError`` if it cannot be written, and ``ReleaseError`` if DICOM is asked for and
    none of the files is a JPEG, or one has a form that DICOM does not know.
    """
    made = time.time_ns() // 1_000_000
    texts = DiscTexts(
        disc_label([one.record for one in files]),
        made,
        Path(standalone.__file__).read_bytes(),
        medium,
        ledger.disc_ledger,
    )
    releases = [one.release for one in files]
    extra = {
        **{name: data for one in releases for name, data in ledger.proofs(one).items()},
        **audit_files(ledger.recorded_about(releases), ledger.disc_ledger.vkey),
        **(_dicom(files, request.dicom) if request.dicom else {}),
    }
    try:
        with (
            TemporaryDirectory(prefix=".disc-", dir=above) as plain,
            TemporaryDirectory(prefix=".disc-", dir=above) as encrypted,
        ):
            folder = Path(plain)
            manifest = write_tree(folder, [one.copy for one in files], extra, keys, texts)
            if request.recipients:
                folder = Path(encrypted)
                archive = encrypted_archive(Path(plain), request.recipients)
                # Outside, nothing tells what is inside.
                outer = DiscTexts("RELEASE", made, texts.verifier, medium)
                manifest = write_encrypted_tree(folder, archive, ARCHIVE, keys, outer)
                texts = outer
            yield DiscFolder(folder, manifest, texts.label, made // 1000)
    except OSError as error:
        raise as_output_error(error) from error


def _dicom(files: Sequence[ReleasedFile], options: DicomOptions) -> Mapping[str, bytes]:
    """The DICOM files of all that DICOM holds as it is."""
    stills = [(one.record, _content(one)) for one in files if can_be_dicom(one.record)]
    return dicom_files(stills, options)


def _content(one: ReleasedFile) -> bytes:
    one.file.seek(0)
    return one.file.read()

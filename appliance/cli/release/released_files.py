"""Files that claim to be released copies, and what must hold before they go on a disc."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, get_args

from appliance.cli.process.isolated_inspection import inspect_isolated
from appliance.cli.release.ledger_of_releases import LedgerOfReleases, Release
from appliance.errors import ApplianceError, ReleaseError
from appliance.files.digest import sha256_of
from appliance.files.reasons import reason_of
from appliance.release.inspection import FileInspection
from appliance.release.keys import ReleaseKeys
from appliance.release.record import CopyKind, ReleaseRecord

_KINDS: Mapping[str, CopyKind] = MappingProxyType({kind: kind for kind in get_args(CopyKind)})
_AGAIN = "Release the result once more, and leave the copy as it is."


@dataclass(frozen=True, slots=True)
class ReleasedFile:
    """An open copy and its record; ``release``: where the ledger has it."""

    record: ReleaseRecord
    file: BinaryIO
    release: Release

    @property
    def copy(self) -> tuple[ReleaseRecord, BinaryIO]:
        """As the writer of a disc takes it."""
        return self.record, self.file


@contextmanager
def released_files(
    paths: Sequence[Path], keys: ReleaseKeys, ledger: LedgerOfReleases
) -> Iterator[list[ReleasedFile]]:
    """All of ``paths``, checked, open until the context is left.

    Raises ``ReleaseError`` for the first that is not a copy which this site released, by its place
    in the list: a name may be a person's.
    """
    with ExitStack() as stack:
        found: list[ReleasedFile] = []
        for place, path in enumerate(paths, 1):
            try:
                file = stack.enter_context(_opened(path))
                found.append(_checked(file, keys, ledger))
            except ApplianceError as error:
                raise ReleaseError(
                    f"File {place} of {len(paths)}: {error.message}", error.hint
                ) from error
        numbers = [one.record.number for one in found]
        if len(set(numbers)) < len(numbers):
            raise ReleaseError(
                "Two files have the same number of a release.", "Name each released file once."
            )
        yield found


def _opened(path: Path) -> BufferedReader:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if path.is_symlink():
            raise ReleaseError("It is a symbolic link.", "Name the file itself.") from error
        reason = reason_of(error)
        raise ReleaseError(f"It cannot be opened: {reason.why}.", reason.hint) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or not status.st_size:
        os.close(descriptor)
        raise ReleaseError("It is empty, or not a regular file.", "Name a released file.")
    return os.fdopen(descriptor, "rb")


def _checked(file: BufferedReader, keys: ReleaseKeys, ledger: LedgerOfReleases) -> ReleasedFile:
    carries = inspect_isolated(file, keys.anchor.decode("ascii", "replace"), keys.watermark)
    number = _number(carries)
    copy = sha256_of(file)
    release = ledger.find(number, copy)
    record = ReleaseRecord(
        number=number,
        engine=release.signed.engine,
        media=release.signed.media,
        kind=_KINDS[carries.kind],
        result=release.result,
        copy=copy,
        size=os.fstat(file.fileno()).st_size,
        signed=release.at,
    )
    return ReleasedFile(record, file, release)


def _number(carries: FileInspection) -> int:
    """The number that all marks agree on. Raises ``ReleaseError``."""
    if carries.kind not in _KINDS or carries.provenance.state == "none":
        raise ReleaseError("It is not signed.", "Release it with `appliance release label`.")
    if carries.provenance.state == "invalid":
        raise ReleaseError("It was changed since it was signed, or is damaged.", _AGAIN)
    if not carries.trusted:
        raise ReleaseError("Another site signed it.", "Name what was released with these keys.")
    number = carries.provenance.number
    if number is None:
        raise ReleaseError("Its provenance has no number of a release.", _AGAIN)
    label = carries.label
    if label is None:
        raise ReleaseError("It lacks the label that programs read.", _AGAIN)
    if label.get("ProduceID") != str(number):
        raise ReleaseError("Its label is that of another release.", _AGAIN)
    if carries.watermark and carries.watermark.number not in (None, number):
        raise ReleaseError("Its watermark is that of another release.", _AGAIN)
    return number

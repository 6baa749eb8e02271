"""Writes the folder that becomes a disc, or an export on a laptop."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Final, TypeAlias

from appliance.errors import ReleaseError
from appliance.files.disc_names import is_disc_name, one_name_to_some
from appliance.files.output import PendingOutput, as_output_error
from appliance.release.disc.manifest import (
    MANIFEST,
    DiscLedger,
    ListedFile,
    Manifest,
    ReleasedFile,
    manifest_bytes,
)
from appliance.release.disc.page import PAGE, Medium, disc_page
from appliance.release.disc.signature import SIGNATURE, signed
from appliance.release.keys import ANCHOR, ReleaseKeys
from appliance.release.record import CopyKind, ReleaseRecord
from appliance.version import version

VERIFIER: Final = "appliance-verify.py"
"""Name on the disc of the program that checks it."""

Copy: TypeAlias = tuple[ReleaseRecord, BinaryIO]
"""A copy that may leave, open for reading, and what is known of it."""

SUFFIXES: Mapping[CopyKind, str] = MappingProxyType(
    {"jpeg": "jpg", "png": "png", "webp": "webp", "tiff": "tif", "mp4": "mp4", "mov": "mov"}
)

_BLOCK: Final = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class DiscTexts:
    """What a disc says of itself: ``label`` of the volume, ``made`` in milliseconds since 1970.

    ``medium``: a folder if it will not be burned. ``ledger``: the one that the releases stand in.
    ``verifier``: the program that checks the disc.
    """

    label: str
    made: int
    verifier: bytes
    medium: Medium = "disc"
    ledger: DiscLedger | None = None


def disc_label(records: Sequence[ReleaseRecord]) -> str:
    """The name of a volume with these releases, of ISO 9660's d-characters."""
    numbers = sorted(record.number for record in records)
    return f"RELEASE_{numbers[0]}" + (f"_AND_{len(numbers) - 1}_MORE" if numbers[1:] else "")


def copy_name(record: ReleaseRecord) -> str:
    """Where a copy lies on a disc."""
    return f"results/release-{record.number}.{SUFFIXES[record.kind]}"


def write_tree(
    folder: Path,
    copies: Sequence[Copy],
    extra: Mapping[str, bytes],
    keys: ReleaseKeys,
    texts: DiscTexts,
) -> bytes:
    """Fill ``folder``, which exists and is empty; returns the manifest.

    ``extra``: further files by their names from the root, such as ``DICOMDIR``. The umask decides
    who may read them: a burner that is another user must. Raises ``ReleaseError`` if there is no
    copy, two have one number, a copy is not what its record states, or a name cannot be on a disc,
    and ``OutputError`` if the folder cannot be written.
    """
    records = [record for record, _ in copies]
    _check_numbers(records)
    own = {
        ANCHOR: keys.anchor,
        VERIFIER: texts.verifier,
        PAGE: disc_page(records, copy_name, texts.made, texts.medium, further=extra),
    }
    _check_names([*map(copy_name, records), MANIFEST, SIGNATURE, *own, *extra])
    writer = _Writer(folder)
    for record, content in copies:
        written = writer.write(copy_name(record), content)
        if (written.sha256, written.size) != (record.copy, record.size):
            raise ReleaseError(
                "A copy is not the one that was released.",
                "Release the result once more, and leave the copy as it is.",
            )
    for name, data in {**own, **extra}.items():
        writer.write(name, io.BytesIO(data))
    listed = [ReleasedFile(copy_name(record), record) for record in records]
    return writer.finish(texts, listed, keys, encrypted=False)


def write_encrypted_tree(
    folder: Path, archive: Iterator[bytes], name: str, keys: ReleaseKeys, texts: DiscTexts
) -> bytes:
    """Fill ``folder`` with the blocks of one encrypted ``archive`` and how to open it.

    Nothing else says what is in it. Returns the manifest. Raises ``OutputError``.
    """
    writer = _Writer(folder)
    writer.write_blocks(name, archive)
    own = {
        ANCHOR: keys.anchor,
        VERIFIER: texts.verifier,
        PAGE: disc_page([], copy_name, texts.made, texts.medium, encrypted=True),
    }
    for one, data in own.items():
        writer.write(one, io.BytesIO(data))
    return writer.finish(texts, [], keys, encrypted=True)


def _check_numbers(records: Sequence[ReleaseRecord]) -> None:
    if not records:
        raise ReleaseError("There is nothing to release.", "Name at least one released file.")
    if len({record.number for record in records}) < len(records):
        raise ReleaseError(
            "Two files have the same number of a release.", "Name each released file once."
        )


def _check_names(names: Sequence[str]) -> None:
    if not all(map(is_disc_name, names)):
        raise ReleaseError(
            "A file has a name that cannot be on a disc.",
            "Use letters, digits, '.', '-' and '_', at most 64 of them.",
        )
    if one_name_to_some(names):
        raise ReleaseError("Two files of the disc have one name.", "Name each file once.")


class _Writer:
    """Writes files below ``folder`` and keeps the list of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listed: list[ListedFile] = []

    def write(self, name: str, content: BinaryIO) -> ListedFile:
        """All of ``content`` from its start."""
        content.seek(0)
        return self.write_blocks(name, iter(lambda: content.read(_BLOCK), b""))

    def write_blocks(self, name: str, blocks: Iterator[bytes]) -> ListedFile:
        path = self._folder / name
        digest, size = hashlib.sha256(), 0
        try:
            if not path.parent.is_dir():  # a sealed process finds its folders made
                path.parent.mkdir(parents=True)
            with PendingOutput(path, shared=True) as output:
                for block in blocks:
                    digest.update(block)
                    size += len(block)
                    output.file.write(block)
                output.commit()
        except OSError as error:
            raise as_output_error(error) from error
        listed = ListedFile(name, size, digest.hexdigest())
        self._listed.append(listed)
        return listed

    def finish(
        self,
        texts: DiscTexts,
        releases: Sequence[ReleasedFile],
        keys: ReleaseKeys,
        *,
        encrypted: bool,
    ) -> bytes:
        """Write the manifest and its signature."""
        manifest = Manifest(
            1,
            texts.label,
            texts.made,
            f"face-appliance {version()}",
            encrypted,
            texts.ledger,
            sorted(releases, key=lambda release: release.record.number),
            sorted(self._listed, key=lambda file: file.name),
        )
        data = manifest_bytes(manifest)
        self.write(MANIFEST, io.BytesIO(data))
        self.write(SIGNATURE, io.BytesIO(signed(data, keys.signing)))
        return data

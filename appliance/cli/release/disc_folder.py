"""Fills the folder of a disc from released files: in the clear, or for recipients alone."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from appliance.audit import standalone
from appliance.cli.release.ledger_of_releases import LedgerOfReleases
from appliance.cli.release.released_files import ReleasedFile
from appliance.files.output import as_output_error
from appliance.release.disc.encryption import Recipient, encrypted_archive
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
    *,
    recipients: Sequence[Recipient],
    medium: Medium,
) -> Iterator[DiscFolder]:
    """A new folder in ``above``, which is gone once the context is left.

    Raises ``OutputError`` if it cannot be written.
    """
    made = time.time_ns() // 1_000_000
    texts = DiscTexts(
        disc_label([one.record for one in files]),
        made,
        Path(standalone.__file__).read_bytes(),
        medium,
        ledger.disc_ledger,
    )
    extra = {name: data for one in files for name, data in ledger.proofs(one.release).items()}
    try:
        with (
            TemporaryDirectory(prefix=".disc-", dir=above) as plain,
            TemporaryDirectory(prefix=".disc-", dir=above) as encrypted,
        ):
            folder = Path(plain)
            manifest = write_tree(folder, [one.copy for one in files], extra, keys, texts)
            if recipients:
                folder = Path(encrypted)
                archive = encrypted_archive(Path(plain), recipients)
                # Outside, nothing tells what is inside.
                outer = DiscTexts("RELEASE", made, texts.verifier, medium)
                manifest = write_encrypted_tree(folder, archive, ARCHIVE, keys, outer)
                texts = outer
            yield DiscFolder(folder, manifest, texts.label, made // 1000)
    except OSError as error:
        raise as_output_error(error) from error

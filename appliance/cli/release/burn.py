"""``appliance release burn``: released files become a disc, or the image of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec

from appliance.audit.entries.events import ReleaseBurned
from appliance.audit.keys.locations import default_ledger
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.burner.burn import Burned, burn
from appliance.burner.medium import Drive, ImageFile, Medium
from appliance.cli.framework.options import FILE, json_option, policy_option
from appliance.cli.framework.output import print_json, print_pairs
from appliance.cli.framework.progress import show_progress
from appliance.cli.framework.usage_errors import PrivateUsageError
from appliance.cli.release.disc_folder import disc_folder
from appliance.cli.release.disc_options import DiscRequest, disc_options
from appliance.cli.release.ledger_of_releases import LedgerOfReleases
from appliance.cli.release.released_files import ReleasedFile, released_files
from appliance.errors import LedgerError
from appliance.files.folder import open_folder
from appliance.files.locations import state_folder
from appliance.files.output import PendingOutput
from appliance.policy.policy import EMBEDDED, Policy
from appliance.release.keys import read_release_keys


class BurnSummary(msgspec.Struct, frozen=True):
    """``disc``: SHA-256 of the medium as it was read back; ``size`` in bytes."""

    label: str
    numbers: Sequence[int]
    disc: str
    size: int
    encrypted: bool


@click.command("burn")
@disc_options
@click.option("--drive", type=FILE, metavar="DEVICE", help="Drive with a blank disc: /dev/sr0.")
@click.option("--image", type=FILE, metavar="OUT.iso", help="New file for the image of a disc.")
@policy_option
@json_option
def burn_releases(
    *,
    disc_request: DiscRequest,
    drive: Path | None,
    image: Path | None,
    policy: Policy,
    as_json: bool,
) -> None:
    """Write released files to a blank disc that is closed, read back and compared.

    Each FILE must be trusted by the site's own anchor, labelled, and be the copy that this ledger
    has under its number. The disc also holds a signed list, proofs, what the ledger recorded about
    these releases for an audit platform, a program that checks all of it, and a page that explains
    it. Nothing is ever added to a disc.
    """
    if (drive is None) == (image is None):
        raise PrivateUsageError("Name either --drive or --image.")
    site = read_release_keys(disc_request.keys)
    second = policy is not EMBEDDED and policy.export.second_person
    ledger = LedgerOfReleases.at(default_ledger(), second_person=second)
    with (
        released_files(disc_request.files, site, ledger) as checked,
        EmbeddedAudit() as audit,
        _target(drive, image) as target,
        disc_folder(target.above, checked, site, ledger, disc_request, medium="disc") as folder,
        show_progress(silent=as_json, doing="burning", unit="%") as show,
    ):
        audit.client.pseudonym("file", b"")  # a ledger that is gone shows before a disc is spoiled
        with open_folder(folder.path) as descriptor:
            burned = burn(
                descriptor,
                target.medium,
                folder.label,
                folder.date,
                progress=lambda done: show(round(100 * done), 100),
            )
        _record(audit, checked, burned)
        target.commit()
        label = folder.label
    numbers = [one.record.number for one in checked]
    encrypted = bool(disc_request.recipients)
    summary = BurnSummary(label, numbers, burned.sha256, burned.size, encrypted)
    if as_json:
        print_json(summary)
        return
    print_pairs(
        [
            ("disc", summary.label),
            ("releases", ", ".join(map(str, numbers))),
            ("size", f"{summary.size / 1e6:.1f} MB"),
            ("SHA-256", summary.disc),
            *([("encrypted", f"for {len(disc_request.recipients)}")] if encrypted else []),
        ]
    )


@dataclass(frozen=True, slots=True)
class _Target:
    """``above``: where a folder may be made meanwhile; ``commit`` gives an image its name."""

    medium: Medium
    above: Path
    commit: Callable[[], None]


@contextmanager
def _target(drive: Path | None, image: Path | None) -> Iterator[_Target]:
    """The drive, or a file without a name, which is gone unless it is committed."""
    if image is not None:
        with PendingOutput(image, shared=True) as pending:
            yield _Target(ImageFile(pending.file.fileno()), image.parent, pending.commit)
    elif drive is not None:
        state_folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        yield _Target(Drive.at(drive), state_folder(), lambda: None)


def _record(audit: EmbeddedAudit, files: Sequence[ReleasedFile], burned: Burned) -> None:
    """Raises ``LedgerError``, after which a disc must not leave."""
    try:
        audit.client.append_all(
            [
                ReleaseBurned(one.record.number, one.record.copy, "disc", burned.sha256)
                for one in files
            ]
        )
    except LedgerError as error:
        raise LedgerError(
            "What was written could not be recorded in the ledger.",
            "Destroy the disc, if it is one; check the ledger with `appliance audit verify`.",
        ) from error

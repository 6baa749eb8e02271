"""``appliance release export``: the folder that a disc would hold, on a laptop."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import click

from appliance.audit.entries.events import ReleaseBurned
from appliance.audit.keys.locations import default_ledger
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.cli.framework.options import FILE, policy_option
from appliance.cli.framework.output import print_pairs
from appliance.cli.release.disc_folder import disc_folder
from appliance.cli.release.disc_options import DiscRequest, disc_options
from appliance.cli.release.ledger_of_releases import LedgerOfReleases
from appliance.cli.release.released_files import released_files
from appliance.errors import OutputError, PolicyError
from appliance.policy.policy import EMBEDDED, Policy
from appliance.release.keys import read_release_keys


@click.command("export")
@disc_options
@click.option("--output", type=FILE, required=True, metavar="DIR", help="Folder to create.")
@policy_option
def export_releases(
    *,
    disc_request: DiscRequest,
    output: Path,
    policy: Policy,
) -> None:
    """Write released files into a folder as they would be on a disc.

    Each FILE is checked as by `release burn`. This is for one's own laptop: a policy lets results
    leave on discs alone.
    """
    if policy is not EMBEDDED:
        raise PolicyError(
            "The policy lets results leave on a disc alone.", "Use `appliance release burn`."
        )
    if os.path.lexists(output):
        raise OutputError("The folder exists already.", "Name one that does not exist yet.")
    site = read_release_keys(disc_request.keys)
    ledger = LedgerOfReleases.at(default_ledger(), second_person=False)
    with (
        released_files(disc_request.files, site, ledger) as checked,
        EmbeddedAudit() as audit,
        disc_folder(output.parent, checked, site, ledger, disc_request, medium="folder") as folder,
    ):
        digest = hashlib.sha256(folder.manifest).hexdigest()
        audit.client.append_all(
            [ReleaseBurned(one.record.number, one.record.copy, "folder", digest) for one in checked]
        )
        _move(folder.path, output)
        numbers = [one.record.number for one in checked]
    print_pairs([("releases", ", ".join(map(str, numbers))), ("SHA-256 of the list", digest)])


def _move(folder: Path, output: Path) -> None:
    """Give the complete folder its name, which must be free. Raises ``OSError``."""
    output.mkdir(mode=0o700)  # a rename replaces an empty folder, which might be somebody else's
    folder.rename(output)

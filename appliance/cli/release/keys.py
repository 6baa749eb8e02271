"""``appliance release keys``: makes a site's anchor, and the keys that sign and mark."""

from __future__ import annotations

from pathlib import Path

import click

from appliance.cli.framework.options import FILE
from appliance.cli.framework.output import print_pairs
from appliance.release.keys import ANCHOR, write_release_keys
from appliance.release.provenance.identity import LEAF_YEARS, make_identity


@click.command("keys")
@click.argument("folder", type=FILE, metavar="DIR")
@click.option(
    "--organisation",
    required=True,
    metavar="TEXT",
    help="The site, as the certificates name it: readers of every released file see it.",
)
def make_keys(*, folder: Path, organisation: str) -> None:
    """Make the site's anchor and the keys that sign and mark its releases, in the new folder DIR.

    Give anchor.pem to those who check what the site releases, and watermark.key only to who may
    read the marks: with it they can also be removed. Keep anchor.key elsewhere: it is needed only
    to make another certificate. The keys are not encrypted.
    """
    write_release_keys(folder, make_identity(organisation))
    print_pairs([("anchor to give away", ANCHOR), ("certificate lives", f"{LEAF_YEARS} years")])

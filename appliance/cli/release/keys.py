"""``appliance release keys``: makes a site's anchor, and the keys that sign and mark."""

from __future__ import annotations

from pathlib import Path

import click

from appliance.cli.framework.options import FILE
from appliance.cli.framework.output import print_pairs
from appliance.release.keys import ANCHOR, read_public_key, write_release_keys
from appliance.release.provenance.identity import LEAF_YEARS, make_identity


@click.command("keys")
@click.argument("folder", type=FILE, metavar="DIR")
@click.option(
    "--organisation",
    required=True,
    metavar="TEXT",
    help="The site, as the certificates name it: readers of every released file see it.",
)
@click.option(
    "--public-key",
    type=FILE,
    metavar="FILE",
    help="Public key (PEM) of a key on a token that is to sign: Ed25519, or ECDSA with P-256. "
    "[default: a new key in DIR]",
)
def make_keys(*, folder: Path, organisation: str, public_key: Path | None) -> None:
    """Make the site's anchor and the keys that sign and mark its releases, in the new folder DIR.

    Give anchor.pem to those who check what the site releases, and watermark.key only to who may
    read the marks: with it they can also be removed. Keep anchor.key elsewhere: it is needed only
    to make another certificate. The keys are not encrypted.

    With a key on a token, write release.token and release.pin into DIR: see docs/release.md.
    """
    token = None if public_key is None else read_public_key(public_key)
    write_release_keys(folder, make_identity(organisation, token=token))
    print_pairs([("anchor to give away", ANCHOR), ("certificate lives", f"{LEAF_YEARS} years")])

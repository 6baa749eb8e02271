"""``appliance provision sign``: adds a person's signature to a bundle."""

from __future__ import annotations

from pathlib import Path

import click

from appliance.cli.framework.options import FILE
from appliance.cli.framework.output import print_pairs
from appliance.cli.process.signing_keys import secret_key
from appliance.cli.provision.files import fingerprint, read_bytes
from appliance.errors import OutputError
from appliance.files.atomic import write_file
from appliance.files.reasons import reason_of
from appliance.provisioning.bundle import Bundle


@click.command("sign")
@click.argument("bundle", type=FILE, metavar="BUNDLE")
@click.option(
    "--key",
    type=FILE,
    required=True,
    metavar="FILE",
    help="Secret key, as `appliance models keygen` or minisign makes it.",
)
def sign_bundle(*, bundle: Path, key: Path) -> None:
    """Add a signature to BUNDLE. It takes two, by different people, each with a key of their own.

    They are people whom the bundle that is in force names as signers, or for the first bundle of a
    machine, people whom this bundle names. Look at it before (`appliance provision check`).
    """
    signed = Bundle.parse(read_bytes(bundle)).with_signature(secret_key(key))
    try:
        write_file(bundle, signed.encoded(), 0o600)
    except OSError as error:
        reason = reason_of(error)
        raise OutputError(f"The bundle cannot be written: {reason.why}.", reason.hint) from error
    print_pairs([("signatures", str(len(signed.signatures))), fingerprint(signed)])

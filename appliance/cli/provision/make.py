"""``appliance provision make``: puts a bundle together, to be signed."""

from __future__ import annotations

import os
from pathlib import Path

import click
import msgspec

from appliance.cli.framework.options import FILE
from appliance.cli.framework.output import print_pairs
from appliance.cli.provision.files import erasure, fingerprint, secrecy
from appliance.files.output import PendingOutput
from appliance.provisioning.bundle import Bundle
from appliance.provisioning.document import MOST_NUMBER
from appliance.provisioning.folder import read_folder


@click.command("make")
@click.argument("folder", type=FILE, metavar="DIR")
@click.argument("bundle", type=FILE, metavar="BUNDLE")
@click.option(
    "--number",
    type=click.IntRange(1, MOST_NUMBER),
    required=True,
    metavar="N",
    help="Number of the bundle: 1 for the first of a machine, then one higher each time.",
)
@click.option(
    "--factory-reset",
    is_flag=True,
    help="The machine that takes it erases all that it holds first.",
)
def make_bundle(*, folder: Path, bundle: Path, number: int, factory_reset: bool) -> None:
    """Put the files in DIR together as BUNDLE, a new file, which two people then sign.

    DIR holds site.toml, policy.yaml and tokens, and if there are any roles, workspace-device and
    release/: docs/usage.md describes them. With release/ the bundle holds a private key, and is a
    secret. Write the words down on paper: the machine shows them when it has applied the bundle.
    """
    document = msgspec.structs.replace(read_folder(folder, number), factory_reset=factory_reset)
    made = Bundle(document.encoded())
    with PendingOutput(os.path.join(bundle)) as output:  # noqa: PTH118 - as it is taken
        output.file.write(made.encoded())
        output.commit()
    print_pairs(
        [
            ("appliance", document.appliance),
            ("number", str(document.number)),
            ("people", str(len(document.people))),
            secrecy(document),
            erasure(document),
            fingerprint(made),
        ]
    )

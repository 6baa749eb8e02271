"""``appliance provision apply``: puts a bundle in force on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from appliance.cli.framework.options import FILE
from appliance.cli.framework.output import print_pairs
from appliance.cli.provision.files import fingerprint, read_bytes
from appliance.provisioning.applying import Provisioning
from appliance.provisioning.bundle import Bundle
from appliance.provisioning.numbers import Numbers
from appliance.provisioning.place import Place
from appliance.provisioning.sealing import seal


@click.command("apply")
@click.argument("bundle", type=FILE, metavar="BUNDLE")
@click.option(
    "--without-tpm",
    is_flag=True,
    help="For a machine that has no TPM: an old copy of its disk then brings old settings back.",
)
def apply_bundle(*, bundle: Path, without_tpm: bool) -> None:
    """Put BUNDLE in force on this machine, from its next start on. For root.

    The machine does the same at its start with a bundle on a disc. The first bundle is believed if
    two people whom it names signed it: compare the words with those on paper.
    """
    data = read_bytes(bundle)
    numbers = None if without_tpm else Numbers.of_machine()
    done = Provisioning(Place.of_machine(), numbers, seal).apply(data)
    if done is None:
        click.echo("the bundle is in force already")
        return
    trust = "two of its own signers" if done.trust == "first-use" else "two of the signers before"
    print_pairs(
        [("number", str(done.number)), ("signed by", trust), fingerprint(Bundle.parse(data))]
    )

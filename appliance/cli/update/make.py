"""``appliance update make``: a signed bundle of an image."""

from __future__ import annotations

from pathlib import Path

import click

from appliance.cli.framework.basic_options import FILE, json_option
from appliance.cli.framework.output import print_json
from appliance.cli.framework.progress import show_progress
from appliance.cli.process.signing_keys import secret_key
from appliance.cli.update.report import UpdateReport, in_mib, print_report
from appliance.updating.make import facts_of, write_bundle


@click.command()
@click.argument("output", type=FILE, metavar="FILE")
@click.option("--root", type=FILE, required=True, metavar="FILE", help="The root file system.")
@click.option(
    "--verity", type=FILE, required=True, metavar="FILE", help="Its tree of hashes (dm-verity)."
)
@click.option(
    "--uki", type=FILE, required=True, metavar="FILE", help="The kernel image that starts it."
)
@click.option(
    "--number",
    type=click.IntRange(1, 2**53 - 1),
    required=True,
    help="Higher than that of every image before: a lower one is never installed.",
)
@click.option(
    "--version", required=True, metavar="VERSION", help="The image's version, as it says itself."
)
@click.option(
    "--key",
    type=FILE,
    required=True,
    metavar="FILE",
    help="Secret key to sign with, made by `models keygen` or minisign.",
)
@click.option("--overwrite", is_flag=True, help="Replace FILE if it exists.")
@json_option
def make(
    *,
    output: Path,
    root: Path,
    verity: Path,
    uki: Path,
    number: int,
    version: str,
    key: Path,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Make the update FILE of the three parts of an image.

    They are compared with each other first: the kernel image has to name the root hash of the tree
    and the version. Burn FILE on a disc as appliance-update.bundle.
    """
    image = facts_of(uki, verity, number, version)
    opened = secret_key(key)
    with show_progress(silent=as_json, doing="writing", unit="MiB") as progress:
        header = write_bundle(
            output,
            image,
            (root, verity, uki),
            opened,
            overwrite=overwrite,
            progress=in_mib(progress),
        )
    report = UpdateReport.of(header, opened.public.name)
    if as_json:
        print_json(report)
    else:
        print_report(report)

"""``appliance update check``: what is in an update, on any machine."""

from __future__ import annotations

from pathlib import Path

import click

from appliance.cli.framework.basic_options import FILE, json_option
from appliance.cli.framework.output import print_json
from appliance.cli.framework.progress import show_progress
from appliance.cli.update.public_key import public_key
from appliance.cli.update.report import UpdateReport, in_mib, print_report
from appliance.updating.bundle import open_bundle
from appliance.updating.source import from_file


@click.command()
@click.argument("bundle", type=FILE, metavar="FILE")
@click.option(
    "--key", type=FILE, required=True, metavar="FILE", help="Public key of the image's publisher."
)
@json_option
def check(*, bundle: Path, key: Path, as_json: bool) -> None:
    """Check the signature and every byte of the update FILE, and print what is in it."""
    keys = [public_key(key)]
    with (
        from_file(bundle) as source,
        show_progress(silent=as_json, doing="checking", unit="MiB") as progress,
    ):
        opened = open_bundle(source, keys)
        opened.verify(in_mib(progress))
    report = UpdateReport.of(opened.header, opened.signer)
    if as_json:
        print_json(report)
    else:
        print_report(report)
        click.echo("every part is what was signed")

"""``appliance release``: the group; each subcommand is a module of this folder."""

from __future__ import annotations

import click

from appliance.cli.release.burn import burn_releases
from appliance.cli.release.dicom import write_dicom
from appliance.cli.release.export import export_releases
from appliance.cli.release.inspect import inspect_release
from appliance.cli.release.keys import make_keys
from appliance.cli.release.label import label_result


@click.group()
def release() -> None:
    """Label, sign and check what leaves."""


for command in (
    burn_releases,
    export_releases,
    inspect_release,
    label_result,
    make_keys,
    write_dicom,
):
    release.add_command(command)

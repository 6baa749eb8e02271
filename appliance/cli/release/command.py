"""``appliance release``: the group; each subcommand is a module of this folder."""

from __future__ import annotations

import click

from appliance.cli.release.burn import burn_releases
from appliance.cli.release.burn_session import burn_session
from appliance.cli.release.decide import approve_release, decline_release, look_at_release
from appliance.cli.release.dicom import write_dicom
from appliance.cli.release.export import export_releases
from appliance.cli.release.inspect import inspect_release
from appliance.cli.release.keys import make_keys
from appliance.cli.release.label import label_result
from appliance.cli.release.request import request_release


@click.group()
def release() -> None:
    """Ask for, decide on, label, sign and check what leaves."""


for command in (
    approve_release,
    burn_releases,
    burn_session,
    decline_release,
    export_releases,
    inspect_release,
    label_result,
    look_at_release,
    make_keys,
    request_release,
    write_dicom,
):
    release.add_command(command)

"""``appliance release``: the group; each subcommand is a module of this folder."""

from __future__ import annotations

import click

from appliance.cli.release.decide import approve_release, decline_release, look_at_release
from appliance.cli.release.inspect import inspect_release
from appliance.cli.release.keys import make_keys
from appliance.cli.release.label import label_result
from appliance.cli.release.request import request_release


@click.group()
def release() -> None:
    """Ask for, decide on, label, sign and check what leaves."""


for command in (
    approve_release,
    decline_release,
    inspect_release,
    label_result,
    look_at_release,
    make_keys,
    request_release,
):
    release.add_command(command)

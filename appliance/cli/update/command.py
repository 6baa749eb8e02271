"""``appliance update``: the group; each subcommand is a module of this folder."""

from __future__ import annotations

import click

from appliance.cli.update.apply import apply
from appliance.cli.update.check import check
from appliance.cli.update.make import make


@click.group()
def update() -> None:
    """Make, check and apply updates of the appliance's image."""


for command in (apply, check, make):
    update.add_command(command)

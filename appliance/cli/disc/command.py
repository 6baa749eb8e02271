"""``appliance disc``: the group; each subcommand is a module of this folder."""

from __future__ import annotations

import click

from appliance.cli.disc.list import list_files
from appliance.cli.disc.take import take_files


@click.group()
def disc() -> None:
    """List the files of a disc, and take photos and videos from it."""


for command in (list_files, take_files):
    disc.add_command(command)

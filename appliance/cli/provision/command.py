"""``appliance provision``: the group; each subcommand is a module of this folder."""

from __future__ import annotations

import click

from appliance.cli.provision.apply import apply_bundle
from appliance.cli.provision.check import check_bundle
from appliance.cli.provision.factory_reset import factory_reset
from appliance.cli.provision.make import make_bundle
from appliance.cli.provision.sign import sign_bundle


@click.group()
def provision() -> None:
    """Make, sign, check and apply the bundle that sets a machine up."""


for command in (apply_bundle, check_bundle, factory_reset, make_bundle, sign_bundle):
    provision.add_command(command)

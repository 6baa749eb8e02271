"""``appliance update apply``: installs an update on the appliance itself."""

from __future__ import annotations

from pathlib import Path

import click

from appliance.cli.framework.basic_options import FILE
from appliance.updating.machine import ProgressLines, updater
from appliance.updating.running import Locations, Running
from appliance.updating.source import from_file

_WORDS = {
    "installed": "installed: it starts at the next boot",
    "already-installed": "installed already, nothing was written",
    "running": "this is what runs already, nothing was written",
}


@click.command()
@click.argument("bundle", type=FILE, metavar="FILE")
def apply(*, bundle: Path) -> None:
    """Install the update FILE into the slot that is not running; for root on the appliance.

    At boot, the appliance does the same with appliance-update.bundle on a disc.
    """
    Running.read(Locations())
    with (
        from_file(bundle) as source,
        updater(ProgressLines(lambda line: click.echo(line, nl=False, err=True))) as here,
    ):
        outcome = here.apply(source)
    click.echo(_WORDS[outcome])

"""Options that the ``audit`` commands share."""

from __future__ import annotations

import click

from appliance.cli.options import FILE, Command


def ledger_option(command: Command) -> Command:
    """``--ledger``."""
    return click.option(
        "--ledger", type=FILE, metavar="DIR", help="Folder of the ledger. [default: the user's own]"
    )(command)


def keys_option(command: Command) -> Command:
    """``--keys``."""
    return click.option(
        "--keys", type=FILE, metavar="DIR", help="Folder of its keys. [default: DIR-keys]"
    )(command)

"""``appliance provision factory-reset``: erases all that a machine holds."""

from __future__ import annotations

import click

from appliance.cli.framework.usage_errors import PrivateUsageError
from appliance.provisioning.factory_reset import FactoryReset

WORDS = "erase everything on this machine"


@click.command("factory-reset")
@click.option("--no-restart", is_flag=True, help="Leave the restart to you.")
def factory_reset(*, no_restart: bool) -> None:
    """Erase all that this machine holds, and restart it as new. For root, on the image.

    The keys of the encrypted volume are destroyed: sessions, the ledger and its keys, people, the
    keys for releases. Export the ledger before (`appliance audit export`). The TPM still knows the
    number of the last bundle: the machine takes one with a higher number, by any two signers, so
    compare its words with those on paper.
    """
    reset = FactoryReset()
    reset.check()
    click.echo(f"To erase it, type: {WORDS}")
    if click.prompt("", prompt_suffix="> ", default="", show_default=False) != WORDS:
        raise PrivateUsageError("These are not the words. Nothing was erased.")
    reset.erase()
    click.echo("erased: what is left cannot be read after the restart")
    if not no_restart:
        reset.restart()

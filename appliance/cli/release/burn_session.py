"""``appliance release burn-session``: the person of a session has its copies burned to a disc."""

from __future__ import annotations

from pathlib import Path

import click

from appliance.cli.framework.options import json_option
from appliance.cli.framework.output import print_json, print_pairs
from appliance.cli.framework.progress import show_progress
from appliance.cli.release.ask import follow_broker, read_handle, socket_option
from appliance.protocols import broker_api


@click.command("burn-session")
@click.argument("handle", metavar="HANDLE")
@socket_option
@json_option
def burn_session(*, handle: str, socket: Path, as_json: bool) -> None:
    """Burn all copies that were released in the session with this HANDLE to the disc in the drive.

    HANDLE is the secret that the login answered; `-` asks for it. The disc must be blank and of a
    kind that can be written once; it is closed, read back and compared. The copies stay in the
    session until it ends, so that another disc can be burned.
    """
    wanted = broker_api.SessionRef(read_handle(handle))
    with show_progress(silent=as_json, doing="burning", unit="%") as show:
        burned = broker_api.Burning(0.0)
        for burned in follow_broker(socket, "BurnReleases", wanted, broker_api.Burning):
            show(round(100 * burned.done), 100)
    if as_json:
        print_json(burned)
        return
    print_pairs(
        [
            ("releases", ", ".join(map(str, burned.numbers or ()))),
            ("size", f"{(burned.size or 0) / 1e6:.1f} MB"),
            ("SHA-256", burned.sha256 or ""),
        ]
    )

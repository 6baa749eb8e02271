"""``appliance release request``: the person of a session asks for the release of a result."""

from __future__ import annotations

from pathlib import Path

import click

from appliance.cli.framework.options import json_option
from appliance.cli.framework.output import print_json, print_pairs
from appliance.cli.release.ask import ask_broker, read_handle, socket_option
from appliance.protocols import broker_api


@click.command("request")
@click.argument("handle", metavar="HANDLE")
@click.argument("item", type=click.IntRange(1, (1 << 32) - 1), metavar="ITEM")
@click.option("--sha256", metavar="HASH", help="What the result's SHA-256 must be.")
@socket_option
@json_option
def request_release(
    *, handle: str, item: int, sha256: str | None, socket: Path, as_json: bool
) -> None:
    """Ask for the release of the result ITEM of the session with this HANDLE.

    HANDLE is the secret that the login answered; `-` asks for it. What is printed goes to the
    second person: the request, and the SHA-256 that is to be approved.
    """
    wanted = broker_api.RequestRelease(read_handle(handle), item, sha256)
    stands = ask_broker(socket, "RequestRelease", wanted, broker_api.ReleaseStands)
    if as_json:
        print_json(stands)
    else:
        print_pairs(
            [
                ("request", stands.release),
                ("SHA-256", stands.sha256),
                ("what", stands.media),
                ("bytes", str(stands.size)),
                ("stands for", f"{stands.seconds} s"),
            ]
        )

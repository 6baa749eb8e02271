"""``appliance release look``, ``approve`` and ``decline``: the second person."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, get_args

import click

from appliance.cli.framework.options import FILE, json_option, overwrite_option
from appliance.cli.framework.output import print_json, print_pairs
from appliance.cli.release.ask import (
    ask_broker,
    ask_for_pin,
    ask_with_descriptors,
    socket_option,
    user_option,
)
from appliance.errors import InputError
from appliance.files.output import PendingOutput
from appliance.protocols import broker_api
from appliance.wire.message import Empty

_Reason = Literal["wrong-person", "wrong-result", "consent", "quality", "other"]
_LARGEST_VIEW = 1 << 30  # bytes
_CHUNK = 1 << 20  # bytes


@click.command("look")
@click.argument("release", metavar="REQUEST")
@user_option
@click.option("--output", type=FILE, required=True, metavar="FILE", help="File to write: .jpg.")
@overwrite_option
@socket_option
def look_at_release(
    *, release: str, user: str, output: Path, overwrite: bool, socket: Path
) -> None:
    """Write what is to be released as a picture to look at, with words all over it.

    It has the size of the result, and is no result: it is neither marked nor signed.
    """
    wanted = broker_api.LookAtRelease(release, user, ask_for_pin())
    with PendingOutput(output, overwrite=overwrite) as pending:
        shown, (pipe,) = ask_with_descriptors(
            socket, "LookAtRelease", wanted, broker_api.Shown, attached=1
        )
        size = 0
        with os.fdopen(pipe, "rb") as view:
            while chunk := view.read(_CHUNK):
                size += len(chunk)
                if size > _LARGEST_VIEW:
                    raise InputError("The picture is too large.", "Look at a smaller result.")
                pending.file.write(chunk)
        if not size:
            raise InputError("No picture came.", "Ask again; see the journal of the worker.")
        pending.commit()
    print_pairs([("to be approved", shown.sha256), ("what", shown.media)])


@click.command("approve")
@click.argument("release", metavar="REQUEST")
@click.argument("sha256", metavar="HASH")
@user_option
@socket_option
@json_option
def approve_release(*, release: str, sha256: str, user: str, socket: Path, as_json: bool) -> None:
    """Approve the release of the result with the SHA-256 HASH, with your own token.

    Returns once the copy that may leave is made, and prints the number of the release.
    """
    wanted = broker_api.ApproveRelease(release, user, ask_for_pin(), sha256)
    released = ask_broker(socket, "ApproveRelease", wanted, broker_api.Released)
    if as_json:
        print_json(released)
    else:
        print_pairs([("released as", str(released.number))])


@click.command("decline")
@click.argument("release", metavar="REQUEST")
@user_option
@click.option(
    "--reason", type=click.Choice(get_args(_Reason)), required=True, help="Why, for the ledger."
)
@socket_option
def decline_release(*, release: str, user: str, reason: _Reason, socket: Path) -> None:
    """Decide against a release, with your own token."""
    wanted = broker_api.DeclineRelease(release, user, ask_for_pin(), reason)
    ask_broker(socket, "DeclineRelease", wanted, Empty)
    print_pairs([("declined", reason)])

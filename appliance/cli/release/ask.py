"""Calls to the broker about releases, and its errors in words."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import msgspec

from appliance.cli.framework.options import FILE
from appliance.errors import ApplianceError, LedgerError, ReleaseError, SessionError
from appliance.machine import BROKER_SOCKET
from appliance.protocols import broker_api
from appliance.wire.client import Client
from appliance.wire.message import CallError

S = TypeVar("S", bound=msgspec.Struct)
F = TypeVar("F", bound=Callable[..., Any])

_HANDLE_LENGTH: Final = 64  # hexadecimal digits
_SEE: Final = "See the journal of appliance-broker.service."
_PLAIN: Mapping[str, tuple[type[ApplianceError], str, str]] = {
    "NoSuchRelease": (
        ReleaseError,
        "There is no such request.",
        "Name it as `appliance release request` printed it; it may have been made too long ago.",
    ),
    "NoSuchSession": (
        SessionError,
        "There is no session with this handle.",
        "Take the handle of the last login: an earlier one is void.",
    ),
    "WorkerGone": (SessionError, "The session's worker has ended.", "Attach to the session again."),
    "LedgerGone": (LedgerError, "Nothing can be logged, so nothing is done.", _SEE),
    "InvalidParameter": (
        SessionError,
        "A value is none that the broker takes.",
        "Take request and hash as `appliance release request` printed them.",
    ),
}


class _Details(msgspec.Struct):
    """Of every error, what is worth printing."""

    message: str = ""
    hint: str = ""
    reason: str = ""
    state: str = ""


def socket_option(command: F) -> F:
    """``--socket``: of the broker."""
    decorate: Callable[[F], F] = click.option(
        "--socket",
        type=FILE,
        default=BROKER_SOCKET,
        metavar="PATH",
        help="Socket of the broker. [default: that of the appliance]",
    )
    return decorate(command)


def user_option(command: F) -> F:
    """``--user``: who decides."""
    decorate: Callable[[F], F] = click.option(
        "--user", required=True, metavar="NAME", help="Who decides, by the token that is asked."
    )
    return decorate(command)


def ask_for_pin() -> str:
    """The PIN, which the terminal does not show; then the token waits to be touched."""
    pin: str = click.prompt("PIN of your token", hide_input=True, err=True)
    click.echo("Touch the token when it blinks.", err=True)
    return pin


def read_handle(given: str) -> str:
    """The secret handle of a session; ``-``: it is asked for, and not shown.

    Raises ``SessionError`` if it cannot be one.
    """
    handle = given
    if given == "-":
        handle = str(click.prompt("Handle of the session", hide_input=True, err=True)).strip()
    if len(handle) != _HANDLE_LENGTH or not all(one in "0123456789abcdef" for one in handle):
        raise SessionError("That is no handle of a session.", "Take what the login answered.")
    return handle


def ask_broker(socket: Path, method: str, parameters: msgspec.Struct, gives: type[S]) -> S:
    """What the broker answers. Raises ``ApplianceError``."""
    answer, _ = ask_with_descriptors(socket, method, parameters, gives, 0)
    return answer


def ask_with_descriptors(
    socket: Path, method: str, parameters: msgspec.Struct, gives: type[S], attached: int
) -> tuple[S, list[int]]:
    """As ``ask_broker``, with descriptors, which the caller must close."""
    client = Client.to(Path(os.fspath(socket)))
    try:
        return client.call(
            f"{broker_api.NAME}.{method}", parameters, gives=gives, attached=attached
        )
    except CallError as refused:
        raise _in_words(refused) from refused
    finally:
        client.close()


def follow_broker(
    socket: Path, method: str, parameters: msgspec.Struct, gives: type[S]
) -> Iterator[S]:
    """As ``ask_broker``, each answer up to the last one."""
    client = Client.to(Path(os.fspath(socket)))
    try:
        for answer, _ in client.follow(f"{broker_api.NAME}.{method}", parameters, gives=gives):
            yield answer
    except CallError as refused:
        raise _in_words(refused) from refused
    finally:
        client.close()


def _in_words(refused: CallError) -> ApplianceError:
    name = refused.error.rpartition(".")[2]
    found = msgspec.json.decode(getattr(refused.parameters, "json", b"{}"), type=_Details)
    texts: Mapping[str, tuple[type[ApplianceError], str, str]] = {
        **_PLAIN,
        "LoginRefused": (SessionError, f"The login was refused: {found.reason}.", found.hint),
        "ReleaseRefused": (ReleaseError, f"The release was refused: {found.reason}.", found.hint),
        "NoReleaser": (ReleaseError, "This machine cannot make copies that leave.", found.hint),
        "WrongState": (SessionError, f"The session is {found.state}.", "Reopen it first."),
        "Failed": (SessionError, found.message, found.hint),
    }
    kind, message, hint = texts.get(name, (SessionError, "The broker refused this call.", _SEE))
    return kind(message, hint)

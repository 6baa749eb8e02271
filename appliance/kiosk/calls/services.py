"""Where the services are, and how the screen calls them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from appliance.errors import WireError
from appliance.kiosk.calls.caller import Caller, Deliver
from appliance.kiosk.calls.hang_up import when_hung_up
from appliance.protocols import broker_api, worker_api
from appliance.wire.client import Client
from appliance.wire.connection import Connection, close_all
from appliance.wire.message import Empty

S = TypeVar("S", bound=msgspec.Struct)

MOST_PICTURE = 64 << 20
"""Bytes of a picture that a service hands over; more is refused."""

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Services:
    """Sockets of the services, and how answers reach the window's thread.

    ``disc`` and ``training``: where there is a drive, or software tokens.
    """

    broker: Path
    deliver: Deliver
    disc: Path | None = None
    training: Path | None = None

    def caller(self, path: Path) -> Caller:
        """Calls of the service that listens at ``path``."""
        return Caller(lambda: Client.to(path), self.deliver)

    def worker(self, handle: str) -> Caller:
        """Calls of the worker of the session with this handle, which the broker connects."""
        return Caller(lambda: _attach(self.broker, handle), self.deliver)

    def auditor(self, user: str, pin: str, ended: Callable[[], object]) -> Caller:
        """Calls of an auditor's process, for which the broker lets ``user`` in at the first one.

        ``ended`` is called when that process hangs up, or this end does; there is no second login.
        """
        credentials = [broker_api.LogIn(user, pin)]

        def connect() -> Client:
            if not credentials:
                raise WireError("The audit has ended.", "Log in for another one.")
            descriptor = _let_in(self.broker, credentials.pop())
            when_hung_up(descriptor, lambda: self.deliver(ended))
            return Client(Connection(socket.socket(fileno=descriptor)))

        return Caller(connect, self.deliver)


def _let_in(broker: Path, wanted: broker_api.LogIn) -> int:
    with closing(Client.to(broker)) as client:
        _, descriptors = client.call(f"{broker_api.NAME}.Audit", wanted, gives=Empty, attached=1)
    return descriptors[0]


def _attach(broker: Path, handle: str) -> Client:
    with closing(Client.to(broker)) as client:
        _, descriptors = client.call(
            f"{broker_api.NAME}.Attach",
            broker_api.SessionRef(handle),
            gives=broker_api.Opened,
            attached=1,
        )
    return Client(Connection(socket.socket(fileno=descriptors[0])))


def of_broker(method: str, parameters: msgspec.Struct, gives: type[S]) -> Callable[[Client], S]:
    """A call of the broker, whose descriptors are not kept."""

    def call(client: Client) -> S:
        attached = int(gives is broker_api.Opened)
        answer, descriptors = client.call(
            f"{broker_api.NAME}.{method}", parameters, gives=gives, attached=attached
        )
        close_all(descriptors)
        return answer

    return call


def of_worker(method: str, parameters: msgspec.Struct, gives: type[S]) -> Callable[[Client], S]:
    """A call of the worker."""
    return lambda client: client.call(f"{worker_api.NAME}.{method}", parameters, gives=gives)[0]


def each_of(
    name: str, parameters: msgspec.Struct, gives: type[S]
) -> Callable[[Client], Iterator[S]]:
    """A call with ``more``; ``name`` is the method's full name."""

    def call(client: Client) -> Iterator[S]:
        for answer, _ in client.follow(name, parameters, gives=gives):
            yield answer

    return call


def picture_of(
    name: str, parameters: msgspec.Struct, gives: type[S]
) -> Callable[[Client], tuple[S, bytes]]:
    """A call whose answer has a pipe with a picture; ``name`` is the method's full name."""

    def call(client: Client) -> tuple[S, bytes]:
        answer, descriptors = client.call(name, parameters, gives=gives, attached=1)
        return answer, read_all(descriptors[0])

    return call


def read_all(pipe: int) -> bytes:
    """All of ``pipe``, which is closed. Raises ``WireError`` if it is too large."""
    data = bytearray()
    with os.fdopen(pipe, "rb", buffering=0) as source:
        while chunk := source.read(_CHUNK):
            data += chunk
            if len(data) > MOST_PICTURE:
                raise WireError("A picture is too large.", "Take a smaller one.")
    return bytes(data)

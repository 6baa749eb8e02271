"""What the broker depends on outside of itself; tests replace it piece by piece."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Thread
from types import MappingProxyType
from typing import Final, TypeAlias

from appliance import machine
from appliance.diagnostics import machine_status
from appliance.protocols.machine_view import SpaceName
from appliance.session import login, network, roles
from appliance.session.keeper import Keeper, KeeperConnection
from appliance.wire.client import Client
from appliance.wire.connection import connect_to

Authenticate: TypeAlias = Callable[
    [str, str, login.Method, Callable[[], None]], login.Denial | None
]
"""As ``login.authenticate``."""

STORAGE: Final[Mapping[SpaceName, Path]] = MappingProxyType(
    {
        "ledger": Path("/var/lib/appliance-audit"),
        "workspaces": Path("/var/lib/appliance/workspace"),
        "system": Path("/"),
    }
)


def in_background(act: Callable[[], object]) -> None:
    """Run ``act`` in a thread that does not keep the process alive."""
    Thread(target=act, daemon=True).start()


def local_time() -> datetime:
    """The wall clock, in the time zone of the machine."""
    return datetime.now().astimezone()


def connect_releaser(slot: str) -> Client:
    """A connection to the releaser of ``slot``, which systemd starts. Raises ``WireError``."""
    return Client.to(machine.RELEASER_SOCKETS / f"{slot}.sock")


def connect_burner() -> socket.socket:
    """A connection to the burner, to be handed over. Raises ``WireError``."""
    return connect_to(machine.BURNER_SOCKET)


def connect_auditor() -> socket.socket:
    """A connection to the auditor, which systemd starts for it. Raises ``WireError``."""
    return connect_to(machine.AUDITOR_SOCKET)


@dataclass(frozen=True, slots=True)
class Environment:
    """``tokens``: those that are plugged in now; never waits. ``workers``: their sockets' folder.

    ``clock``: seconds; it must not be settable. ``spawn`` runs what may take long. ``registered``
    and ``roles``: root's files of tokens and roles. ``connect_releaser``: to that of a slot, as
    ``connect_burner`` and ``connect_auditor``: raises ``WireError``. ``network``: the machine's
    devices but lo, if known. ``status``: the file that the doctor leaves. ``storage``: a folder of
    each file system that an administrator is told about.
    """

    tokens: Callable[[], frozenset[str]]
    authenticate: Authenticate = login.authenticate
    connect_keeper: Callable[[str], Keeper] = KeeperConnection
    workers: Path = machine.WORKER_SOCKETS
    clock: Callable[[], float] = machine.seconds_since_boot
    local_time: Callable[[], datetime] = local_time
    spawn: Callable[[Callable[[], object]], object] = in_background
    registered: Path = login.TOKENS
    roles: Path = roles.FILE
    connect_releaser: Callable[[str], Client] = connect_releaser
    connect_burner: Callable[[], socket.socket] = connect_burner
    connect_auditor: Callable[[], socket.socket] = connect_auditor
    status: Path = machine_status.FILE
    storage: Mapping[SpaceName, Path] = field(default_factory=lambda: STORAGE)
    network: Callable[[], list[str] | None] = network.recorded

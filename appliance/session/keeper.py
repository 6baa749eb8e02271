"""The broker's connection to a keeper: the privileged process that holds one session."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Protocol

import msgspec

from appliance import machine
from appliance.errors import SessionError
from appliance.keeper.protocol import MAX_ANSWER, UNKNOWN_KEY, Command, Erasure

_PATIENCE = 150.0  # seconds; for the slowest command, a wipe of a volume that is stuck

# For a wipe that no keeper answered: not even its first step is known to be done.
_UNKNOWN = Erasure(UNKNOWN_KEY, 0, 0, 0, "luks-header-dropped", failed="kill")


class Keeper(Protocol):
    """What a session needs of its keeper."""

    def start_keeper(self) -> None:
        """Have the process started, if possible, without a command yet."""
        ...

    def execute(self, command: Command) -> None:
        """Have a command executed; raises ``SessionError`` if that fails or the keeper is gone."""
        ...

    def wipe(self) -> Erasure:
        """Have the whole session erased, and let the keeper end if nothing is left."""
        ...

    def is_gone(self) -> bool:
        """Whether it ended by itself: the session's key went with it."""
        ...

    def hang_up(self) -> None:
        """Let it end, which wipes what it still has."""
        ...


class _Answer(msgspec.Struct, frozen=True):
    erasure: Erasure | None = None
    error: tuple[str, str] | None = None


class KeeperConnection:
    """A keeper that systemd starts for this connection. Several threads may share it."""

    def __init__(self, slot: str, sockets: Path = machine.KEEPER_SOCKETS) -> None:
        self._path = os.fspath(sockets / f"{slot}.sock")
        self._connection: socket.socket | None = None
        self._lock = Lock()

    def start_keeper(self) -> None:
        """See ``Keeper``."""
        with self._lock, suppress(OSError):
            self._connected()

    def execute(self, command: Command) -> None:
        """See ``Keeper``; raises ``SessionError``."""
        self._ask(command)

    def wipe(self) -> Erasure:
        """See ``Keeper``. If the keeper is gone, or dies of it, its successor does it."""
        erasure = self._wiped()
        return self._wiped() if erasure is _UNKNOWN else erasure

    def _wiped(self) -> Erasure:
        try:
            erasure = self._ask(Command.WIPE).erasure or _UNKNOWN
        except SessionError:
            erasure = _UNKNOWN
        if erasure.failed is None or erasure is _UNKNOWN:
            self.hang_up()
        return erasure

    def is_gone(self) -> bool:
        """See ``Keeper``."""
        if not self._lock.acquire(blocking=False):
            return False  # another thread waits for its answer
        try:
            poll = select.poll()
            if self._connection is not None:
                poll.register(self._connection, select.POLLHUP)
            return bool(poll.poll(0))
        finally:
            self._lock.release()

    def hang_up(self) -> None:
        """See ``Keeper``."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _ask(self, command: Command) -> _Answer:
        with self._lock:
            try:
                connection = self._connected()
                connection.send(command.value)
                answer = msgspec.json.decode(connection.recv(MAX_ANSWER), type=_Answer)
            except (OSError, msgspec.DecodeError) as error:
                raise SessionError(
                    "The keeper of the session is gone.", "Close the session and open a new one."
                ) from error
        if answer.error is not None:
            raise SessionError(*answer.error)
        return answer

    def _connected(self) -> socket.socket:
        if self._connection is None:
            self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._connection.settimeout(_PATIENCE)
            self._connection.connect(self._path)
        return self._connection


class StandbyKeeper:
    """At most one keeper that starts while a person logs in: both take about as long.

    It gets no command before the person is let in. For one thread at a time.
    """

    def __init__(self, connect: Callable[[str], Keeper] = KeeperConnection) -> None:
        """``connect`` gives the keeper of a slot."""
        self._connect = connect
        self._slot = ""
        self._keeper: Keeper | None = None

    def start(self, free: Sequence[str]) -> None:
        """Start one for the first of the ``free`` slots, if there is any."""
        if self._keeper is None and free:
            self._slot, self._keeper = free[0], self._connect(free[0])
            self._keeper.start_keeper()

    def take(self, free: Sequence[str]) -> tuple[str, Keeper]:
        """A slot and its keeper: the one on standby, or a new one for the first ``free`` slot.

        Slots are taken nowhere else, so the slot of the one on standby is still free.
        """
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return free[0], self._connect(free[0])
        if keeper.is_gone():
            keeper.hang_up()  # the next command connects to another
        return self._slot, keeper

    def dismiss(self) -> None:
        """Let it end, if it was not taken."""
        if self._keeper is not None:
            self._keeper.hang_up()
            self._keeper = None

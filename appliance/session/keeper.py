"""The broker's connection to a keeper: the privileged process that holds one session."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Protocol, Self

import msgspec

from appliance import machine
from appliance.errors import SessionError
from appliance.keeper.protocol import MAX_ANSWER, UNKNOWN_KEY, Command, Erasure
from appliance.session.slots import Slots

_PATIENCE = 150.0  # seconds; for the slowest command, a wipe of a volume that is stuck
_PATIENCE_AT_ONCE = 10.0  # seconds, for what the kernel does at once
SLOWEST = 2 * _PATIENCE
"""Seconds after which a wipe has an answer or has failed: to reach the keeper, and to be done."""

_AT_ONCE = (Command.FREEZE, Command.THAW)

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
                connection.settimeout(_PATIENCE_AT_ONCE if command in _AT_ONCE else _PATIENCE)
                connection.send(command.value)
                answer = msgspec.json.decode(connection.recv(MAX_ANSWER), type=_Answer)
            except (OSError, msgspec.DecodeError) as error:
                self._give_up()
                raise SessionError(
                    "The keeper of the session is gone.", "Close the session and open a new one."
                ) from error
        if answer.error is not None:
            raise SessionError(*answer.error)
        return answer

    def _connected(self) -> socket.socket:
        if self._connection is None:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            try:
                connection.settimeout(_PATIENCE)
                connection.connect(self._path)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _give_up(self) -> None:
        """Count the keeper as gone: a late answer must not be taken for that to the next command.

        Its end of the connection breaks, so that it wipes.
        """
        if self._connection is not None:
            with suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)


class StandbyKeeper:
    """A keeper that starts while a person logs in: both take about as long.

    It gets no command before the person is let in. As a context manager: what was not taken ends.
    For one thread.
    """

    def __init__(self, slots: Slots, connect: Callable[[str], Keeper] = KeeperConnection) -> None:
        """``connect`` gives the keeper of a slot."""
        self._slots = slots
        self._connect = connect
        self._ready: tuple[str, Keeper] | None = None

    def start(self) -> None:
        """Reserve a slot and start its keeper, if a slot is free."""
        if self._ready is None and (slot := self._slots.reserve()) is not None:
            self._ready = slot, self._connect(slot)
            self._ready[1].start_keeper()

    def __enter__(self) -> Self:
        """Nothing is started yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of what was not taken."""
        if self._ready is not None:
            slot, keeper = self._ready
            self._ready = None
            try:
                keeper.hang_up()
            finally:
                self._slots.release(slot)

    @property
    def ready(self) -> tuple[str, Keeper] | None:
        """A slot and its keeper; ``None`` if no slot is free."""
        self.start()
        if self._ready is not None and self._ready[1].is_gone():
            self._ready[1].hang_up()  # the next command connects to another
        return self._ready

    def taken(self) -> None:
        """The slot and its keeper belong to a session from here on."""
        self._ready = None

"""The broker's line to the keeper: the process with root's power that holds one session."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock

import msgspec

from appliance.errors import SessionError
from appliance.keeper.protocol import MAX_ANSWER, SOCKETS, UNKNOWN_KEY, Command, Erasure

_PATIENCE = 150.0  # seconds; of the slowest word, a wipe of a volume that is stuck

# Of a wipe that no keeper answered for: not even its first step is known to be done.
_NOBODY_KNOWS = Erasure(UNKNOWN_KEY, 0, 0, 0, "luks-header-dropped", failed="kill")


class _Answer(msgspec.Struct, frozen=True):
    erasure: Erasure | None = None
    error: tuple[str, str] | None = None


class KeeperConnection:
    """A line that systemd gives a keeper of its own. Several threads may share it."""

    def __init__(self, slot: str) -> None:
        self._path = os.fspath(SOCKETS / f"{slot}.sock")
        self._line: socket.socket | None = None
        self._lock = Lock()

    def call(self) -> None:
        """Let one start, if it can; it is told nothing yet."""
        with self._lock, suppress(OSError):
            self._connected()

    def tell(self, word: Command) -> None:
        """Have it do something; raises ``SessionError`` if it cannot, or is gone."""
        self._ask(word)

    def wipe(self) -> Erasure:
        """Have it erase all of the session, and let it go if nothing is left.

        If it is gone, or dies of it, its successor does it.
        """
        erasure = self._wiped()
        return self._wiped() if erasure is _NOBODY_KNOWS else erasure

    def _wiped(self) -> Erasure:
        try:
            erasure = self._ask(Command.WIPE).erasure or _NOBODY_KNOWS
        except SessionError:
            erasure = _NOBODY_KNOWS
        if erasure.failed is None or erasure is _NOBODY_KNOWS:
            self.hang_up()
        return erasure

    def is_gone(self) -> bool:
        """Whether it ended by itself: the session's key went with it."""
        if not self._lock.acquire(blocking=False):
            return False  # it is being talked to
        try:
            poll = select.poll()
            if self._line is not None:
                poll.register(self._line, select.POLLHUP)
            return bool(poll.poll(0))
        finally:
            self._lock.release()

    def hang_up(self) -> None:
        """Let it end, which wipes what it still has."""
        with self._lock:
            if self._line is not None:
                self._line.close()
                self._line = None

    def _ask(self, word: Command) -> _Answer:
        with self._lock:
            try:
                line = self._connected()
                line.send(word.value)
                answer = msgspec.json.decode(line.recv(MAX_ANSWER), type=_Answer)
            except (OSError, msgspec.DecodeError) as error:
                raise SessionError(
                    "The keeper of the session is gone.", "Close the session and open a new one."
                ) from error
        if answer.error is not None:
            raise SessionError(*answer.error)
        return answer

    def _connected(self) -> socket.socket:
        if self._line is None:
            self._line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._line.settimeout(_PATIENCE)
            self._line.connect(self._path)
        return self._line


class StandbyKeeper:
    """At most one keeper that starts while a person logs in: it takes about as long.

    It is told nothing before they are let in. For one thread at a time.
    """

    def __init__(self) -> None:
        self._slot = ""
        self._keeper: KeeperConnection | None = None

    def call(self, free: Sequence[str]) -> None:
        """Let one start for the first of the ``free`` slots, if there is any."""
        if self._keeper is None and free:
            self._slot, self._keeper = free[0], KeeperConnection(free[0])
            self._keeper.call()

    def take(self, free: Sequence[str]) -> tuple[str, KeeperConnection]:
        """A slot and its keeper: the one that was called, or another for the first ``free`` one.

        Whoever takes a slot takes it here, so that of one that was called is still free.
        """
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return free[0], KeeperConnection(free[0])
        if keeper.is_gone():
            keeper.hang_up()  # the next word calls another
        return self._slot, keeper

    def dismiss(self) -> None:
        """Let it go, if nobody took it."""
        if self._keeper is not None:
            self._keeper.hang_up()
            self._keeper = None

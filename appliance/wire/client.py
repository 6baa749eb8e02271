"""The calling end: sends calls, receives answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import msgspec

from appliance.wire.connection import Connection, broken, close_all
from appliance.wire.message import Call, CallError, Empty, Reply, S

_replies = msgspec.json.Decoder(Reply)
_json = msgspec.json.Encoder()


class Client:
    """The calling end of a connection. For one thread at a time, except ``notify``.

    Nothing here waits for a service that does not read what it is sent.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    def to(cls, path: Path) -> Self:
        """Connect to the service that listens at ``path``; raises ``WireError``."""
        return cls(Connection.to(path))

    def call(
        self,
        method: str,
        parameters: msgspec.Struct | None = None,
        *,
        gives: type[S],
        descriptors: Sequence[int] = (),
        attached: int = 0,
        timeout: float | None = None,
    ) -> tuple[S, list[int]]:
        """The answer, and its descriptors, which the caller must close.

        ``attached``: how many descriptors the answer must have; ``timeout`` in seconds. Raises
        ``CallError`` if the service answers with an error, and ``WireError`` if it is gone, breaks
        a rule or takes too long: then the connection is unusable.
        """
        self._ask(Call(method, _raw(parameters)), descriptors)
        return self._receive(gives, attached, timeout)[:2]

    def follow(
        self,
        method: str,
        parameters: msgspec.Struct | None = None,
        *,
        gives: type[S],
        descriptors: Sequence[int] = (),
        attached: int = 0,
        timeout: float | None = None,
    ) -> Iterator[tuple[S, list[int]]]:
        """As ``call``, but asks for ``more`` and yields every reply, the last one included.

        The call is made when the first reply is asked for. ``timeout``: seconds for the first.
        """
        self._ask(Call(method, _raw(parameters), more=True), descriptors)
        continues = True
        while continues:
            answer, given, continues = self._receive(gives, attached, timeout)
            timeout = None
            yield answer, given

    def notify(
        self,
        method: str,
        parameters: msgspec.Struct | None = None,
        descriptors: Sequence[int] = (),
    ) -> None:
        """Make a call that is not answered (``oneway``); raises ``WireError`` if it cannot be sent.

        From any thread, also while another one waits for an answer.
        """
        self._ask(Call(method, _raw(parameters), oneway=True), descriptors)

    def has_hung_up(self) -> bool:
        """Whether the service has hung up, so that no call can be answered."""
        return self._connection.has_hung_up()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def hang_up(self) -> None:
        """End a call that waits for its answer, from any thread; ``close`` is still needed."""
        self._connection.hang_up()

    def _ask(self, call: Call, descriptors: Sequence[int]) -> None:
        self._connection.send(_json.encode(call), descriptors, wait=False)

    def _receive(
        self, gives: type[S], attached: int, timeout: float | None
    ) -> tuple[S, list[int], bool]:
        received = self._connection.receive(timeout)
        if received is None:
            raise broken("the service hung up")
        message, descriptors = received
        try:
            answer, continues = _read(message, gives, surplus=len(descriptors) - attached)
        except BaseException:
            close_all(descriptors)
            raise
        return answer, descriptors, continues


def _raw(parameters: msgspec.Struct | None) -> msgspec.Raw:
    return msgspec.Raw(_json.encode(parameters or Empty()))


def _read(message: bytes, gives: type[S], surplus: int) -> tuple[S, bool]:
    """The parameters of a reply, and whether another follows.

    ``surplus``: how many descriptors it has more than it must have. Raises ``CallError`` if it is
    an error, ``WireError`` if it cannot be understood or breaks a rule.
    """
    try:
        reply = _replies.decode(message)
        if reply.error is not None:
            raise CallError(reply.error, _Details(bytes(reply.parameters)))
        if surplus:
            raise broken("an answer has descriptors that were not asked for, or lacks them")
        return msgspec.json.decode(reply.parameters, type=gives), reply.continues
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise broken("the answer cannot be understood") from error


class _Details(msgspec.Struct, frozen=True):
    """The parameters of an error, as JSON that was not parsed."""

    json: bytes

"""The other end: calls, and what comes back."""

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
    """The calling end of a connection. Not for several threads at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    def to(cls, path: Path) -> Self:
        """Of the service that listens at ``path``; raises ``WireError``."""
        return cls(Connection.to(path))

    def call(
        self,
        method: str,
        parameters: msgspec.Struct | None = None,
        *,
        gives: type[S],
        descriptors: Sequence[int] = (),
    ) -> tuple[S, list[int]]:
        """The answer and the descriptors beside it, now the caller's own.

        Raises ``CallError`` with the error that the service names, ``WireError`` if it is gone.
        """
        self._ask(method, parameters, descriptors, more=False)
        return self._hear(gives)[:2]

    def follow(
        self,
        method: str,
        parameters: msgspec.Struct | None = None,
        *,
        gives: type[S],
        descriptors: Sequence[int] = (),
    ) -> Iterator[tuple[S, list[int]]]:
        """As ``call``, with every reply on the way to the last."""
        self._ask(method, parameters, descriptors, more=True)
        continues = True
        while continues:
            answer, beside, continues = self._hear(gives)
            yield answer, beside

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _ask(
        self,
        method: str,
        parameters: msgspec.Struct | None,
        descriptors: Sequence[int],
        *,
        more: bool,
    ) -> None:
        raw = msgspec.Raw(_json.encode(parameters or Empty()))
        self._connection.send(_json.encode(Call(method, raw, more=more)), descriptors)

    def _hear(self, gives: type[S]) -> tuple[S, list[int], bool]:
        received = self._connection.receive()
        if received is None:
            raise broken("the service hung up")
        message, descriptors = received
        try:
            reply = _replies.decode(message)
            if reply.error is not None:
                raise CallError(reply.error, _Details(bytes(reply.parameters)))
            return msgspec.json.decode(reply.parameters, type=gives), descriptors, reply.continues
        except (msgspec.DecodeError, RecursionError) as error:
            close_all(descriptors)
            raise broken("the answer is none") from error


class _Details(msgspec.Struct, frozen=True):
    """The parameters of an error, as they came."""

    json: bytes

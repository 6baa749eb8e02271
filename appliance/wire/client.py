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
    """The calling end of a connection. For one thread at a time."""

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
    ) -> tuple[S, list[int]]:
        """The answer, and its descriptors, which the caller must close.

        Raises ``CallError`` if the service answers with an error, ``WireError`` if it is gone.
        """
        self._ask(method, parameters, descriptors, more=False)
        return self._receive(gives)[:2]

    def follow(
        self,
        method: str,
        parameters: msgspec.Struct | None = None,
        *,
        gives: type[S],
        descriptors: Sequence[int] = (),
    ) -> Iterator[tuple[S, list[int]]]:
        """As ``call``, but asks for ``more`` and yields every reply, the last one included."""
        self._ask(method, parameters, descriptors, more=True)
        continues = True
        while continues:
            answer, attached, continues = self._receive(gives)
            yield answer, attached

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

    def _receive(self, gives: type[S]) -> tuple[S, list[int], bool]:
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
            raise broken("the answer cannot be understood") from error


class _Details(msgspec.Struct, frozen=True):
    """The parameters of an error, as JSON that was not parsed."""

    json: bytes

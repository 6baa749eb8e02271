"""The serving end: offers one interface to its callers."""

from __future__ import annotations

import errno
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock, Thread
from types import MappingProxyType
from typing import Any, Generic, TypeAlias

import msgspec

from appliance.errors import WireError
from appliance.version import version
from appliance.wire.connection import Connection, broken, close_all
from appliance.wire.message import SERVICE, Call, CallError, Empty, Reply, S
from appliance.wire.peer import PeerCredentials

MAX_CALLERS = 32
MAX_CALLERS_OF_USER = 12

_NO_LONGER_LISTENING = frozenset({errno.EINVAL, errno.EBADF})  # after shutdown(2), after close(2)
_PAUSE = 0.1  # seconds until another caller is accepted after that failed

# Read on import: a sealed process can no longer read the files of its own installation.
_VERSION = version()

_calls = msgspec.json.Decoder(Call)
_json = msgspec.json.Encoder()

Progress: TypeAlias = Callable[[msgspec.Struct], None]
"""Sends an intermediate reply, if the caller asked for ``more``.

Raises ``WireError`` if the caller has hung up.
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """The last, or only, reply. The service closes its descriptors once they are sent."""

    parameters: msgspec.Struct = field(default_factory=Empty)
    descriptors: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Request(Generic[S]):
    """One call, parsed. A method removes from ``descriptors`` those that it keeps.

    ``more``: whether the caller asked for more than one reply. ``gone``: whether it has hung up.
    """

    caller: PeerCredentials
    parameters: S
    descriptors: list[int]
    progress: Progress
    more: bool = False
    gone: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Method(Generic[S]):
    """The parameters of a method, the function that runs it, and the user ids that may call it.

    ``users`` of ``None``: every user who can connect to the socket. ``descriptors``: how many may
    come with a call; more than that end the connection. A function that returns ``None`` goes on
    answering by ``progress`` from a thread of its own, until the connection ends.
    """

    takes: type[S]
    run: Callable[[Request[S]], Answer | None]
    users: frozenset[int] | None = None
    descriptors: int = 0


class Service:
    """One interface, and the callers that are connected to it."""

    def __init__(
        self,
        name: str,
        description: str,
        methods: Mapping[str, Method[Any]],
        report: Callable[[BaseException], None],
        *,
        ends_on_error: bool = False,
    ) -> None:
        """``description`` is the interface in varlink's definition language, ``name`` its name.

        ``report`` is called with every exception of a method that is not a ``CallError``: a bug,
        whose text may hold a name or a path. ``ends_on_error``: hang up after every answer that is
        an error.
        """
        self._name = name
        self._description = description
        self.methods = MappingProxyType(dict(methods))
        self._report = report
        self._ends_on_error = ends_on_error
        self._callers: Counter[int] = Counter()
        self._lock = Lock()

    @property
    def has_callers(self) -> bool:
        """Whether anybody is connected."""
        with self._lock:
            return self._callers.total() > 0

    def listen(self, listener: socket.socket) -> None:
        """Serve each caller in a thread of its own, until the socket is shut down.

        Nothing else ends this: what fails for want of descriptors, memory or threads is tried again
        when others may have given theirs back.
        """
        while True:
            try:
                connection, _ = listener.accept()
            except OSError as error:
                if error.errno in _NO_LONGER_LISTENING:
                    return
                time.sleep(_PAUSE)
                continue
            self.take(connection)

    def take(self, connection: socket.socket) -> bool:
        """Serve one caller in a thread of its own; without a place for it, hang up.

        Whether it is served. The connection belongs to the service from here on.
        """
        try:
            user = PeerCredentials.of(connection).user
        except OSError:
            connection.close()
            return False
        if not self._admit(user):
            connection.close()
            return False
        try:
            Thread(target=self._serve_admitted, args=(connection, user), daemon=True).start()
        except RuntimeError:  # no more threads
            connection.close()
            self._leave(user)
            return False
        return True

    def serve(self, connection: socket.socket) -> None:
        """Answer one caller until it hangs up or breaks a rule."""
        wire = Connection(connection)
        try:
            while (received := wire.receive()) is not None:
                message, descriptors = received
                try:
                    self._answer(wire, message, descriptors)
                finally:
                    close_all(descriptors)
        except WireError:
            pass  # the caller broke a rule, and loses its connection
        finally:
            wire.close()

    def _serve_admitted(self, connection: socket.socket, user: int) -> None:
        try:
            self.serve(connection)
        finally:
            self._leave(user)

    def _answer(self, wire: Connection, message: bytes, descriptors: list[int]) -> None:
        try:
            call = _calls.decode(message)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise broken("a call cannot be understood") from error

        def send(reply: Reply, attached: Sequence[int] = ()) -> None:
            if not call.oneway:
                wire.send(_json.encode(reply), attached)
            if reply.error is not None and self._ends_on_error:
                raise broken("the call was refused")

        def progress(parameters: msgspec.Struct) -> None:
            if wire.has_hung_up():
                raise broken("the caller hung up")
            if call.more:
                send(Reply(msgspec.Raw(_json.encode(parameters)), continues=True))

        try:
            answer = self._run(call, wire, descriptors, progress)
        except CallError as refused:
            send(Reply(msgspec.Raw(_json.encode(refused.parameters)), error=refused.error))
            return
        except WireError:
            raise
        except Exception as bug:  # noqa: BLE001 - a bug in one call must not end the service
            self._report(bug)
            send(Reply(error=f"{self._name}.Bug"))
            return
        if answer is None:
            return
        try:
            send(Reply(msgspec.Raw(_json.encode(answer.parameters))), answer.descriptors)
        finally:
            close_all(answer.descriptors)

    def _run(
        self, call: Call, wire: Connection, descriptors: list[int], progress: Progress
    ) -> Answer | None:
        caller = wire.peer
        interface, _, name = call.method.rpartition(".")
        if interface == SERVICE:
            return self._introspect(name, call)
        if interface != self._name:
            raise CallError(f"{SERVICE}.InterfaceNotFound", _Interface(interface))
        method = self.methods.get(name)
        if method is None:
            raise CallError(f"{SERVICE}.MethodNotFound", _Method(name))
        if method.users is not None and caller.user not in method.users:
            raise CallError(f"{SERVICE}.PermissionDenied")
        if len(descriptors) > method.descriptors:
            raise broken("a call has descriptors that its method does not take")
        parameters = _parse(call, method.takes)
        gone = wire.has_hung_up
        return method.run(Request(caller, parameters, descriptors, progress, call.more, gone))

    def _introspect(self, name: str, call: Call) -> Answer:
        if name == "GetInfo":
            return Answer(_Info(interfaces=[SERVICE, self._name]))
        if name == "GetInterfaceDescription":
            asked = _parse(call, _Interface).interface
            texts = {SERVICE: _SERVICE_DESCRIPTION, self._name: self._description}
            if asked not in texts:
                raise CallError(f"{SERVICE}.InterfaceNotFound", _Interface(asked))
            return Answer(_Description(texts[asked]))
        raise CallError(f"{SERVICE}.MethodNotFound", _Method(name))

    def _admit(self, user: int) -> bool:
        with self._lock:
            if self._callers.total() >= MAX_CALLERS or self._callers[user] >= MAX_CALLERS_OF_USER:
                return False
            self._callers[user] += 1
            return True

    def _leave(self, user: int) -> None:
        with self._lock:
            self._callers[user] -= 1


def _parse(call: Call, kind: type[S]) -> S:
    """The parameters as ``kind``; raises ``CallError`` InvalidParameter if they do not fit."""
    try:
        return msgspec.json.decode(call.parameters, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # The decoder names the place ("- at `$.user`"); the value is kept out of the answer.
        place = str(error).rpartition("`$")[2].strip("`.") or "parameters"
        raise CallError(f"{SERVICE}.InvalidParameter", _Parameter(place[:64])) from error


class _Parameter(msgspec.Struct, frozen=True):
    parameter: str


class _Method(msgspec.Struct, frozen=True):
    method: str


class _Interface(msgspec.Struct, frozen=True):
    interface: str


class _Info(msgspec.Struct, frozen=True):
    interfaces: list[str]
    vendor: str = "face-appliance"
    product: str = "face-appliance"
    version: str = _VERSION
    url: str = ""


class _Description(msgspec.Struct, frozen=True):
    description: str


# https://github.com/varlink/org.varlink.service
_SERVICE_DESCRIPTION = """\
interface org.varlink.service

method GetInfo() -> (vendor: string, product: string, version: string, url: string, \
interfaces: []string)

method GetInterfaceDescription(interface: string) -> (description: string)

error InterfaceNotFound (interface: string)
error MethodNotFound (method: string)
error MethodNotImplemented (method: string)
error InvalidParameter (parameter: string)
error PermissionDenied ()
error ExpectedMore ()
"""

"""Varlink messages over AF_UNIX, with descriptors beside them (https://varlink.org/Method-Call).

A message is one JSON object, ended by a NUL byte; a call names a method ``INTERFACE.NAME``, and is
answered once, or several times if it asked for ``more``. Descriptors travel by SCM_RIGHTS with the
bytes of the message that they belong to. Who calls is what the kernel says (SO_PEERCRED).

Whatever arrives is bounded before it is understood: the length of a message, how many descriptors
come with it, how many callers there are, in all and for each user. What breaks a rule ends its
connection, and no other.
"""

from __future__ import annotations

import array
import os
import socket
import struct
import sys
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Generic, Self, TypeAlias, TypeVar

import msgspec

from appliance.errors import WireError

MAX_MESSAGE = 64 * 1024  # bytes, without the NUL
MAX_DESCRIPTORS = 4  # a message
MAX_CALLERS = 32
MAX_CALLERS_OF_USER = 12

SERVICE = "org.varlink.service"

_CHUNK = 16 * 1024
_UCRED = struct.Struct("iII")  # pid, uid, gid; see unix(7)

S = TypeVar("S", bound=msgspec.Struct)


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a caller asks. ``parameters`` are understood by the method."""

    method: str
    parameters: msgspec.Raw = msgspec.Raw(b"{}")
    more: bool = False
    oneway: bool = False


class Reply(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What it is told; ``error`` names one of the interface's errors."""

    parameters: msgspec.Raw = msgspec.Raw(b"{}")
    continues: bool = False
    error: str | None = None


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


_calls = msgspec.json.Decoder(Call)
_replies = msgspec.json.Decoder(Reply)
_json = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is at the other end, as the kernel knows it. Ids as in the reader's namespace."""

    process: int
    user: int
    group: int

    @classmethod
    def of(cls, connection: socket.socket) -> Self:
        """The peer of a connected AF_UNIX socket."""
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        return cls(*_UCRED.unpack(raw))


class Refusal(Exception):  # noqa: N818 - no failure of ours, but an answer
    """Raised by a method: the caller is told ``error`` with ``parameters``."""

    def __init__(self, error: str, parameters: msgspec.Struct | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.parameters = parameters or Nothing()


class _Parameter(msgspec.Struct, frozen=True):
    parameter: str


class _Method(msgspec.Struct, frozen=True):
    method: str


class _Interface(msgspec.Struct, frozen=True):
    interface: str


class Connection:
    """Messages and descriptors on one connected AF_UNIX SOCK_STREAM socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._bytes = bytearray()
        self._descriptors: list[int] = []
        self._waiting: deque[tuple[bytes, list[int]]] = deque()
        self.peer = Caller.of(connection)

    @classmethod
    def to(cls, path: Path) -> Self:
        """Connect to the service that listens at ``path``; raises ``WireError``."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(os.fspath(path))
        except OSError as error:
            connection.close()
            raise WireError(
                f"The service does not answer ({error.strerror}).",
                "Start it, and call it as a user that it serves.",
            ) from error
        return cls(connection)

    def receive(self) -> tuple[bytes, list[int]] | None:
        """The next message and its descriptors, now the caller's own; ``None`` at the end.

        Raises ``WireError`` if the peer breaks a limit; the connection is of no use then.
        """
        while not self._waiting:
            if not self._fill():
                return None
        return self._waiting.popleft()

    def send(self, message: bytes, descriptors: Sequence[int] = ()) -> None:
        """Send one message; raises ``WireError`` if the peer is gone."""
        if len(message) > MAX_MESSAGE or len(descriptors) > MAX_DESCRIPTORS:
            raise _broken("too much for one message")
        framed = memoryview(message + b"\0")
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        try:
            sent = self._socket.sendmsg([framed], rights if descriptors else [])
            self._socket.sendall(framed[sent:])
        except OSError as error:
            raise _broken("the other end is gone") from error

    def close(self) -> None:
        """Hang up, and close what came and was not taken."""
        # shutdown wakes a thread that waits in receive; close alone would not.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for _, descriptors in self._waiting:
            _close_all(descriptors)
        self._waiting.clear()
        _close_all(self._descriptors)
        self._descriptors = []

    def _fill(self) -> bool:
        """Read once; False at the end."""
        room = socket.CMSG_SPACE(MAX_DESCRIPTORS * array.array("i").itemsize)
        try:
            data, ancillary, flags, _ = self._socket.recvmsg(_CHUNK, room, socket.MSG_CMSG_CLOEXEC)
        except OSError as error:
            raise _broken("the other end is gone") from error
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self._descriptors += _integers(content)
        if flags & socket.MSG_CTRUNC or len(self._descriptors) > MAX_DESCRIPTORS:
            raise _broken("too many descriptors")
        if not data:
            if self._bytes:
                raise _broken("it ended inside a message")
            return False
        self._bytes += data
        self._cut()
        return True

    def _cut(self) -> None:
        """Take whole messages out of what was read; descriptors go with the first of them."""
        *whole, rest = bytes(self._bytes).split(b"\0")
        if any(len(message) > MAX_MESSAGE for message in (*whole, rest)):
            raise _broken("a message is too long")
        for message in whole:
            self._waiting.append((message, self._descriptors))
            self._descriptors = []
        self._bytes = bytearray(rest)


Progress: TypeAlias = Callable[[msgspec.Struct], None]
"""Tells the caller how far it is, if it asked for ``more``."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The last, or only, reply. Its descriptors are closed here once they are sent."""

    parameters: msgspec.Struct = field(default_factory=Nothing)
    descriptors: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Request(Generic[S]):
    """One call, understood. A method takes out of ``descriptors`` those that it keeps."""

    caller: Caller
    parameters: S
    descriptors: list[int]
    progress: Progress


@dataclass(frozen=True, slots=True)
class Method(Generic[S]):
    """How a method is called: its parameters, who may, and what it does.

    ``users`` are the user ids that may call it; ``None`` is everybody who reaches the socket.
    """

    takes: type[S]
    run: Callable[[Request[S]], Answer]
    users: frozenset[int] | None = None


class Service:
    """One interface, offered to those who connect to a socket."""

    def __init__(self, name: str, description: str, methods: Mapping[str, Method[Any]]) -> None:
        """``description`` is the interface in varlink's own language; ``name`` as it says."""
        self._name = name
        self._description = description
        self._methods = dict(methods)
        self._callers: Counter[int] = Counter()
        self._lock = Lock()

    def listen(self, listener: socket.socket) -> None:
        """Serve until the socket is shut down, each caller in a thread of its own."""
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if not self._admit(Caller.of(connection).user):
                connection.close()
                continue
            Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        """Answer one caller until it hangs up or breaks a rule."""
        wire = Connection(connection)
        try:
            while (received := wire.receive()) is not None:
                message, descriptors = received
                try:
                    self._answer(wire, message, descriptors)
                finally:
                    _close_all(descriptors)
        except WireError:
            pass  # its own fault, and it hears of it by the end of the connection
        finally:
            wire.close()
            self._leave(wire.peer.user)

    def _answer(self, wire: Connection, message: bytes, descriptors: list[int]) -> None:
        try:
            call = _calls.decode(message)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _broken("no call") from error

        def send(reply: Reply, beside: Sequence[int] = ()) -> None:
            if not call.oneway:
                wire.send(_json.encode(reply), beside)

        def progress(parameters: msgspec.Struct) -> None:
            if call.more:
                send(Reply(msgspec.Raw(_json.encode(parameters)), continues=True))

        try:
            answer = self._run(call, wire.peer, descriptors, progress)
        except Refusal as refusal:
            send(Reply(msgspec.Raw(_json.encode(refusal.parameters)), error=refusal.error))
            return
        except WireError:
            raise
        except Exception as bug:  # noqa: BLE001 - one caller's bug is not another's
            _report(bug)
            send(Reply(error=f"{self._name}.Bug"))
            return
        try:
            send(Reply(msgspec.Raw(_json.encode(answer.parameters))), answer.descriptors)
        finally:
            _close_all(answer.descriptors)

    def _run(
        self, call: Call, caller: Caller, descriptors: list[int], progress: Progress
    ) -> Answer:
        interface, _, name = call.method.rpartition(".")
        if interface == SERVICE:
            return self._about_itself(name, call)
        if interface != self._name:
            raise Refusal(f"{SERVICE}.InterfaceNotFound", _Interface(interface))
        method = self._methods.get(name)
        if method is None:
            raise Refusal(f"{SERVICE}.MethodNotFound", _Method(name))
        if method.users is not None and caller.user not in method.users:
            raise Refusal(f"{SERVICE}.PermissionDenied")
        parameters = _understood(call, method.takes)
        return method.run(Request(caller, parameters, descriptors, progress))

    def _about_itself(self, name: str, call: Call) -> Answer:
        if name == "GetInfo":
            return Answer(_Info(interfaces=[SERVICE, self._name]))
        if name == "GetInterfaceDescription":
            asked = _understood(call, _Interface).interface
            texts = {SERVICE: _SERVICE_DESCRIPTION, self._name: self._description}
            if asked not in texts:
                raise Refusal(f"{SERVICE}.InterfaceNotFound", _Interface(asked))
            return Answer(_Description(texts[asked]))
        raise Refusal(f"{SERVICE}.MethodNotFound", _Method(name))

    def _admit(self, user: int) -> bool:
        with self._lock:
            if self._callers.total() >= MAX_CALLERS or self._callers[user] >= MAX_CALLERS_OF_USER:
                return False
            self._callers[user] += 1
            return True

    def _leave(self, user: int) -> None:
        with self._lock:
            self._callers[user] -= 1


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

        Raises ``Refusal`` with the error that the service names, ``WireError`` if it is gone.
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
        raw = msgspec.Raw(_json.encode(parameters or Nothing()))
        self._connection.send(_json.encode(Call(method, raw, more=more)), descriptors)

    def _hear(self, gives: type[S]) -> tuple[S, list[int], bool]:
        received = self._connection.receive()
        if received is None:
            raise _broken("the service hung up")
        message, descriptors = received
        try:
            reply = _replies.decode(message)
            if reply.error is not None:
                raise Refusal(reply.error, _Details(bytes(reply.parameters)))
            return msgspec.json.decode(reply.parameters, type=gives), descriptors, reply.continues
        except (msgspec.DecodeError, RecursionError) as error:
            _close_all(descriptors)
            raise _broken("the answer is none") from error


class _Details(msgspec.Struct, frozen=True):
    """The parameters of an error, as they came."""

    json: bytes


class _Info(msgspec.Struct, frozen=True):
    interfaces: list[str]
    vendor: str = "face-appliance"
    product: str = "face-appliance"
    version: str = "1"
    url: str = ""


class _Description(msgspec.Struct, frozen=True):
    description: str


def _understood(call: Call, kind: type[S]) -> S:
    """The parameters as the method wants them, or the standard refusal."""
    try:
        return msgspec.json.decode(call.parameters, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # The decoder names the place ("- at `$.user`"); the value stays out of the answer.
        place = str(error).rpartition("`$")[2].strip("`.") or "parameters"
        raise Refusal(f"{SERVICE}.InvalidParameter", _Parameter(place[:64])) from error


def _integers(content: bytes) -> list[int]:
    found = array.array("i")
    found.frombytes(content[: len(content) - len(content) % found.itemsize])
    return found.tolist()


def _close_all(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _report(bug: Exception) -> None:
    """Say what and where, without the text of the exception: it may hold a name or a path."""
    last = traceback.extract_tb(bug.__traceback__)[-1]
    sys.stderr.write(f"bug: {type(bug).__name__} in {last.name}, line {last.lineno}\n")


def _broken(why: str) -> WireError:
    return WireError(f"The conversation broke off: {why}.", "Try again; see the service's journal.")


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

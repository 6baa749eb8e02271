"""Stand-ins for what surrounds a broker: keepers, ledger, workers, clocks."""

from __future__ import annotations

import hashlib
import os
import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

import msgspec

from appliance.audit.entries.events import AnyEvent, Unfit
from appliance.audit.entries.pseudonyms import PseudonymKind
from appliance.audit.service.client import AuditClient
from appliance.errors import LedgerError, WireError
from appliance.keeper.protocol import Command, Erasure
from appliance.protocols import auditor_api, releaser_api, worker_api
from appliance.protocols import worker_control_api as control_api
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError, Empty
from appliance.wire.service import Answer, Method, Progress, Request, Service

PATIENCE = 60  # seconds; only a defect takes as long, however busy the machine is
CLEAN = Erasure("ab" * 32, 4, 0, 12, "luks-header-dropped")


def until(true: Callable[[], bool]) -> None:
    """Wait for something that another process or thread does."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def silent_ledger() -> AuditClient:
    """A connection whose other end is gone."""
    ours, theirs = socket.socketpair()
    theirs.close()
    return AuditClient(ours.detach())


@dataclass
class StandInKeeper:
    """Executes every command, and notes what it was asked to do."""

    slot: str = "w0"
    asked: list[Command | str] = field(default_factory=list)
    gone: bool = False
    erasure: Erasure = CLEAN

    def start_keeper(self) -> None:
        self.asked.append("start keeper")

    def execute(self, command: Command) -> None:
        self.asked.append(command)

    def is_gone(self) -> bool:
        return self.gone

    def wipe(self) -> Erasure:
        self.asked.append(Command.WIPE)
        return self.erasure

    def hang_up(self) -> None:
        self.asked.append("hang up")


@dataclass
class StandInLedger:
    """Is reachable, or not, and keeps the events."""

    reachable: bool = True
    events: list[AnyEvent] = field(default_factory=list)
    workers: list[AuditClient] = field(default_factory=list)
    length: int = 1  # as if there were a first entry
    provable: bool = True
    padding: int = 0  # bytes more of a proof

    def alive(self) -> bool:
        return self.reachable

    def append(self, *events: AnyEvent) -> int:
        if not self.reachable:
            raise LedgerError("The ledger is gone.", "Wait.")
        self.events += events
        self.length += len(events)
        return self.length - len(events)

    def pseudonym(self, kind: PseudonymKind, value: str) -> str:
        return "f" * 32

    def proof(self, index: int) -> bytes:
        if not self.provable:
            raise LedgerError("There is no proof.", "Wait.")
        return f"proof of {index}".encode() + b"." * self.padding

    def for_worker(self, session: str) -> AuditClient:
        self.workers.append(silent_ledger())
        return self.workers[-1]

    def for_releaser(self, session: str) -> AuditClient:
        return silent_ledger()


@dataclass
class StandInClock:
    """Seconds that pass when a test says so, and a time of day."""

    seconds: float = 1000.0
    local: datetime = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

    def __call__(self) -> float:
        return self.seconds

    def local_time(self) -> datetime:
        return self.local


@dataclass
class StandInNetwork:
    """The devices of a machine, or ``None`` where they cannot be seen."""

    devices: list[str] | None = field(default_factory=list)

    def __call__(self) -> list[str] | None:
        return self.devices


@dataclass
class StandInBurner:
    """Can be connected to, or not; only releasers speak to it.

    ``holds``: it does not notice that it is hung up on.
    """

    holds: bool = False

    missing: bool = False
    others: list[socket.socket] = field(default_factory=list)

    def connect(self) -> socket.socket:
        if self.missing:
            raise WireError("There is no burner.", "Start it.")
        ours, theirs = socket.socketpair()
        self.others.append(theirs)
        if not self.holds:
            Thread(target=_until_eof, args=(theirs,), daemon=True).start()
        return ours

    def close(self) -> None:
        for other in self.others:
            other.close()


@dataclass
class StandInAuditor:
    """Begins as it is told, and keeps the way back to the broker. ``refuses``: it does not.

    ``ended``: once an end hung up; it then closes the connection that the screen has.
    """

    missing: bool = False
    refuses: bool = False
    begun: list[auditor_api.Begin] = field(default_factory=list)
    ways: list[Client] = field(default_factory=list)
    sockets: list[socket.socket] = field(default_factory=list)
    threads: list[Thread] = field(default_factory=list)

    def connect(self) -> socket.socket:
        if self.missing:
            raise WireError("There is no auditor.", "Start it.")
        ours, theirs = socket.socketpair()
        methods = {"Begin": Method(auditor_api.Begin, self._begin, descriptors=1)}
        service = Service(auditor_api.NAME, auditor_api.DESCRIPTION, methods, lambda _: None)
        self.threads.append(Thread(target=service.serve, args=(theirs,)))
        self.threads[-1].start()
        return ours

    def is_cut_off(self) -> bool:
        """Whether the broker has hung up on the last one."""
        poll = select.poll()
        poll.register(self.sockets[-1], select.POLLRDHUP)
        return bool(poll.poll(0))

    def close(self) -> None:
        for way in self.ways:
            way.close()
        for thread in self.threads:
            thread.join()

    def _begin(self, request: Request[auditor_api.Begin]) -> Answer:
        if self.refuses:
            raise CallError(auditor_api.error_name("NotBegun"))
        way = socket.socket(fileno=request.descriptors.pop())
        self.begun.append(request.parameters)
        self.sockets.append(way)
        self.ways.append(Client(Connection(way)))
        return Answer()


@dataclass
class StandInReleaser:
    """Takes what it was told to expect, and keeps it by number.

    ``during``: what happens before it reads; ``waits``: until the stream is cut off, or a burning;
    ``forgotten``: numbers, as they were asked; ``burns``: what it answers to Burn once it has been
    given two descriptors; ``burned``: for which sessions.
    """

    burns: Callable[[], releaser_api.Burning] | None = None
    burned: list[str] = field(default_factory=list)
    connections: list[socket.socket] = field(default_factory=list)

    missing: bool = False
    keyless: bool = False
    forgotten: list[int | None] = field(default_factory=list)
    during: Callable[[], object] = lambda: None
    waits: bool = False
    taken: dict[int, bytes] = field(default_factory=dict)
    expected: list[releaser_api.Expect] = field(default_factory=list)

    def connect(self, slot: str) -> Client:
        if self.missing:
            raise WireError("There is no releaser.", "Start it.")
        ours, theirs = socket.socketpair()
        self.connections.append(theirs)
        methods: dict[str, Method[Any]] = {
            "Ready": Method(Empty, self._ready),
            "Expect": Method(releaser_api.Expect, self._expect, descriptors=2),
            "Forget": Method(releaser_api.Forget, self._forget),
            "Burn": Method(releaser_api.Burn, self._burn, descriptors=2),
        }
        service = Service(releaser_api.NAME, releaser_api.DESCRIPTION, methods, lambda _: None)
        Thread(target=service.serve, args=(theirs,), daemon=True).start()
        return Client(Connection(ours))

    def _ready(self, _request: Request[Empty]) -> Answer:
        if self.keyless:
            raise CallError(releaser_api.error_name("NoKeys"), releaser_api.NoKeys("Make some."))
        return Answer(releaser_api.Ready(7000))

    def _forget(self, request: Request[releaser_api.Forget]) -> Answer:
        number = request.parameters.number
        self.forgotten.append(number)
        return Answer(releaser_api.Forgotten([]))

    def _burn(self, request: Request[releaser_api.Burn]) -> Answer:
        assert len(request.descriptors) == 2
        self.burned.append(request.parameters.session)
        request.progress(releaser_api.Burning(0.5))
        self.during()
        if self.waits:
            until(partial(_is_cut_off, request))
        if self.burns is not None:
            return Answer(self.burns())
        return Answer(releaser_api.Burning(1.0, sorted(self.taken), "d" * 64, 4096))

    def _expect(self, request: Request[releaser_api.Expect]) -> Answer:
        wanted = request.parameters
        self.expected.append(wanted)
        self.during()
        stream_descriptor, _ledger = request.descriptors
        request.descriptors.remove(stream_descriptor)
        with socket.socket(fileno=stream_descriptor) as stream:
            if self.waits:
                poll = select.poll()
                poll.register(stream, select.POLLRDHUP)
                assert poll.poll(PATIENCE * 1000)
            data = b""
            while len(data) <= wanted.size and (chunk := stream.recv(1 << 16)):
                data += chunk
        if len(data) != wanted.size or hashlib.sha256(data).hexdigest() != wanted.sha256:
            raise CallError(releaser_api.error_name("NotTaken"))
        self.taken[wanted.number] = data
        return Answer()


def _until_eof(connection: socket.socket) -> None:
    with suppress(OSError), connection:
        while connection.recv(1 << 16):
            pass


def _is_cut_off(request: Request[Any]) -> bool:
    """Whether nobody hears any more how far it is."""
    try:
        request.progress(releaser_api.Burning(0.5))
    except WireError:
        return True
    return False


class StandInWorker:
    """Serves sessions at a control socket for as long as the test runs.

    ``refuses``: each call of Begin. ``hangs``: until it is set, Begin is not answered. ``forgot``:
    how often it was asked to drop its caches; ``begun``: the sessions it began; ``callers``: whom
    it serves.
    """

    def __init__(self, folder: Path, slot: str) -> None:
        self.forgot = 0
        self.begun: list[str] = []
        self.refuses = False
        self.hangs: Event | None = None
        self.reports: list[Progress] = []
        self.callers: list[socket.socket] = []
        self.results: dict[int, bytes] = {}
        self.during_measure: Callable[[], object] = lambda: None
        self.sends: bytes | None = None  # in the place of what it is asked for
        self.unfit: Unfit | None = None  # how it finds its results
        self._controls: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(os.fspath(folder / f"{slot}.sock"))
        self._listener.listen()
        self._threads = [Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def die(self) -> None:
        """Hang up on the broker, as a process that ends does."""
        for connection in (*self._controls, *self.callers):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._controls.clear()
        self.callers.clear()

    def _accept(self) -> None:
        methods: dict[str, Method[Any]] = {
            "Begin": Method(control_api.Begin, self._begin, descriptors=1),
            "Serve": Method(Empty, self._serve, descriptors=1),
            "Forget": Method(Empty, self._forget),
            "Measure": Method(control_api.Measure, self._measure, descriptors=1),
            "Show": Method(control_api.Show, self._show, descriptors=1),
            "Release": Method(control_api.Release, self._release, descriptors=1),
        }
        control = Service(control_api.NAME, control_api.DESCRIPTION, methods, lambda _: None)
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._controls.append(connection)
            self._run(control, connection)

    def _run(self, service: Service, connection: socket.socket) -> None:
        thread = Thread(target=service.serve, args=(connection,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _begin(self, request: Request[control_api.Begin]) -> None:
        assert len(request.descriptors) == 1
        if self.refuses:
            raise CallError(control_api.error_name("OtherPolicy"))
        if self.hangs is not None:
            self.hangs.wait()
        self.begun.append(request.parameters.session)
        self.reports.append(request.progress)
        request.progress(control_api.Jobs(0))

    def _serve(self, request: Request[Empty]) -> Answer:
        caller = socket.socket(fileno=request.descriptors.pop())
        self.callers.append(caller)
        methods: dict[str, Method[Any]] = {"Cancel": Method(Empty, lambda _: Answer())}
        self._run(Service(worker_api.NAME, worker_api.DESCRIPTION, methods, lambda _: None), caller)
        return Answer()

    def _measure(self, request: Request[control_api.Measure]) -> Answer:
        with socket.socket(fileno=request.descriptors.pop()) as answer:
            self.during_measure()
            result = self.results.get(request.parameters.item)
            if result is not None:
                digest = hashlib.sha256(result).hexdigest()
                measured = control_api.Measured("photo", "mesh", len(result), digest, self.unfit)
                answer.sendall(msgspec.json.encode(measured) + b"\0")
        return Answer()

    def _show(self, request: Request[control_api.Show]) -> Answer:
        with socket.socket(fileno=request.descriptors.pop()) as answer:
            reader, writer = os.pipe()
            os.write(writer, self.results[request.parameters.item])
            os.close(writer)
            socket.send_fds(answer, [b"{}\0"], [reader])
            os.close(reader)
        return Answer()

    def _release(self, request: Request[control_api.Release]) -> Answer:
        with socket.socket(fileno=request.descriptors.pop()) as releaser:
            sent = self.results[request.parameters.item] if self.sends is None else self.sends
            with suppress(OSError):
                releaser.sendall(sent)
        return Answer()

    def _forget(self, _request: Request[Empty]) -> Answer:
        self.forgot += 1
        return Answer()

    def close(self) -> None:
        if self.hangs is not None:
            self.hangs.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self.die()
        self._listener.close()

"""The whole machine: starts its processes, as systemd does on an appliance, and ends them.

A keeper, a releaser or an auditor is started for each connection to its socket. Broker and ledger
are started again when they end by themselves; when the screen ends, all does. Every process is tied
to the thread that runs the machine: if that is killed, the kernel kills them, keepers notice that
their broker is gone, and wipe. The folder that is left then is removed by the next start.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event, Thread

from appliance import resources
from appliance.disc_reader.medium import Medium
from appliance.disc_reader.service import DiscReader
from appliance.errors import SessionError
from appliance.policy.load import load
from appliance.session.settings import Settings
from appliance.training import people
from appliance.training.bus import TokenBus
from appliance.training.children import Child, Program
from appliance.training.ledger import prepare_ledger
from appliance.training.panel import Panel
from appliance.training.place import Place, own_place
from appliance.training.samples import Samples
from appliance.training.tied import tied, untied
from appliance.wire.activation import serve_watched
from appliance.wire.service import Service

_WIPING = 120.0  # seconds that a broker may take to wipe all sessions
_ENDING = 10.0  # seconds that a screen or a keeper may take to end


@dataclass(frozen=True, slots=True)
class Plan:
    """What a machine is made of.

    ``policy``: its file. ``ledger``: the folder of the ledger. ``screen``: module and options of
    what shows the machine, if anything does; ``--broker``, ``--disc`` and ``--training`` follow.
    ``variables``: of the environment, of every process; ``of_screen``: further ones of the screen.
    ``samples``: the folder in the place of a disc, unless there is a ``drive``, or an image of a
    disc. ``models``: the starter pack. ``broker`` and ``worker``: modules; ``releaser``: a module
    and options, of a machine that is not for training.
    """

    policy: Path
    ledger: Path
    screen: Sequence[str] | None = None
    variables: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    of_screen: Mapping[str, str] = field(default_factory=dict, repr=False)
    samples: Path = field(default_factory=resources.training_photos)
    drive: Path | None = None
    models: Path = field(default_factory=resources.starter_pack)
    broker: str = "appliance.training.broker"
    worker: str = "appliance.worker"
    releaser: tuple[str, ...] | None = None


class Machine:
    """A machine that ``run`` starts and ends. ``place`` is there once ``ready`` is set."""

    place: Place

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._slots = Settings(load(plan.policy)).slot_names()
        self._selector = selectors.DefaultSelector()
        self._services: dict[str, Child] = {}
        self._held: list[Child] = []
        self._stop, self._stopping = socket.socketpair()
        self._ends_until: float | None = None  # by the monotonic clock, once it ends
        self._codes: dict[str, int] = {}
        self.ready = Event()

    def process_id(self, name: str) -> int:
        """Of ``broker``, ``ledger`` or ``screen``, as it runs now."""
        return self._services[name].process_id

    def stop(self) -> None:
        """Have ``run`` end everything. From any thread, or the handler of a signal."""
        with suppress(OSError):  # it has ended
            self._stop.send(b"\0")

    def run(self) -> int:
        """Start everything, serve until the screen ends or ``stop`` is called, and end everything.

        Returns the exit code of the screen. Raises ``SessionError`` if a part of the machine cannot
        be started, or something of it is left.
        """
        with own_place() as place, ExitStack() as stack:
            self.place = place
            people.register(place)
            prepare_ledger(self._plan.ledger)
            stack.callback(self._end_all)
            self._selector.register(self._stopping, selectors.EVENT_READ, self._stop_asked)
            self._serve(stack)
            self._start()
            self.ready.set()
            while (self._services or self._held) and (ready := self._selector.select(self._rest())):
                for key, _ in ready:
                    key.data()
        # A broker that had not begun to serve just ends.
        if self._codes.get("broker") not in (0, -signal.SIGTERM):
            raise SessionError(
                "A session could not be wiped, or that could not be logged.",
                "See what the broker wrote above.",
            )
        return self._codes.get("screen", 0)

    # Starting.

    def _serve(self, stack: ExitStack) -> None:
        """Listen on all sockets, and answer on those that need no process."""
        place = self.place
        bus = TokenBus(place.plugged)
        tokens = (Panel(bus).service(), lambda: None)
        for path, (service, each_round) in ((place.training, tokens), (place.disc, self._disc())):
            listener = stack.enter_context(_listening(path))
            stack.callback(listener.shutdown, socket.SHUT_RDWR)
            serve = partial(service.listen, listener)
            Thread(target=serve_watched, args=(serve, each_round), daemon=True).start()
        for slot in self._slots:
            path = place.keepers / f"{slot}.sock"
            listener = stack.enter_context(_listening(path, socket.SOCK_SEQPACKET))
            self._on_connection(listener, partial(self._keeper, slot))
            if self._plan.releaser is not None:
                listener = stack.enter_context(_listening(place.releasers / f"{slot}.sock"))
                self._on_connection(listener, self._releaser)
        self._on_connection(stack.enter_context(_listening(place.auditor)), self._auditor)
        self._broker_socket = stack.enter_context(_listening(place.broker))

    def _start(self) -> None:
        plan, place = self._plan, self.place
        user = str(os.getuid())
        ledger = (
            "--create",
            "--ledger",
            os.fspath(plan.ledger),
            "--listen",
            os.fspath(place.audit),
        )
        self._service("ledger", tied("appliance.audit", *ledger, "--peer", f"broker={user}"))
        descriptor = self._broker_socket.fileno()
        broker = ("--place", os.fspath(place.folder), "--policy", os.fspath(plan.policy))
        started = tied(plan.broker, *broker, "--listener", str(descriptor))
        self._service("broker", started, (descriptor,))
        if plan.screen is not None:
            sockets = {"broker": place.broker, "disc": place.disc, "training": place.training}
            options = [word for name, path in sockets.items() for word in (f"--{name}", str(path))]
            variables = {**plan.variables, **plan.of_screen}
            screen = tied(*plan.screen, *options)
            self._watch(Program("screen", screen, variables, restarts=False))

    def _service(self, name: str, words: Sequence[str], pass_fds: tuple[int, ...] = ()) -> None:
        self._watch(Program(name, words, self._plan.variables, pass_fds))

    def _watch(self, program: Program) -> None:
        child = Child(program)
        self._services[program.name] = child
        self._on_end(child)

    def _on_end(self, child: Child) -> None:
        self._selector.register(
            child.ends, selectors.EVENT_READ, partial(self._service_ended, child)
        )

    def _on_connection(self, listener: socket.socket, start: Callable[[int], Program]) -> None:
        """Start a process for each connection; it does not start again."""

        def accept() -> None:
            connection, _ = listener.accept()
            with connection:
                child = Child(start(connection.fileno()))
            self._held.append(child)
            self._selector.register(child.ends, selectors.EVENT_READ, partial(self._let_go, child))

        self._selector.register(listener, selectors.EVENT_READ, accept)

    def _keeper(self, slot: str, connection: int) -> Program:
        plan, place = self._plan, self.place
        # Not tied: a keeper whose broker is gone wipes, and then ends.
        words = ("--place", os.fspath(place.folder), "--slot", slot)
        packs = ("--models", os.fspath(plan.models), "--packs", os.fspath(place.packs))
        worker = (plan.worker, *packs, "--policy", os.fspath(plan.policy))
        options = (*words, "--connection", str(connection))
        keeper = untied("appliance.training.keeper", *options, *worker)
        return Program("keeper", keeper, plan.variables, (connection,))

    def _releaser(self, connection: int) -> Program:
        module, *options = self._plan.releaser or ("",)
        policy = ("--policy", os.fspath(self._plan.policy))
        words = tied(module, *options, *policy, "--socket", str(connection))
        return Program("releaser", words, self._plan.variables, (connection,))

    def _auditor(self, connection: int) -> Program:
        plan, place = self._plan, self.place
        ledger = ("--ledger", os.fspath(plan.ledger), "--stage", os.fspath(place.stage))
        rest = ("--policy", os.fspath(plan.policy), "--status", os.fspath(place.status))
        words = tied("appliance.auditor", *ledger, *rest, "--socket", str(connection))
        return Program("auditor", words, plan.variables, (connection,))

    def _disc(self) -> tuple[Service, Callable[[], None]]:
        """A drive, or samples in its place."""
        drive = self._plan.drive
        if drive is None:
            return Samples(self._plan.samples).service(), lambda: None
        reader = DiscReader(lambda: Medium.open(drive))
        return reader.service(), reader.forget_if_idle

    # Ending.

    def _end(self) -> None:
        """Ask screen and broker to end. The ledger stays until every wipe is logged."""
        if self._ends_until is None:
            self._ends_until = time.monotonic() + _WIPING
            for name in ("screen", "broker"):
                if name in self._services:
                    self._services[name].ask_to_end()

    def _rest(self) -> float | None:
        """Seconds that the end may still take; ``None`` before it."""
        return None if self._ends_until is None else max(0.0, self._ends_until - time.monotonic())

    def _stop_asked(self) -> None:
        self._stopping.recv(1)
        self._end()

    def _service_ended(self, child: Child) -> None:
        self._selector.unregister(child.ends)
        child.end()
        name = child.program.name
        needed = self._ends_until is None or (name == "ledger" and "broker" in self._services)
        if needed and child.program.restarts:
            child.start()
            self._on_end(child)
            return
        del self._services[name]
        # What was asked to end is not to blame for how, but for a broker that could not wipe.
        asked = self._ends_until is not None and name != "broker"
        self._codes[name] = 0 if asked else child.code
        self._end()
        if name == "broker" and "ledger" in self._services:
            self._services["ledger"].ask_to_end()

    def _let_go(self, child: Child) -> None:
        self._selector.unregister(child.ends)
        child.end()
        self._held.remove(child)

    def _end_all(self) -> None:
        """End what is left: nothing, unless something failed."""
        self._selector.close()
        for name in ("screen", "broker", "ledger"):
            if name == "ledger":
                self._end_held()  # keepers wipe, now that the broker is gone
            if name in self._services:
                self._services.pop(name).end()
        self._stop.close()
        self._stopping.close()

    def _end_held(self) -> None:
        while self._held:
            self._held.pop().end(_ENDING)


def _listening(path: Path, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, kind)
    listener.bind(os.fspath(path))
    listener.listen()
    return listener

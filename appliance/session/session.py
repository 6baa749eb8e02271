"""One session as the broker holds it: its state, its storage, its worker."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import RLock, Thread
from typing import Annotated

import msgspec

from appliance.audit.service.client import AuditClient
from appliance.errors import SessionError, WireError
from appliance.keeper.protocol import Command, Erasure
from appliance.session.keeper import KeeperConnection
from appliance.session.state import OPEN, Limits, State, Step, Times, after, due
from appliance.wire.client import Client
from appliance.wire.message import CallError, Empty

_WORKERS = Path("/run/appliance/worker")


class Begin(msgspec.Struct, frozen=True):
    """What a new worker is told; its line to the ledger comes beside it."""

    session: str
    policy: str


class Working(msgspec.Struct, frozen=True):
    """What a worker says now and then: how many jobs it has begun."""

    jobs: Annotated[int, msgspec.Meta(ge=0, le=1 << 31)]


@dataclass
class Session:
    """Its methods are for several threads; ``lock`` is held over each step.

    ``caller`` is the user id that opened it, ``user`` the name on the token, ``tokens`` the
    devices that were plugged in then.
    """

    slot: str
    keeper: KeeperConnection
    limits: Limits
    caller: int
    user: str
    subject: str
    tokens: frozenset[str]
    project: str | None = None
    identifier: str = field(default_factory=lambda: secrets.token_hex(8))
    state: State = State.OPENING
    times: Times = field(default_factory=lambda: Times(now(), now()))
    reason: Step = Step.CLOSE
    jobs: int = 0
    erasure: Erasure | None = None
    lock: RLock = field(default_factory=RLock, repr=False)
    _worker: Client | None = field(default=None, repr=False)
    _never_served: bool = field(default=False, repr=False)

    def open(self, policy: str, audit: AuditClient) -> None:
        """Make the workspace and start the worker; raises ``SessionError``."""
        self.keeper.tell(Command.MAKE)
        self.start_worker(policy, audit)

    def start_worker(self, policy: str, audit: AuditClient) -> None:
        """Mount, and call the worker; raises ``SessionError`` or ``WireError``.

        The first time after a worker that ended before it served, this says so instead.
        """
        if self._never_served:
            self._never_served = False
            raise SessionError(
                "The worker ended before it served, each time that it was started.",
                "See the journal of its unit, then attach again or close the session.",
            )
        self.keeper.tell(Command.START)
        # Known before it is attended: its end may be noticed at once.
        self._worker = worker = Client.to(self._worker_socket)
        Thread(target=self._attend, args=(worker, policy, audit), daemon=True).start()

    def connection(self) -> int:
        """A new connection to the worker, as a descriptor; raises ``WireError``."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(os.fspath(self._worker_socket))
        except OSError as error:
            connection.close()
            raise WireError("The worker does not answer.", "Attach again.") from error
        return connection.detach()

    @property
    def _worker_socket(self) -> Path:
        """Where the worker of the slot takes calls; only the broker may connect."""
        return _WORKERS / f"{self.slot}.sock"

    @property
    def has_worker(self) -> bool:
        """Whether a worker was started and did not end."""
        return self._worker is not None

    def step(self, step: Step) -> None:
        """Take one step and do what goes with it; raises ``SessionError`` if it is not allowed."""
        with self.lock:
            before, self.state = self.state, after(self.state, step)
            if self.state is State.WIPING:
                # When the grace has passed, what locked it ended it.
                self.reason = self.reason if step in (Step.GRACE_PASSED, Step.RETRY) else step
            elif self.state is State.LOCKED and before is State.ACTIVE:
                self.reason = step
                self.times = replace(self.times, locked=now())
                self._hold()
            elif self.state is State.PARKED:
                self.keeper.tell(Command.KILL)
                self._worker = None
            elif self.state is State.ACTIVE:
                self.times = Times(self.times.opened, now())
                self.keeper.tell(Command.THAW)

    def forget(self) -> None:
        """What the worker keeps to be quicker goes; one that is frozen is ended for it.

        Raises ``SessionError``, ``WireError`` or ``CallError``.
        """
        with self.lock:
            if self.state is State.LOCKED:
                self.keeper.tell(Command.KILL)
                self._worker = None
            working = self.state is State.ACTIVE and self.has_worker
        # Without the lock: it may take its time, and what locks the session may not.
        if working:
            with closing(Client.to(self._worker_socket)) as worker:
                worker.call("io.faceappliance.Worker.Forget", gives=Empty)

    def used(self) -> None:
        """Somebody is there."""
        with self.lock:
            self.times = replace(self.times, used=now())

    def due(self) -> Step | None:
        """What time asks for."""
        with self.lock:
            return due(self.state, self.times, self.limits, now())

    def has_lost_its_keeper(self) -> bool:
        """Whether it has to end because who held its key is gone."""
        return self.state in OPEN and self.keeper.is_gone()

    def wipe(self) -> Erasure:
        """Erase it; the caller took a step to WIPING before, so nobody else is at it."""
        erasure = self.keeper.wipe()
        with self.lock:
            self.erasure, self._worker = erasure, None
            self.state = after(self.state, Step.NOT_CLEAN if erasure.failed else Step.CLEAN)
        return erasure

    @contextmanager
    def in_state(self, *allowed: State) -> Iterator[None]:
        """Hold the lock while it is in one of these; raises ``SessionError`` if it is not."""
        with self.lock:
            if self.state not in allowed:
                raise SessionError(
                    f"The session is {self.state.value}.", "Ask for its status first."
                )
            yield

    def _hold(self) -> None:
        """Freeze the worker; one that cannot be frozen ends."""
        try:
            self.keeper.tell(Command.FREEZE)
        except SessionError:
            self.keeper.tell(Command.KILL)
            self._worker = None

    def _attend(self, worker: Client, policy: str, audit: AuditClient) -> None:
        """Tell the worker what it serves, then notice its end."""
        served = False
        with suppress(WireError, CallError):
            told = worker.follow(
                "io.faceappliance.Worker.Begin",
                Begin(self.identifier, policy),
                gives=Working,
                descriptors=[audit.fileno()],
            )
            earlier = self.jobs
            for report, _ in told:
                served = True
                self.jobs = earlier + report.jobs
                self.used()
        audit.close()
        worker.close()
        with self.lock:
            if self._worker is worker:
                # In this order: who sees it gone may ask for the next at once.
                self._never_served = not served
                self._worker = None


def now() -> float:
    """Seconds on the clock that runs through suspend and that nobody can set."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)

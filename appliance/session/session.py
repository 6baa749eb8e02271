"""One session as the broker holds it: its state, its storage, its worker."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import RLock, Thread

from appliance import machine
from appliance.audit.service.client import AuditClient
from appliance.errors import SessionError, WireError
from appliance.keeper.protocol import Command, Erasure
from appliance.protocols import worker_control_api
from appliance.session.keeper import Keeper
from appliance.session.state import OPEN, Limits, State, Step, Times, after, due
from appliance.wire.client import Client
from appliance.wire.message import CallError, Empty


@dataclass
class Session:
    """For several threads at once: ``lock`` is held over each step.

    ``caller``: the user id that opened it. ``user``: the name on the token, ``subject`` its
    pseudonym. ``tokens``: the devices that were plugged in then. ``worker_socket``: where the
    worker of the slot takes calls; only the broker may connect to it. ``clock``: seconds, of a
    clock that cannot be set.
    """

    slot: str
    keeper: Keeper
    limits: Limits
    caller: int
    user: str
    subject: str
    tokens: frozenset[str]
    worker_socket: Path
    project: str | None = None
    clock: Callable[[], float] = machine.seconds_since_boot
    identifier: str = field(default_factory=lambda: secrets.token_hex(8))
    state: State = State.OPENING
    reason: Step = Step.CLOSE
    jobs: int = 0
    erasure: Erasure | None = None
    times: Times = field(init=False)
    lock: RLock = field(default_factory=RLock, repr=False)
    _worker: Client | None = field(default=None, repr=False)
    _never_served: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        """Its time starts now."""
        now = self.clock()
        self.times = Times(opened=now, used=now)

    # The worker.

    def open(self, policy: str, audit: AuditClient) -> None:
        """Make the workspace and start the worker; raises ``SessionError`` or ``WireError``."""
        self.keeper.execute(Command.MAKE)
        self.start_worker(policy, audit)

    def start_worker(self, policy: str, audit: AuditClient) -> None:
        """Mount the workspace and begin with the worker, which gets the connection ``audit``.

        Raises ``SessionError`` or ``WireError``. After a worker that ended before it served, the
        first call raises ``SessionError`` to say so, and the next one tries again.
        """
        if self._never_served:
            self._never_served = False
            raise SessionError(
                "The worker ended before it could serve.",
                "See the journal of its unit, then attach again or close the session.",
            )
        self.keeper.execute(Command.START)
        # Set before it is followed: its end may be noticed at once.
        self._worker = worker = Client.to(self.worker_socket)
        Thread(target=self._follow, args=(worker, policy, audit), daemon=True).start()

    def connect_to_worker(self) -> int:
        """A new connection to the worker, as a descriptor; raises ``WireError``."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(os.fspath(self.worker_socket))
        except OSError as error:
            connection.close()
            raise WireError("The worker does not answer.", "Attach again.") from error
        return connection.detach()

    @property
    def has_worker(self) -> bool:
        """Whether a worker was started and has not ended."""
        return self._worker is not None

    def drop_caches(self) -> None:
        """Have the worker drop what it caches; one that is frozen is killed instead.

        Raises ``SessionError``, ``WireError`` or ``CallError``.
        """
        with self.lock:
            if self.state is State.LOCKED:
                self._kill_worker()
            working = self.state is State.ACTIVE and self.has_worker
        # Not under the lock: the worker may take its time, and locking the session must not.
        if working:
            with closing(Client.to(self.worker_socket)) as worker:
                worker.call(f"{worker_control_api.NAME}.Forget", gives=Empty)

    # Time and state.

    def step(self, step: Step) -> None:
        """Take one step and do what belongs to it; raises ``SessionError`` if it is not allowed."""
        with self.lock:
            before, self.state = self.state, after(self.state, step)
            if self.state is State.WIPING:
                # When the grace has passed, the reason is what locked the session.
                self.reason = self.reason if step in (Step.GRACE_PASSED, Step.RETRY) else step
            elif self.state is State.LOCKED and before is State.ACTIVE:
                self.reason = step
                self.times = replace(self.times, locked=self.clock())
                self._freeze_worker()
            elif self.state is State.PARKED:
                self._kill_worker()
            elif self.state is State.ACTIVE:
                self.times = Times(self.times.opened, self.clock())
                self.keeper.execute(Command.THAW)

    def touch(self) -> None:
        """Note that the session is in use: its idle time starts again."""
        with self.lock:
            self.times = replace(self.times, used=self.clock())

    def due(self) -> Step | None:
        """The step that time demands, if any."""
        with self.lock:
            return due(self.state, self.times, self.limits, self.clock())

    def age_ms(self) -> int:
        """Milliseconds since it was opened."""
        return round((self.clock() - self.times.opened) * 1000)

    def has_lost_its_keeper(self) -> bool:
        """Whether it has to end because the process that held its key is gone."""
        return self.state in OPEN and self.keeper.is_gone()

    def wipe(self) -> Erasure:
        """Erase it. The caller has taken a step to WIPING, which keeps other threads out."""
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

    def _freeze_worker(self) -> None:
        """Freeze it, or kill it if it cannot be frozen."""
        try:
            self.keeper.execute(Command.FREEZE)
        except SessionError:
            self._kill_worker()

    def _kill_worker(self) -> None:
        self.keeper.execute(Command.KILL)
        self._worker = None

    def _follow(self, worker: Client, policy: str, audit: AuditClient) -> None:
        """Have the worker serve this session, and notice its jobs and its end."""
        served = False
        with suppress(WireError, CallError):
            reports = worker.follow(
                f"{worker_control_api.NAME}.Begin",
                worker_control_api.Begin(self.identifier, policy),
                gives=worker_control_api.Jobs,
                descriptors=[audit.fileno()],
            )
            earlier = self.jobs
            for report, _ in reports:
                served = True
                self.jobs = earlier + report.jobs
                self.touch()
        audit.close()
        worker.close()
        with self.lock:
            if self._worker is worker:
                # In this order: a thread that sees the worker gone may start the next at once.
                self._never_served = not served
                self._worker = None

"""One session as the broker holds it: its state, its storage, its worker."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Condition, Thread

from appliance import machine
from appliance.audit.service.client import AuditClient
from appliance.diagnostics.journal import bind_session
from appliance.diagnostics.process_log import log
from appliance.errors import SessionError
from appliance.keeper.protocol import Command, Erasure
from appliance.protocols import worker_control_api as control_api
from appliance.session.keeper import Keeper
from appliance.session.state import (
    OPEN,
    Limits,
    Standing,
    State,
    StateError,
    Step,
    Times,
    after,
    due,
    lock_time,
)
from appliance.session.worker_control import WorkerControl


class UnstoppableError(SessionError):
    """A worker could be neither frozen nor killed: its session has to end."""


@dataclass(frozen=True, slots=True)
class WorkerStart:
    """What a worker begins with.

    ``policy``: the digest of the policy. ``ledger``: gives a connection for the session of an id,
    and raises ``LedgerError``. ``patience``: seconds until it must serve.
    """

    policy: str
    ledger: Callable[[str], AuditClient]
    patience: float = 300.0  # to load large models, perhaps eight at once, and to seal itself


@dataclass
class Session:
    """For several threads at once.

    What waits for a keeper or a worker is an *act*. One thread acts at a time, inside of
    ``acting``, and holds no lock: who asks meanwhile is refused, except for a lock of the
    session. That is noted by ``demand``, which never waits and keeps everybody out from then on;
    ``settle`` freezes the worker as soon as nothing else acts.

    ``caller``: the user id that opened it. ``user``: the name on the token, ``subject`` its
    pseudonym. ``tokens``: the device that the person proved to hold. ``worker_socket``: where the
    worker of the slot takes its one control connection. ``clock``: seconds, of a clock that cannot
    be set. ``handle``: the secret that callers name the session by. ``reported``: the erasure that
    is in the ledger, ``reported_at`` its index there. ``changed`` is called when it stands
    differently; it must not wait.
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
    handle: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    state: State = State.OPENING
    reason: Step = Step.CLOSE
    jobs: int = 0
    erasure: Erasure | None = None
    reported: Erasure | None = None
    reported_at: int | None = None
    changed: Callable[[], None] = field(default=lambda: None, repr=False)
    times: Times = field(init=False)
    _demanded: Step | None = field(default=None, repr=False)
    _acting: bool = field(default=False, repr=False)
    _worker: WorkerControl | None = field(default=None, repr=False)
    # Held for as long as it takes to read or write fields, never over an act.
    _changing: Condition = field(default_factory=Condition, repr=False)

    def __post_init__(self) -> None:
        """Its time starts now."""
        now = self.clock()
        self.times = Times(opened=now, used=now)

    # Steps and acts.

    @contextmanager
    def acting(self, step: Step | None, *, wait: bool = False) -> Iterator[None]:
        """Do what belongs to ``step`` inside; the state changes if nothing was raised.

        Without a step, to act in an active session, which stays so. ``wait``: for another act that
        is under way. Raises ``StateError`` if the state does not allow it, or without ``wait`` if
        another act is under way.
        """
        with self._changing:
            self._state_after(step)
            if wait:
                self._changing.wait_for(lambda: not self._acting)
            target = self._state_after(step)
            if self._acting:
                raise StateError(
                    "Another call for this session is not done yet.", "Wait, then try again."
                )
            self._acting = True
        done = False
        try:
            yield
            done = True
        finally:
            with self._changing:
                if done and step is not None:
                    self._enter(target, step)
                if self.state not in (State.OPENING, State.ACTIVE):
                    self._demanded = None
                self._acting = False
                self._changing.notify_all()
            self.changed()

    def demand(self, step: Step) -> bool:
        """Demand that the session locks, for the reason ``step``. Never waits.

        From here on every caller is refused; ``settle`` freezes the worker. Whether that is new.
        """
        with self._changing:
            watched = self.state in (State.OPENING, State.ACTIVE) or self._acting
            if self.state not in (*OPEN, State.OPENING) or not watched or self._demanded:
                return False
            self._demanded = step
            if self.state is not State.LOCKED:
                self.times = replace(self.times, locked=self.clock())
        self.changed()
        return True

    def settle(self) -> Step | None:
        """Lock it, if that was demanded and nothing else acts. The step that locked it, if any.

        Raises ``UnstoppableError``.
        """
        with self._changing:
            step = self._demanded
            if step is None or self._acting or self.state is not State.ACTIVE:
                return None
        try:
            with self.acting(step):
                self._freeze_worker()
        except StateError:  # another thread was quicker
            return None
        return step

    @property
    def is_barred(self) -> bool:
        """Whether a lock was demanded that is not done yet."""
        return self._demanded is not None

    def check_open(self) -> None:
        """Raises ``StateError`` unless it is active and nothing was demanded."""
        with self._changing:
            self._state_after(None)

    def end(self, step: Step) -> Erasure:
        """Erase it, once what else is under way is done; raises ``StateError``."""
        with self._changing:
            after(self.state, step)
            self._changing.wait_for(lambda: not self._acting)
            self.state = after(self.state, step)
            # When the grace has passed, the reason is what locked the session.
            self.reason = self.reason if step in (Step.GRACE_PASSED, Step.RETRY) else step
            self._acting, self._demanded = True, None
        self.changed()
        ended = Step.NOT_CLEAN
        try:
            self.erasure = erasure = self.keeper.wipe()
            ended = Step.NOT_CLEAN if erasure.failed else Step.CLEAN
        finally:
            with self._changing:
                self.state, self._worker = after(self.state, ended), None
                self._acting = False
                self._changing.notify_all()
            self.changed()
        return erasure

    def park(self) -> None:
        """Leave it: the worker ends, the workspace stays. Raises ``SessionError``."""
        with self.acting(Step.LEFT):
            self._kill_worker()

    def _state_after(self, step: Step | None) -> State:
        if step is not None:
            return after(self.state, step)
        if self.state is not State.ACTIVE or self._demanded:
            state = State.LOCKED if self._demanded else self.state
            raise StateError(f"The session is {state.value}.", "Ask for its status first.")
        return self.state

    def _enter(self, state: State, step: Step) -> None:
        """Note what follows from a step that was taken."""
        before, self.state = self.state, state
        now = self.clock()
        if state is State.ACTIVE:
            self.times = Times(self.times.opened, now)
        elif state is State.LOCKED and before is State.ACTIVE:
            self.reason = step
            self.times = replace(self.times, locked=now)
        elif state is State.PARKED:
            self.tokens = frozenset()

    # The worker; inside of ``acting``.

    def make_workspace(self) -> None:
        """Make the encrypted volume; raises ``SessionError``."""
        self.keeper.execute(Command.MAKE)

    def start_worker(self, start: WorkerStart) -> None:
        """Mount the workspace, and have a worker serve this session.

        Raises ``SessionError``, ``WireError`` or ``LedgerError``; no worker is left then.
        """
        with closing(start.ledger(self.identifier)) as ledger:
            try:
                self.keeper.execute(Command.START)
                worker = WorkerControl.begin(
                    self.worker_socket,
                    control_api.Begin(self.identifier, start.policy),
                    ledger,
                    start.patience,
                )
                try:
                    # Set before it is followed: its end may be noticed at once.
                    self._worker = worker
                    Thread(target=self._follow, args=(worker,), daemon=True).start()
                except BaseException:
                    worker.close()
                    raise
            except BaseException:
                log().warning("worker did not serve")
                self._kill_worker()
                raise

    def wake_worker(self, start: WorkerStart) -> None:
        """Have the worker go on, or another begin. Raises as ``start_worker`` does."""
        if self._worker is None:
            self.start_worker(start)
            return
        try:
            self.keeper.execute(Command.THAW)
        except SessionError:
            self._kill_worker()
            raise

    @property
    def has_worker(self) -> bool:
        """Whether a worker serves it, or is frozen."""
        return self._worker is not None

    def connect_to_worker(self) -> int:
        """A new connection to the worker, as a descriptor, for the caller. Never waits.

        Raises ``StateError`` if the session is not active, ``SessionError`` or ``WireError``.
        """
        return self.worker().connect()

    def worker(self) -> WorkerControl:
        """The worker that serves it. Raises ``StateError`` unless active, or ``SessionError``."""
        self.check_open()
        worker = self._worker
        if worker is None:
            raise SessionError("The worker has ended.", "Attach again.")
        return worker

    def is_open_as(self, handle: str) -> bool:
        """Whether it is active and was never locked or left since it had this handle."""
        with self._changing:
            return self.state is State.ACTIVE and not self._demanded and self.handle == handle

    def drop_caches(self) -> None:
        """Have the worker drop what it caches; one that is frozen is killed instead.

        Raises ``SessionError`` or ``WireError``.
        """
        worker = self._worker
        if self.state is State.LOCKED:
            with self.acting(self.reason):  # it stays locked
                self._kill_worker()
        elif worker is not None:
            worker.drop_caches()

    def _freeze_worker(self) -> None:
        """Freeze it, or kill it if it cannot be frozen; raises ``UnstoppableError``."""
        try:
            self.keeper.execute(Command.FREEZE)
        except SessionError:
            self._kill_worker()

    def _kill_worker(self) -> None:
        try:
            self.keeper.execute(Command.KILL)
        except SessionError as error:
            raise UnstoppableError(error.message, error.hint) from error
        self._worker = None

    def _follow(self, worker: WorkerControl) -> None:
        """Notice the jobs of the worker, which are no sign of life of a person, and its end."""
        bind_session(self.identifier)
        earlier = self.jobs
        for jobs in worker.reports():
            self.jobs = earlier + jobs
        with self._changing:
            if self._worker is worker:
                self._worker = None
        self.changed()

    # Who it belongs to, and its time.

    def bind(self, user: str, subject: str, tokens: frozenset[str]) -> None:
        """``user`` has proved to hold ``tokens``: from now on it locks when these are pulled.

        In a project this may be another member than before.
        """
        with self._changing:
            self.user, self.subject = user, subject
            self.tokens, self._demanded = tokens, None

    def hand_over(self, caller: int) -> None:
        """The session goes on for ``caller``: the handle that was given out before is void."""
        with self._changing:
            self.caller, self.handle = caller, secrets.token_hex(32)
        self.changed()

    def token_lost(self) -> None:
        """Its token was pulled; demand a lock, and forget the name, which others may get next."""
        self.demand(Step.TOKEN_REMOVED)
        with self._changing:
            self.tokens = frozenset()

    def touch(self) -> None:
        """Note that a person uses it: its idle time starts again. Raises ``StateError``."""
        with self._changing:
            self._state_after(None)
            self.times = replace(self.times, used=self.clock())
        self.changed()

    def standing(self) -> Standing:
        """How it is now."""
        with self._changing:
            now, state = self.times, self.state
            if self._demanded and state in (State.OPENING, State.ACTIVE):
                state = State.LOCKED
            return Standing(
                state,
                self.handle,
                self.user,
                self.subject,
                self._worker is not None,
                lock_time(state, now, self.limits),
                now.opened + self.limits.absolute,
            )

    def due(self) -> Step | None:
        """The step that time demands, if any."""
        with self._changing:
            return due(self.state, self.times, self.limits, self.clock())

    def age_ms(self) -> int:
        """Milliseconds since it was opened."""
        return round((self.clock() - self.times.opened) * 1000)

    def has_lost_its_keeper(self) -> bool:
        """Whether it has to end because the process that held its key is gone."""
        return self.state in OPEN and self.keeper.is_gone()

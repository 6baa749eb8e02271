"""The broker: decides who gets in, and which session opens, locks, reopens and ends.

It runs without privileges: what takes root is done by the keeper of each session, at its command.
It never touches the media that a person works on: it hands its caller a connection to the worker
of the session and takes no further part. A caller sees its own sessions only, by the user id that
the kernel reports.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any

from appliance.audit.entries import events
from appliance.diagnostics.process_log import report_bug
from appliance.errors import ApplianceError, LedgerError, SessionError, WireError
from appliance.keeper.protocol import Erasure
from appliance.protocols import broker_api
from appliance.protocols.broker_api import error_name
from appliance.session.admission import Admission, Admitted
from appliance.session.daily import Daily
from appliance.session.ending import REASONS, wiped_event
from appliance.session.environment import Environment
from appliance.session.keeper import StandbyKeeper
from appliance.session.ledger_connection import Ledger
from appliance.session.pending_wipes import PendingWipeJournal
from appliance.session.session import Session
from appliance.session.settings import Settings
from appliance.session.state import State, Step
from appliance.wire.message import CallError, Empty
from appliance.wire.service import Answer, Method, Request, Service

ROOT = 0


class Broker:
    """All sessions of this machine."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        journal: PendingWipeJournal,
        environment: Environment,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._journal = journal
        self._environment = environment
        self._admission = Admission(settings, ledger, environment)
        self._sessions: dict[str, Session] = {}
        self._standby = StandbyKeeper(environment.connect_keeper)
        self._lock = Lock()
        self._shutting_down = False
        self._daily = Daily(settings.policy.wipe.daily)

    def service(self, kiosk: int) -> Service:
        """The interface, for root and the user id ``kiosk``."""
        people = frozenset({ROOT, kiosk})
        root = frozenset({ROOT})
        methods: dict[str, Method[Any]] = {
            "Open": Method(broker_api.Open, self._open, people),
            "Reopen": Method(broker_api.Reopen, self._reopen, people),
            "Attach": Method(broker_api.SessionRef, self._attach, people),
            "Touch": Method(broker_api.SessionRef, self._touch, people),
            "Lock": Method(broker_api.SessionRef, self._lock_now, people),
            "Leave": Method(broker_api.SessionRef, self._leave, people),
            "Close": Method(broker_api.SessionRef, self._close, people),
            "List": Method(Empty, self._list, people),
            "TokenRemoved": Method(broker_api.TokenRemoved, self._token_removed, root),
        }
        return Service(broker_api.NAME, broker_api.DESCRIPTION, methods, report_bug)

    def tick(self) -> None:
        """Act on what time, tokens, keepers and the ledger demand; called twice a second."""
        if self._daily.due(self._environment.local_time()):
            self._environment.spawn(self._drop_caches)
        ledger, tokens = self._ledger.alive(), self._environment.tokens()
        for session in self._all():
            if session.state is State.WIPED and ledger:
                self._report_again(session)
            if session.state is State.ACTIVE and not ledger:
                self._lock_session(session, Step.LEDGER_GONE)
            elif session.state is State.ACTIVE and session.tokens - tokens:
                self._lock_session(session, Step.TOKEN_REMOVED)
            step = Step.FAILED if session.has_lost_its_keeper() else session.due()
            if step is not None:
                self._take(session, step)

    def end_all(self) -> bool:
        """Wipe every session, because the machine goes down. Whether every wipe was clean."""
        self._shutting_down = True
        for session in self._all():
            self._try_to_end(session, Step.CLOSE)
        return not self._all()

    # Methods of the interface.

    def _open(self, request: Request[broker_api.Open]) -> Answer:
        wanted = request.parameters
        with _errors_as_answers():
            self._refuse_if_blocked()
            try:
                admitted = self._admission.log_in(wanted.user, wanted.pin, self._start_standby)
                parked = self._open_project(wanted.project, wanted.user)
                if parked is not None:
                    return self._resume(parked, request.caller.user, admitted)
                session = self._claim(request.caller.user, wanted, admitted)
            finally:
                with self._lock:
                    self._standby.dismiss()  # does nothing if the session has taken it
            try:
                self._start(session, wanted.patient)
            except ApplianceError:
                self._try_to_end(session, Step.FAILED)
                raise
            return self._opened(session)

    def _reopen(self, request: Request[broker_api.Reopen]) -> Answer:
        wanted = request.parameters
        with _errors_as_answers():
            session = self._session(wanted.session, request.caller.user)
            if session.state is not State.LOCKED:
                state = broker_api.WrongState(session.state.value)
                raise CallError(error_name("WrongState"), state)
            admitted = self._admission.log_in_again(wanted.user, wanted.pin, session.user)
            with session.lock:
                session.tokens = admitted.tokens
                session.step(Step.REOPENED)
                self._ensure_worker(session)
            return self._opened(session)

    def _attach(self, request: Request[broker_api.SessionRef]) -> Answer:
        with _errors_as_answers():
            session = self._session(request.parameters.session, request.caller.user)
            with session.in_state(State.ACTIVE):
                self._ensure_worker(session)
                session.touch()
                return self._opened(session)

    def _touch(self, request: Request[broker_api.SessionRef]) -> Answer:
        with _errors_as_answers():
            session = self._session(request.parameters.session, request.caller.user)
            with session.in_state(State.ACTIVE):
                session.touch()
            return Answer()

    def _lock_now(self, request: Request[broker_api.SessionRef]) -> Answer:
        with _errors_as_answers():
            self._session(request.parameters.session, request.caller.user).step(Step.IDLE)
            return Answer()

    def _leave(self, request: Request[broker_api.SessionRef]) -> Answer:
        with _errors_as_answers():
            session = self._session(request.parameters.session, request.caller.user)
            if session.project is None:
                raise SessionError("This session is not a project.", "Close it instead.")
            session.step(Step.LEFT)
            return Answer()

    def _close(self, request: Request[broker_api.SessionRef]) -> Answer:
        with _errors_as_answers():
            session = self._session(request.parameters.session, request.caller.user)
            step = Step.RETRY if session.state is State.WIPE_FAILED else Step.CLOSE
            erasure = self._end(session, step)
            record = broker_api.Erasure(
                session=session.identifier,
                key=erasure.key_id,
                before=erasure.before,
                after=erasure.after,
                ms=erasure.ms,
                clean=erasure.failed is None,
            )
            return Answer(broker_api.Closed(record))

    def _list(self, request: Request[Empty]) -> Answer:
        caller = request.caller.user
        listed = [
            broker_api.SessionStatus(session.identifier, session.state.value, session.has_worker)
            for session in self._all()
            if caller in (ROOT, session.caller)
        ]
        return Answer(broker_api.Sessions(listed))

    def _token_removed(self, request: Request[broker_api.TokenRemoved]) -> Answer:
        for session in self._all():
            if session.state is State.ACTIVE and request.parameters.device in session.tokens:
                self._lock_session(session, Step.TOKEN_REMOVED)
        return Answer()

    # Opening.

    def _refuse_if_blocked(self) -> None:
        """Raises ``SessionError`` or ``CallError`` where no session can be opened at all."""
        if self._shutting_down:
            raise SessionError("The appliance is shutting down.", "Wait until it is up again.")
        if not self._ledger.alive():
            raise CallError(error_name("LedgerGone"))
        if any(session.state is State.WIPE_FAILED for session in self._all()):
            self._ledger.append(events.LoginRefused("wipe-failed"))
            raise CallError(error_name("WipeFailed"))

    def _start_standby(self) -> None:
        with self._lock:
            self._standby.start(self._free_slots())

    def _claim(self, caller: int, wanted: broker_api.Open, admitted: Admitted) -> Session:
        """A session in a free slot, noted in the journal; raises ``CallError`` if none is free."""
        project = wanted.project and self._settings.project(wanted.project, wanted.user)
        limits = self._settings.limits_of(project) if project else self._settings.limits
        with self._lock:
            free = self._free_slots()
            if not free:
                raise CallError(error_name("NoFreeSlot"))
            slot, keeper = self._standby.take(free)
            session = Session(
                slot=slot,
                keeper=keeper,
                limits=limits,
                caller=caller,
                user=wanted.user,
                subject=admitted.subject,
                tokens=admitted.tokens,
                worker_socket=self._environment.workers / f"{slot}.sock",
                project=wanted.project,
                clock=self._environment.clock,
            )
            self._sessions[session.identifier] = session
        self._journal.add(session.identifier, slot)
        return session

    def _free_slots(self) -> list[str]:
        taken = {session.slot for session in self._sessions.values()}
        return [slot for slot in self._settings.slot_names() if slot not in taken]

    def _start(self, session: Session, patient: str | None) -> None:
        pseudonym = None if patient is None else self._ledger.pseudonym("patient", patient)
        session.open(self._settings.policy.digest, self._ledger.for_worker(session.identifier))
        self._ledger.append(events.SessionOpened(session.identifier, session.subject, pseudonym))
        session.step(Step.OPENED)

    def _ensure_worker(self, session: Session) -> None:
        """Start another worker if it died, or was killed because it could not be frozen."""
        if not session.has_worker:
            session.start_worker(
                self._settings.policy.digest, self._ledger.for_worker(session.identifier)
            )

    def _open_project(self, name: str | None, user: str) -> Session | None:
        """The session of the project ``name``, if there is one.

        Raises ``SessionError`` if ``user`` is not a member of it.
        """
        if name is None:
            return None
        if self._settings.project(name, user) is None:
            raise SessionError(
                "There is no such project, or you are not a member of it.",
                "Ask the administrator of the studio.",
            )
        return next((session for session in self._all() if session.project == name), None)

    def _resume(self, session: Session, caller: int, admitted: Admitted) -> Answer:
        """Continue a project that is parked."""
        with session.in_state(State.PARKED):
            session.start_worker(
                self._settings.policy.digest, self._ledger.for_worker(session.identifier)
            )
            session.caller, session.tokens = caller, admitted.tokens
            session.step(Step.REOPENED)
            return self._opened(session)

    def _opened(self, session: Session) -> Answer:
        return Answer(broker_api.Opened(session.identifier), (session.connect_to_worker(),))

    # Locking, parking, ending.

    def _take(self, session: Session, step: Step) -> None:
        """Take a step that no caller asked for; what may take long runs in the background."""
        if step is Step.IDLE:
            self._lock_session(session, step)
        elif step is Step.LEFT:
            self._environment.spawn(lambda: self._park(session))
        else:
            self._environment.spawn(lambda: self._try_to_end(session, step))

    def _lock_session(self, session: Session, step: Step) -> None:
        with suppress(SessionError):  # another thread has moved it on
            session.step(step)
            if step is Step.TOKEN_REMOVED:
                with suppress(LedgerError):  # it is locked, and without the ledger stays so
                    self._ledger.append(events.TokenRemoved(session.identifier, session.subject))

    def _park(self, session: Session) -> None:
        """Leave a project whose grace has passed: its work stays."""
        with suppress(SessionError):  # another thread has moved it on
            session.step(Step.LEFT)

    def _drop_caches(self) -> None:
        """Once a day the workers of projects drop what they cache; the work itself stays."""
        for session in self._all():
            if session.project is not None:
                with suppress(ApplianceError, CallError):  # it has ended, and its caches with it
                    session.drop_caches()

    def _end(self, session: Session, step: Step) -> Erasure:
        """Wipe a session and log it; raises ``SessionError`` if a wipe is already under way."""
        session.step(step)
        erasure = session.wipe()
        self._report(session, erasure)
        return erasure

    def _try_to_end(self, session: Session, step: Step) -> None:
        """As ``_end``, where no caller waits for an answer."""
        with suppress(SessionError, LedgerError):
            self._end(session, step)

    def _report(self, session: Session, erasure: Erasure) -> None:
        """Log the end; only then is the slot free. Raises ``LedgerError``."""
        closed = events.SessionClosed(
            session.identifier, REASONS[session.reason], session.jobs, session.age_ms()
        )
        self._ledger.append(closed, wiped_event(session.identifier, erasure))
        if erasure.failed is None:
            self._journal.remove(session.slot)
            with self._lock:
                self._sessions.pop(session.identifier, None)

    def _report_again(self, session: Session) -> None:
        """As ``_report``, for a session that was wiped while the ledger was gone."""
        if session.erasure is not None:
            with suppress(LedgerError):
                self._report(session, session.erasure)

    # Finding.

    def _session(self, identifier: str, caller: int) -> Session:
        """Raises ``CallError`` if there is none, or it is another caller's."""
        with self._lock:
            session = self._sessions.get(identifier)
        if session is None or caller not in (ROOT, session.caller):
            raise CallError(error_name("NoSuchSession"))
        return session

    def _all(self) -> list[Session]:
        with self._lock:
            return list(self._sessions.values())


@contextmanager
def _errors_as_answers() -> Iterator[None]:
    """Turn each expected failure inside into the error of the interface that stands for it."""
    try:
        yield
    except LedgerError as gone:
        raise CallError(error_name("LedgerGone")) from gone
    except WireError as gone:
        raise CallError(error_name("WorkerGone")) from gone
    except ApplianceError as wrong:
        details = broker_api.Failed(wrong.message, wrong.hint)
        raise CallError(error_name("Failed"), details) from wrong

"""The broker: decides who gets in, and which session opens, locks, reopens and ends.

It runs without privileges: what takes root is done by the keeper of each session, at its command.
It never touches the media that a person works on: it hands its caller a connection to the worker
of the session and takes no further part. A caller reaches a session by its handle alone, which only
the login that opened it was given; the user id that the kernel reports must be the same as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import msgspec

from appliance.audit.entries import events
from appliance.diagnostics.journal import bind_session
from appliance.diagnostics.process_log import log, report_bug
from appliance.errors import ApplianceError, LedgerError, SessionError, WireError
from appliance.protocols import broker_api
from appliance.protocols.broker_api import error_name
from appliance.session.admission import Admission, Admitted
from appliance.session.audit_desk import AuditDesk
from appliance.session.copies import Copies
from appliance.session.daily import Daily
from appliance.session.disc_desk import DiscDesk
from appliance.session.ending import closed
from appliance.session.environment import Environment
from appliance.session.keeper import Keeper, StandbyKeeper
from appliance.session.ledger_connection import Ledger
from appliance.session.machine_desk import MachineDesk
from appliance.session.pending_wipes import PendingWipeJournal
from appliance.session.pulse import Pulse
from appliance.session.refusals import Refusals
from appliance.session.release_desk import ReleaseDesk
from appliance.session.screen import Screen
from appliance.session.session import Session, UnstoppableError, WorkerStart
from appliance.session.settings import Settings
from appliance.session.slots import Slots
from appliance.session.state import State, StateError, Step
from appliance.session.watch import Watch
from appliance.wire.message import CallError, Empty
from appliance.wire.service import Answer, Method, Request, Service

ROOT = 0

P = TypeVar("P", bound=msgspec.Struct)


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
        self._slots = Slots(settings.slot_names())
        self._worker_start = WorkerStart(settings.policy.digest, ledger.for_worker)
        self._refusals = Refusals(ledger, environment.clock)
        self._admission = Admission(settings, ledger, environment, self._refusals)
        self._pulse = Pulse()
        self._screen = Screen(
            settings,
            ledger,
            environment,
            self._slots,
            permissions=self._admission.roles,
            pulse=self._pulse,
            session_of=self._session,
        )
        copies = Copies(ledger, environment.connect_releaser)
        self._releases = ReleaseDesk(
            settings,
            ledger,
            environment,
            self._admission,
            copies,
            session_of=self._session,
            tokens_of_others=self._tokens_of_others,
        )
        self._discs = DiscDesk(
            ledger,
            environment,
            self._admission,
            copies,
            self._session,
            training=settings.policy.training,
        )
        self._audits = AuditDesk(
            settings, ledger, environment, self._admission, self._tokens_of_others
        )
        self._machine = MachineDesk(
            *(settings, ledger, environment, self._admission, self._slots),
            tokens_of_others=self._tokens_of_others,
        )
        self._watch = Watch(
            self._slots,
            ledger,
            journal,
            environment,
            refusals=self._refusals,
            daily=Daily(settings.policy.wipe.daily),
            unwritten=copies.unwritten,
            let_go=self._discs.let_go,
        )
        self._shutting_down = False

    def service(self, kiosk: int) -> Service:
        """The interface, for root and the user id ``kiosk``."""
        people = frozenset({ROOT, kiosk})
        root = frozenset({ROOT})

        def method(
            takes: type[P], run: Callable[[Request[P]], Answer], users: frozenset[int] = people
        ) -> Method[P]:
            return Method(takes, partial(_answered, run), users)

        methods: dict[str, Method[Any]] = {
            "Open": method(broker_api.Open, self._open),
            "Reopen": method(broker_api.Reopen, self._reopen),
            "Attach": method(broker_api.SessionRef, self._attach),
            "Touch": method(broker_api.SessionRef, self._touch),
            "Lock": method(broker_api.SessionRef, self._lock_now),
            "Leave": method(broker_api.SessionRef, self._leave),
            "Close": method(broker_api.SessionRef, self._close),
            "Appliance": method(Empty, self._screen.appliance),
            "Users": method(Empty, self._screen.users),
            "Status": method(broker_api.SessionRef, self._screen.status),
            "Waiting": method(broker_api.SessionRef, self._releases.waiting),
            "List": method(Empty, self._list),
            "RequestRelease": method(broker_api.RequestRelease, self._releases.request),
            "LookAtRelease": method(broker_api.LookAtRelease, self._releases.look),
            "DeclineRelease": method(broker_api.DeclineRelease, self._releases.decline),
            "ApproveRelease": method(broker_api.ApproveRelease, self._releases.approve),
            "BurnReleases": method(broker_api.SessionRef, self._discs.burn),
            "Audit": method(broker_api.LogIn, self._audits.open),
            "Machine": method(broker_api.LogIn, self._machine.show),
            "TokenRemoved": method(broker_api.TokenRemoved, self._token_removed, root),
            "DeviceRefused": method(broker_api.DeviceRefused, self._device_refused, root),
        }
        return Service(broker_api.NAME, broker_api.DESCRIPTION, methods, report_bug)

    def tick(self) -> None:
        """Act on what time, tokens, keepers and the ledger demand; called twice a second."""
        self._watch.tick()
        self._audits.tick()
        self._pulse.beat()

    def end_all(self, before_each: Callable[[], None] = lambda: None) -> bool:
        """Wipe every session, because the machine goes down. Whether every wipe was clean.

        ``before_each`` is called before each of them.
        """
        self._shutting_down = True
        self._audits.end()
        for session in self._slots.all():
            before_each()
            self._watch.try_to_end(session, Step.CLOSE)
        self._watch.log_refusals(everything=True)
        return not self._slots.all()

    # Methods of the interface.

    def _open(self, request: Request[broker_api.Open]) -> Answer:
        wanted, caller = request.parameters, request.caller.user
        self._refuse_if_blocked()
        with StandbyKeeper(self._slots, self._environment.connect_keeper) as standby:
            others = self._tokens_of_others(wanted.user)
            admitted = self._admission.log_in(wanted.user, wanted.pin, others, standby.start)
            parked = self._project(wanted.project, wanted.user)
            if parked is None:
                if standby.ready is None:
                    raise CallError(error_name("NoFreeSlot"))
                made = self._session_in(*standby.ready, caller, wanted, admitted)
                session = self._slots.add(made)
                if session is made:
                    standby.taken()
                    return self._start(session, wanted.patient)
                parked = session  # another member was quicker to open the project
        return self._resume(parked, caller, admitted, State.PARKED)

    def _reopen(self, request: Request[broker_api.Reopen]) -> Answer:
        wanted, caller = request.parameters, request.caller.user
        session = self._slots.find(lambda one: one.identifier == wanted.session)
        session = self._owned(session, caller)
        if session.state is not State.LOCKED:
            raise CallError(error_name("WrongState"), broker_api.WrongState(session.state.value))
        others = self._tokens_of_others(session.user)
        admitted = self._admission.log_in_again(wanted.user, wanted.pin, others, session.user)
        return self._resume(session, caller, admitted, State.LOCKED)

    def _attach(self, request: Request[broker_api.SessionRef]) -> Answer:
        session = self._session(request)
        session.check_open()
        if not session.has_worker:  # it died, or was killed because it could not be frozen
            with self._acting(session, None):
                try:
                    session.start_worker(self._worker_start)
                except (SessionError, WireError):
                    session.demand(Step.FAULT)  # what cannot be served is not open
                    raise
        session.touch()
        return _opened(session)

    def _touch(self, request: Request[broker_api.SessionRef]) -> Answer:
        self._session(request).touch()
        return Answer()

    def _lock_now(self, request: Request[broker_api.SessionRef]) -> Answer:
        self._watch.lock(self._session(request), Step.LOCK)
        return Answer()

    def _leave(self, request: Request[broker_api.SessionRef]) -> Answer:
        session = self._session(request)
        if session.project is None:
            raise SessionError("This session is not a project.", "Close it instead.")
        with self._ending_if_unstoppable(session):
            session.park()
        return Answer()

    def _close(self, request: Request[broker_api.SessionRef]) -> Answer:
        session = self._session(request)
        step = Step.RETRY if session.state is State.WIPE_FAILED else Step.CLOSE
        erasure = self._watch.end(session, step)
        return Answer(closed(session, erasure, self._ledger))

    def _list(self, request: Request[Empty]) -> Answer:
        root = request.caller.user == ROOT
        listed = [
            broker_api.SessionStatus(
                slot=session.slot,
                session=session.identifier if root else None,
                state=session.state.value,
                worker=session.has_worker,
            )
            for session in self._slots.all()
        ]
        return Answer(broker_api.Sessions(listed))

    def _token_removed(self, request: Request[broker_api.TokenRemoved]) -> Answer:
        self._admission.token_removed(request.parameters.device)
        self._audits.token_removed(request.parameters.device)
        self._watch.token_removed(request.parameters.device)
        return Answer()

    def _device_refused(self, request: Request[broker_api.DeviceRefused]) -> Answer:
        self._ledger.append(events.DeviceRefused(request.parameters.device))
        return Answer()

    # Opening.

    def _refuse_if_blocked(self) -> None:
        """Raises ``SessionError`` or ``CallError`` where no session can be opened at all."""
        if self._shutting_down:
            raise SessionError("The appliance is shutting down.", "Wait until it is up again.")
        if not self._ledger.alive():
            raise CallError(error_name("LedgerGone"))
        if any(session.state is State.WIPE_FAILED for session in self._slots.all()):
            self._refusals.add("wipe-failed")
            raise CallError(error_name("WipeFailed"))

    def _tokens_of_others(self, user: str) -> frozenset[str]:
        """Tokens that answered for others, in a session or an audit, and were not pulled since."""
        others = (session.tokens for session in self._slots.all() if session.user != user)
        return self._audits.tokens_of_others(user).union(*others)

    def _project(self, name: str | None, user: str) -> Session | None:
        """The session of the project ``name``, if there is one.

        Raises ``SessionError`` if ``user`` is not a member of it.
        """
        if name is not None and self._settings.project(name, user) is None:
            raise SessionError(
                "There is no such project, or you are not a member of it.",
                "Ask the administrator of the studio.",
            )
        return self._slots.of_project(name)

    def _session_in(
        self,
        slot: str,
        keeper: Keeper,
        caller: int,
        wanted: broker_api.Open,
        admitted: Admitted,
    ) -> Session:
        project = wanted.project and self._settings.project(wanted.project, wanted.user)
        return Session(
            slot=slot,
            keeper=keeper,
            limits=self._settings.limits_of(project) if project else self._settings.limits,
            caller=caller,
            user=wanted.user,
            subject=admitted.subject,
            tokens=admitted.tokens,
            worker_socket=self._environment.workers / f"{slot}.sock",
            project=wanted.project,
            clock=self._environment.clock,
            changed=self._pulse.beat,
        )

    def _start(self, session: Session, patient: str | None) -> Answer:
        """Make a session that has its slot; whatever fails, it ends."""
        bind_session(session.identifier)
        try:
            with self._acting(session, Step.OPENED):
                self._journal.add(session.identifier, session.slot)
                session.make_workspace()
                # Logged first, as the worker logs that it is sealed when it begins.
                pseudonym = self._ledger.pseudonym("patient", patient) if patient else None
                self._ledger.append(
                    events.SessionOpened(
                        session.identifier,
                        session.subject,
                        pseudonym,
                        "training" if self._settings.policy.training else "work",
                    )
                )
                session.start_worker(self._worker_start)
            log().info("session opened")
            return _opened(session)
        except BaseException:
            # Locked meanwhile, as its token was pulled: that is the reason then.
            step = Step.GRACE_PASSED if session.state is State.LOCKED else Step.FAILED
            self._watch.try_to_end(session, step)
            raise

    def _resume(self, session: Session, caller: int, admitted: Admitted, expected: State) -> Answer:
        """Go on with a session that is in the state ``expected``, for whom was admitted."""
        bind_session(session.identifier)
        if session.state is not expected:
            raise StateError(f"The session is {session.state.value}.", "Wait, then try again.")
        with self._acting(session, Step.REOPENED):
            session.bind(admitted.user, admitted.subject, admitted.tokens)
            session.wake_worker(self._worker_start)
            session.hand_over(caller)
        return _opened(session)

    @contextmanager
    def _acting(self, session: Session, step: Step | None) -> Iterator[None]:
        """As ``Session.acting``; then does what was demanded meanwhile."""
        try:
            with self._ending_if_unstoppable(session), session.acting(step):
                yield
        finally:
            self._watch.settle(session)

    @contextmanager
    def _ending_if_unstoppable(self, session: Session) -> Iterator[None]:
        try:
            yield
        except UnstoppableError:
            self._watch.try_to_end(session, Step.FAILED)
            raise

    # Finding.

    def _session(
        self, request: Request[broker_api.SessionRef] | Request[broker_api.RequestRelease]
    ) -> Session:
        """Raises ``CallError`` if there is none with this handle."""
        session = self._slots.with_handle(request.parameters.handle)
        return self._owned(session, request.caller.user)

    def _owned(self, session: Session | None, caller: int) -> Session:
        """Raises ``CallError`` if there is none, or it is another user's."""
        if session is None or caller not in (ROOT, session.caller):
            raise CallError(error_name("NoSuchSession"))
        bind_session(session.identifier)
        return session


def _opened(session: Session) -> Answer:
    """The answer with a connection to the worker. Raises as ``connect_to_worker`` does."""
    connection = session.connect_to_worker()
    return Answer(broker_api.Opened(session.identifier, session.handle), (connection,))


def _answered(run: Callable[[Request[P]], Answer], request: Request[P]) -> Answer:
    """What ``run`` answers, with the error of the interface for each expected failure."""
    bind_session(None)  # a connection may be about one session after the other
    try:
        return run(request)
    except LedgerError as gone:
        raise CallError(error_name("LedgerGone")) from gone
    except WireError as gone:
        raise CallError(error_name("WorkerGone")) from gone
    except ApplianceError as wrong:
        details = broker_api.Failed(wrong.message, wrong.hint)
        raise CallError(error_name("Failed"), details) from wrong

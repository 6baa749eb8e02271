"""The broker: says who gets in, and which session opens, locks, reopens and ends.

It has no power of its own: what takes root is done by the keeper of each session, on its word.
It never touches what a person works on: it hands the caller a connection to the worker of the
session and is out of the way. A caller sees its own sessions only, by its user id as the kernel
knows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from threading import Lock, Thread
from typing import Any, Literal, TypeAlias

from appliance.audit.entries import events
from appliance.diagnostics.process_log import report_bug
from appliance.errors import ApplianceError, LedgerError, SessionError, WireError
from appliance.keeper.protocol import Erasure
from appliance.session import interface, login
from appliance.session.daily import Daily
from appliance.session.interface import error
from appliance.session.keeper import Spare
from appliance.session.ledger import LedgerConnection
from appliance.session.marks import Marks
from appliance.session.settings import Settings
from appliance.session.state import State, Step
from appliance.session.visit import Visit, now
from appliance.wire.message import Nothing, Refusal
from appliance.wire.service import Answer, Method, Request, Service

ROOT = 0

Reason: TypeAlias = Literal["user", "crash", "time-limit", "idle", "token-removed", "ledger"]

_REASONS: dict[Step, Reason] = {
    Step.CLOSE: "user",
    Step.FAILED: "crash",
    Step.TIME_LIMIT: "time-limit",
    Step.IDLE: "idle",
    Step.TOKEN_REMOVED: "token-removed",
    Step.LEDGER_GONE: "ledger",
}


class Broker:
    """All sessions of this machine."""

    def __init__(
        self,
        settings: Settings,
        ledger: LedgerConnection,
        marks: Marks,
        tokens: Callable[[], frozenset[str]],
    ) -> None:
        """``tokens``: those that are plugged in now."""
        self._settings = settings
        self._ledger = ledger
        self._marks = marks
        self._tokens = tokens
        token = settings.policy.token
        self._back_off = login.BackOff(token.attempts, token.back_off_seconds)
        self._visits: dict[str, Visit] = {}
        self._spare = Spare()
        self._logging_in = Lock()  # a token answers one question at a time
        self._lock = Lock()
        self._ending = False
        self._daily = Daily(settings.policy.wipe.daily)

    def service(self, kiosk: int) -> Service:
        """The interface as root and the user id ``kiosk`` may call it."""
        people = frozenset({ROOT, kiosk})
        methods: dict[str, Method[Any]] = {
            "Open": Method(interface.Open, self._open, people),
            "Reopen": Method(interface.Reopen, self._reopen, people),
            "Attach": Method(interface.Which, self._attach, people),
            "Touch": Method(interface.Which, self._touch, people),
            "Lock": Method(interface.Which, self._lock_now, people),
            "Leave": Method(interface.Which, self._leave, people),
            "Close": Method(interface.Which, self._close, people),
            "List": Method(Nothing, self._list, people),
            "TokenRemoved": Method(interface.TokenRemoved, self._token_removed, frozenset({ROOT})),
        }
        return Service(interface.NAME, interface.DESCRIPTION, methods, report_bug)

    def look_around(self) -> None:
        """What time, tokens and the ledger ask for; called twice a second."""
        if self._daily.due(datetime.now().astimezone()):
            Thread(target=self._empty_caches, daemon=True).start()
        ledger, tokens = self._ledger.alive(), self._tokens()
        for visit in self._all():
            if visit.state is State.WIPED and ledger:
                self._report_quietly(visit)
            if visit.state is State.ACTIVE and not ledger:
                self._lock_visit(visit, Step.LEDGER_GONE)
            elif visit.state is State.ACTIVE and visit.tokens - tokens:
                self._lock_visit(visit, Step.TOKEN_REMOVED)
            step = Step.FAILED if visit.has_lost_its_keeper() else visit.due()
            if step is Step.IDLE:
                self._lock_visit(visit, step)
            elif step is Step.LEFT:
                Thread(target=self._park_quietly, args=(visit,), daemon=True).start()
            elif step is not None:
                Thread(target=self._end_quietly, args=(visit, step), daemon=True).start()

    def end_all(self) -> bool:
        """Wipe every session: the machine goes down. Was every wipe clean?"""
        self._ending = True
        for visit in self._all():
            self._end_quietly(visit, Step.CLOSE)
        return not self._all()

    def _open(self, request: Request[interface.Open]) -> Answer:
        asked = request.parameters
        with _told():
            self._refuse_if_blocked()
            try:
                subject, tokens = self._log_in(asked.user, asked.pin)
                parked = self._project(asked.project, asked.user)
                if parked is not None:
                    return self._resume(parked, request.caller.user, tokens)
                visit = self._claim(request.caller.user, asked, subject, tokens)
            finally:
                with self._lock:
                    self._spare.dismiss()  # unless the session has it
            try:
                self._start(visit, asked.patient)
            except ApplianceError:
                self._end_quietly(visit, Step.FAILED)
                raise
            return self._opened(visit)

    def _reopen(self, request: Request[interface.Reopen]) -> Answer:
        asked = request.parameters
        with _told():
            visit = self._visit(asked.session, request.caller.user)
            if visit.state is not State.LOCKED:
                raise Refusal(error("WrongState"), interface.WrongState(visit.state.value))
            _, tokens = self._log_in(asked.user, asked.pin, only=visit.user)
            with visit.lock:
                visit.tokens = tokens
                visit.step(Step.REOPENED)
                self._see_to_worker(visit)
            return self._opened(visit)

    def _attach(self, request: Request[interface.Which]) -> Answer:
        with _told():
            visit = self._visit(request.parameters.session, request.caller.user)
            with visit.in_state(State.ACTIVE):
                self._see_to_worker(visit)
                visit.used()
                return self._opened(visit)

    def _touch(self, request: Request[interface.Which]) -> Answer:
        with _told():
            visit = self._visit(request.parameters.session, request.caller.user)
            with visit.in_state(State.ACTIVE):
                visit.used()
            return Answer()

    def _lock_now(self, request: Request[interface.Which]) -> Answer:
        with _told():
            visit = self._visit(request.parameters.session, request.caller.user)
            visit.step(Step.IDLE)
            return Answer()

    def _leave(self, request: Request[interface.Which]) -> Answer:
        with _told():
            visit = self._visit(request.parameters.session, request.caller.user)
            if visit.project is None:
                raise SessionError("This session is no project.", "Close it.")
            visit.step(Step.LEFT)
            return Answer()

    def _close(self, request: Request[interface.Which]) -> Answer:
        with _told():
            visit = self._visit(request.parameters.session, request.caller.user)
            step = Step.RETRY if visit.state is State.WIPE_FAILED else Step.CLOSE
            erasure = self._end(visit, step)
            return Answer(
                interface.Closed(
                    interface.Erasure(
                        session=visit.identifier,
                        key=erasure.key_id,
                        before=erasure.before,
                        after=erasure.after,
                        ms=erasure.ms,
                        clean=erasure.failed is None,
                    )
                )
            )

    def _list(self, request: Request[Nothing]) -> Answer:
        caller = request.caller.user
        mine = [visit for visit in self._all() if caller in (ROOT, visit.caller)]
        return Answer(
            interface.Sessions(
                [
                    interface.Standing(visit.identifier, visit.state.value, visit.has_worker)
                    for visit in mine
                ]
            )
        )

    def _token_removed(self, request: Request[interface.TokenRemoved]) -> Answer:
        for visit in self._all():
            if visit.state is State.ACTIVE and request.parameters.device in visit.tokens:
                self._lock_visit(visit, Step.TOKEN_REMOVED)
        return Answer()

    def _log_in(self, user: str, pin: str, only: str | None = None) -> tuple[str, frozenset[str]]:
        """The pseudonym of who is there, and the tokens that are plugged in.

        ``only``: nobody but this user. Raises ``Refusal``, ``LedgerError``.
        """
        wait = self._back_off.wait(user)
        if wait > 0:
            raise self._refused("locked-out", user, wait)
        if not self._logging_in.acquire(blocking=False):
            raise self._refused("busy", user)
        try:
            denied: login.Denial | None = "wrong-token"
            if only is None:
                denied = login.authenticate(user, pin, self._settings.method, self._call_spare)
            elif only == user:
                denied = login.authenticate(user, pin, self._settings.method)
            present = self._tokens()
            if denied is None and not present:
                denied = "no-token"  # pulled in this moment: later nobody would miss it
        finally:
            self._logging_in.release()
        if denied is not None:
            self._back_off.failed(user)
            raise self._refused(denied, user, self._back_off.wait(user))
        self._back_off.succeeded(user)
        subject = self._ledger.pseudonym("person", user)
        self._ledger.append(events.LoginGranted(subject, self._settings.method))
        return subject, present

    def _refused(self, reason: str, user: str, wait: float = 0.0) -> Refusal:
        subject = self._ledger.pseudonym("person", user) if login.is_name(user) else None
        self._ledger.append(events.LoginRefused(reason, subject))  # type: ignore[arg-type]
        details = interface.LoginRefused(reason, round(wait * 1000))
        return Refusal(error("LoginRefused"), details)

    def _refuse_if_blocked(self) -> None:
        if self._ending:
            raise SessionError("The appliance is going down.", "Wait until it is up again.")
        if not self._ledger.alive():
            raise Refusal(error("LedgerGone"))
        if any(visit.state is State.WIPE_FAILED for visit in self._all()):
            self._ledger.append(events.LoginRefused("wipe-failed"))
            raise Refusal(error("WipeFailed"))

    def _claim(
        self, caller: int, asked: interface.Open, subject: str, tokens: frozenset[str]
    ) -> Visit:
        """A session in a free slot, noted where a power cut does not reach it."""
        project = asked.project and self._settings.project(asked.project, asked.user)
        limits = self._settings.limits_of(project) if project else self._settings.limits
        with self._lock:
            free = self._free()
            if not free:
                raise Refusal(error("NoFreeSlot"))
            slot, keeper = self._spare.take(free)
            visit = Visit(slot, keeper, limits, caller, asked.user, subject, tokens, asked.project)
            self._visits[visit.identifier] = visit
        self._marks.put(visit.identifier, slot)
        return visit

    def _free(self) -> list[str]:
        taken = {visit.slot for visit in self._visits.values()}
        return [slot for slot in self._settings.slot_names() if slot not in taken]

    def _call_spare(self) -> None:
        with self._lock:
            self._spare.call(self._free())

    def _start(self, visit: Visit, patient: str | None) -> None:
        sign = None if patient is None else self._ledger.pseudonym("patient", patient)
        visit.open(self._settings.policy.digest, self._ledger.for_worker())
        self._ledger.append(events.SessionOpened(visit.identifier, visit.subject, sign))
        visit.step(Step.OPENED)

    def _see_to_worker(self, visit: Visit) -> None:
        """Start a new one if it died, or was ended because it could not be frozen."""
        if not visit.has_worker:
            visit.start_worker(self._settings.policy.digest, self._ledger.for_worker())

    def _resume(self, visit: Visit, caller: int, tokens: frozenset[str]) -> Answer:
        """Go on in a project that is parked."""
        with visit.in_state(State.PARKED):
            visit.start_worker(self._settings.policy.digest, self._ledger.for_worker())
            visit.caller, visit.tokens = caller, tokens
            visit.step(Step.REOPENED)
            return self._opened(visit)

    def _project(self, name: str | None, user: str) -> Visit | None:
        """The project of this name if it is there; raises ``SessionError`` for others' projects."""
        if name is None:
            return None
        if self._settings.project(name, user) is None:
            raise SessionError("There is no such project of yours.", "Ask who runs the studio.")
        return next((visit for visit in self._all() if visit.project == name), None)

    def _lock_visit(self, visit: Visit, step: Step) -> None:
        with suppress(SessionError):  # somebody was faster
            visit.step(step)
            if step is Step.TOKEN_REMOVED:
                with suppress(LedgerError):  # it is locked; without the ledger it stays so
                    self._ledger.append(events.TokenRemoved(visit.identifier, visit.subject))

    def _empty_caches(self) -> None:
        """What workers of projects keep to be quicker goes once a day; their work stays."""
        for visit in self._all():
            if visit.project is not None:
                with suppress(ApplianceError, Refusal):  # it ended meanwhile, which is more
                    visit.forget()

    def _park_quietly(self, visit: Visit) -> None:
        """Leave a project that nobody came back to: its work stays."""
        with suppress(SessionError):  # somebody was faster
            visit.step(Step.LEFT)

    def _end(self, visit: Visit, step: Step) -> Erasure:
        """Wipe a session and log it; raises ``SessionError`` if it is being wiped already."""
        visit.step(step)
        erasure = visit.wipe()
        self._report(visit, erasure)
        return erasure

    def _report(self, visit: Visit, erasure: Erasure) -> None:
        """Log the end; only then is the slot free. Raises ``LedgerError``."""
        lasted = round((now() - visit.times.opened) * 1000)
        closed = events.SessionClosed(visit.identifier, _REASONS[visit.reason], visit.jobs, lasted)
        self._ledger.append(closed, wiped_event(visit.identifier, erasure))
        if erasure.failed is None:
            self._marks.remove(visit.slot)
            with self._lock:
                self._visits.pop(visit.identifier, None)

    def _report_quietly(self, visit: Visit) -> None:
        """As ``_report``, once more: the ledger was gone when the session was wiped."""
        if visit.erasure is not None:
            with suppress(LedgerError):
                self._report(visit, visit.erasure)

    def _end_quietly(self, visit: Visit, step: Step) -> None:
        """As ``_end`` where nobody waits for an answer."""
        with suppress(SessionError, LedgerError):
            self._end(visit, step)

    def _opened(self, visit: Visit) -> Answer:
        return Answer(interface.Opened(visit.identifier), (visit.connection(),))

    def _visit(self, identifier: str, caller: int) -> Visit:
        with self._lock:
            visit = self._visits.get(identifier)
        if visit is None or caller not in (ROOT, visit.caller):
            raise Refusal(error("NoSuchSession"))
        return visit

    def _all(self) -> list[Visit]:
        with self._lock:
            return list(self._visits.values())


def wiped_event(
    session: str, erasure: Erasure, *, power_loss: bool = False
) -> events.SessionWiped | events.SessionWipeFailed:
    """The erasure record as the ledger takes it."""
    if erasure.failed is not None:
        return events.SessionWipeFailed(session, erasure.failed, erasure.after)
    method = "power-loss" if power_loss else erasure.method
    return events.SessionWiped(session, erasure.key_id, method, erasure.before, 0, erasure.ms)


@contextmanager
def _told() -> Iterator[None]:
    """What goes wrong inside is an answer to the caller, by the names of the interface."""
    try:
        yield
    except LedgerError as gone:
        raise Refusal(error("LedgerGone")) from gone
    except WireError as gone:
        raise Refusal(error("WorkerGone")) from gone
    except ApplianceError as wrong:
        raise Refusal(error("Failed"), interface.Failed(wrong.message, wrong.hint)) from wrong

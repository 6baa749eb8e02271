"""What no caller asks for: sessions lock, park and end by time, tokens, keepers and ledger.

One thread watches all sessions and must never wait, so that a pulled token locks its session
whatever another one's keeper, worker or ledger does. What may take long runs in the background, one
task at a time for each session. What fails in one session does not keep it from the others: that
session is locked, and ended if it fails again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Lock
from typing import TypeVar

from appliance.audit.entries import events
from appliance.diagnostics.journal import about_session
from appliance.diagnostics.process_log import log, report_bug
from appliance.errors import LedgerError, SessionError, WireError
from appliance.keeper.protocol import Erasure
from appliance.session.daily import Daily
from appliance.session.ending import REASONS, wiped_event
from appliance.session.environment import Environment
from appliance.session.ledger_connection import Ledger
from appliance.session.pending_wipes import PendingWipeJournal
from appliance.session.refusals import Refusals
from appliance.session.session import Session, UnstoppableError
from appliance.session.slots import Slots
from appliance.session.state import State, StateError, Step

T = TypeVar("T")


class Watch:
    """Locks and ends the sessions in ``slots``. For several threads."""

    def __init__(
        self,
        slots: Slots,
        ledger: Ledger,
        journal: PendingWipeJournal,
        environment: Environment,
        *,
        refusals: Refusals,
        daily: Daily,
        unwritten: Callable[[str], list[int]],
        let_go: Callable[[str], None],
    ) -> None:
        """``daily``: when workers of projects drop their caches; ``unwritten``: see ``Copies``.

        ``let_go``: see ``DiscDesk``.
        """
        self._let_go = let_go
        self._slots = slots
        self._ledger = ledger
        self._journal = journal
        self._environment = environment
        self._refusals = refusals
        self._daily = daily
        self._unwritten = unwritten
        self._busy: set[str] = set()
        self._lock = Lock()

    def tick(self) -> None:
        """Look at everything once; called twice a second. Nothing that fails is raised."""
        ledger = _attempt(self._ledger.alive, otherwise=False)
        tokens = _attempt(self._environment.tokens, frozenset[str]())
        for session in self._slots.all():
            with about_session(session.identifier):
                looked = partial(self._look_at, session, tokens, ledger=ledger)
                if not _attempt(looked, otherwise=False):
                    _attempt(partial(self._fail, session), None)
        _attempt(self._do_chores, None)

    def lock(self, session: Session, step: Step) -> None:
        """Lock a session now, or as soon as what is under way for it is done. Never waits for that.

        From here on every caller is refused.
        """
        session.demand(step)
        self.settle(session)

    def token_removed(self, device: str) -> None:
        """Lock the sessions of a token that was pulled; waits for none of them."""
        for session in self._slots.all():
            if device in session.tokens:
                session.token_lost()
                self._in_background(session, partial(self.settle, session))

    def settle(self, session: Session) -> None:
        """Do the lock that was demanded, if nothing else is under way for the session.

        One whose worker can be neither frozen nor killed, or that fails in another way, ends.
        """
        try:
            step = session.settle()
        except Exception as error:  # noqa: BLE001 - whatever failed, it must not stay open
            if not isinstance(error, UnstoppableError):
                report_bug(error)
            self.try_to_end(session, Step.FAILED)
            return
        if step is not None:
            log().info("session locked")
        if step is Step.TOKEN_REMOVED:
            with suppress(LedgerError):  # it is locked, and without the ledger stays so
                self._ledger.append(events.TokenRemoved(session.identifier, session.subject))

    def end(self, session: Session, step: Step) -> Erasure:
        """Wipe a session and log it.

        Raises ``StateError`` if a wipe is already under way, ``LedgerError`` if it is not logged,
        and ``OSError`` if the journal of pending wipes cannot be written.
        """
        self._let_go(session.identifier)
        erasure = session.end(step)
        if erasure.failed is not None:
            log().error("wipe failed")
        elif step is Step.FAILED:
            log().warning("session failed")
        else:
            log().info("session ended")
        self._report(session, erasure)
        return erasure

    def try_to_end(self, session: Session, step: Step) -> None:
        """As ``end``, where no caller waits for an answer."""
        try:
            self.end(session, step)
        except (StateError, LedgerError):
            pass  # another thread ends it, or it is reported once the ledger is back
        except Exception as bug:  # noqa: BLE001 - the caller goes on
            report_bug(bug)

    def _look_at(self, session: Session, tokens: frozenset[str], *, ledger: bool) -> bool:
        """Do what is due in one session. True, for ``tick`` to see that nothing was raised."""
        if session.state is State.WIPED:
            if ledger:
                self._in_background(session, lambda: self._report_again(session))
            return True
        if not ledger:
            session.demand(Step.LEDGER_GONE)
        if session.tokens - tokens:
            session.token_lost()
        step = Step.FAILED if session.has_lost_its_keeper() else session.due()
        if step is Step.IDLE:
            session.demand(step)
        elif step is Step.LEFT:
            self._in_background(session, lambda: self._park(session))
        elif step is not None:
            self._in_background(session, lambda: self.try_to_end(session, step))
        if session.is_barred:
            self._in_background(session, lambda: self.settle(session))
        return True

    def _fail(self, session: Session) -> None:
        """Lock a session that cannot be watched; end it if it is locked already."""
        if session.demand(Step.FAULT) or session.is_barred:
            self._in_background(session, lambda: self.settle(session))
        else:
            self._in_background(session, lambda: self.try_to_end(session, Step.FAILED))

    def _park(self, session: Session) -> None:
        """Leave a project whose grace has passed: its work stays."""
        try:
            session.park()
        except StateError:
            pass  # another thread has moved it on
        except UnstoppableError:
            self.try_to_end(session, Step.FAILED)

    def _report(self, session: Session, erasure: Erasure) -> None:
        """Log the end; only then is the slot free. Raises ``LedgerError`` or ``OSError``."""
        if session.reported is not erasure:
            closed = events.SessionClosed(
                session.identifier, REASONS[session.reason], session.jobs, session.age_ms()
            )
            gone = [] if erasure.failed else self._unwritten(session.identifier)
            dropped = [events.ReleaseDropped(session.identifier, number) for number in gone]
            wiped = wiped_event(session.identifier, erasure)
            first = self._ledger.append(*dropped, closed, wiped)
            session.reported, session.reported_at = erasure, first + len(dropped) + 1
        if erasure.failed is None:
            self._journal.remove(session.slot)
            self._slots.remove(session)

    def _report_again(self, session: Session) -> None:
        """As ``_report``, for a session that was wiped while the ledger was gone."""
        if session.erasure is not None:
            with suppress(LedgerError):
                self._report(session, session.erasure)

    def _do_chores(self) -> None:
        if self._daily.due(self._environment.local_time()):
            self._spawn("daily", lambda: _attempt(self._drop_caches, None))
        if self._refusals.due():
            self._spawn("refusals", lambda: _attempt(self.log_refusals, None))

    def log_refusals(self, *, everything: bool = False) -> None:
        """Log the refused logins that were counted, of minutes that are over or ``everything``."""
        with suppress(LedgerError):  # kept for the next time
            self._refusals.log(everything=everything)

    def _drop_caches(self) -> None:
        """Once a day the workers of projects drop what they cache; the work itself stays."""
        for session in self._slots.all():
            if session.project is None:
                continue
            try:
                session.drop_caches()
            except UnstoppableError:
                self.try_to_end(session, Step.FAILED)
            except (SessionError, WireError):
                pass  # it has ended, and its caches with it

    def _in_background(self, session: Session, act: Callable[[], object]) -> None:
        """Do ``act`` for ``session``, unless another task for it is not done yet."""

        def named() -> None:
            with about_session(session.identifier):
                _attempt(act, None)

        self._spawn(session.identifier, named)

    def _spawn(self, name: str, act: Callable[[], object]) -> None:
        """Do ``act`` in the background, unless one of this name is not done: the next tick asks."""
        with self._lock:
            if name in self._busy:
                return
            self._busy.add(name)

        def run() -> None:
            try:
                act()
            finally:
                with self._lock:
                    self._busy.discard(name)

        try:
            self._environment.spawn(run)
        except BaseException:
            with self._lock:
                self._busy.discard(name)
            raise


def _attempt(act: Callable[[], T], otherwise: T) -> T:
    """What ``act`` returns; after a bug, which is logged, ``otherwise``."""
    try:
        return act()
    except Exception as bug:  # noqa: BLE001 - what is left to do must be done
        report_bug(bug)
        return otherwise

"""Who may log in: token, PIN and touch, a wait after failures, and a ledger entry for each try."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Literal, TypeAlias

from appliance.audit.entries import events
from appliance.protocols import broker_api
from appliance.session import login
from appliance.session.environment import Environment
from appliance.session.ledger_connection import Ledger
from appliance.session.settings import Settings
from appliance.wire.message import CallError

Refused: TypeAlias = login.Denial | Literal["busy"]


@dataclass(frozen=True, slots=True)
class Admitted:
    """A person who was let in: their pseudonym, and the tokens that were plugged in then."""

    subject: str
    tokens: frozenset[str]


class Admission:
    """Every method raises ``CallError`` if the person is refused, ``LedgerError`` if unlogged."""

    def __init__(self, settings: Settings, ledger: Ledger, environment: Environment) -> None:
        token = settings.policy.token
        self._method = settings.method
        self._ledger = ledger
        self._environment = environment
        self._back_off = login.BackOff(token.attempts, token.back_off_seconds, environment.clock)
        self._asking = Lock()  # a token answers one question at a time

    def log_in(self, user: str, pin: str, prepare: Callable[[], None]) -> Admitted:
        """Let ``user`` in. ``prepare`` is called once PAM is to be asked, which takes a while."""
        return self._admit(user, pin, prepare)

    def log_in_again(self, user: str, pin: str, owner: str) -> Admitted:
        """Let ``user`` back into the session of ``owner``: only the same person is."""
        if user != owner:
            return self._admit(user, None, lambda: None)
        return self._admit(user, pin, lambda: None)

    def _admit(self, user: str, pin: str | None, prepare: Callable[[], None]) -> Admitted:
        """``pin`` is ``None`` for a user who is not the owner: that counts as a failure."""
        wait = self._back_off.wait(user)
        if wait > 0:
            raise self._refused("locked-out", user, wait)
        if not self._asking.acquire(blocking=False):
            raise self._refused("busy", user)
        try:
            denied: login.Denial | None = "wrong-token"
            if pin is not None:
                denied = self._environment.authenticate(user, pin, self._method, prepare)
            tokens = self._environment.tokens()
            if denied is None and not tokens:
                denied = "no-token"  # pulled just now: its removal would go unnoticed later
        finally:
            self._asking.release()
        if denied is not None:
            self._back_off.failed(user)
            raise self._refused(denied, user, self._back_off.wait(user))
        self._back_off.succeeded(user)
        subject = self._ledger.pseudonym("person", user)
        self._ledger.append(events.LoginGranted(subject, self._method))
        return Admitted(subject, tokens)

    def _refused(self, reason: Refused, user: str, wait: float = 0.0) -> CallError:
        """The error to raise, after it was logged; ``wait`` in seconds."""
        subject = self._ledger.pseudonym("person", user) if login.is_name(user) else None
        self._ledger.append(events.LoginRefused(reason, subject))
        details = broker_api.LoginRefused(reason, round(wait * 1000))
        return CallError(broker_api.error_name("LoginRefused"), details)

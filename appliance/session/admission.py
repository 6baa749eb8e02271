"""Who may log in: token, PIN and touch, a wait after failures, and a record of each try."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from threading import Lock
from types import MappingProxyType

from appliance.audit.entries import events
from appliance.protocols import broker_api
from appliance.session import login
from appliance.session.environment import Environment
from appliance.session.ledger_connection import Record
from appliance.session.refusals import Reason, Refusals
from appliance.session.roles import Act, Permissions, read_file
from appliance.session.settings import Settings
from appliance.wire.message import CallError

# What costs a try: an answer of PAM that may be that to a guess. The rest says nothing of a secret.
_GUESSES = ("wrong-token", "locked-out")

_HINTS: Mapping[Reason, str] = MappingProxyType(
    {
        "no-token": "Plug your token in, leave it there, and log in again.",
        "several-tokens": "Leave only your own token plugged in, and log in again.",
        "wrong-token": "Check the name and the PIN, and use the token that is registered for it.",
        "no-touch": "Touch the token when it blinks.",
        "locked-out": "Wait until the time has passed, then try again.",
        "busy": "Wait until the other login is done, then try again.",
        "role": "Ask the administrator for the role that this takes.",
        "error": "Call the operator: logins do not work.",
    }
)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A person who was let in: name, pseudonym, and the token that they proved to hold."""

    user: str
    subject: str
    tokens: frozenset[str]


class Admission:
    """Every method raises ``CallError`` if the person is refused, ``LedgerError`` if unlogged."""

    def __init__(
        self, settings: Settings, ledger: Record, environment: Environment, refusals: Refusals
    ) -> None:
        token = settings.policy.token
        self._method = settings.method
        self._ledger = ledger
        self._environment = environment
        self._refusals = refusals
        self._back_off = login.BackOff(token.attempts, token.back_off_seconds, environment.clock)
        self.roles = Permissions(settings.policy.roles, partial(read_file, environment.roles))
        self._asking = Lock()  # a token answers one question at a time
        self._pulled: set[str] = set()  # while PAM is asked

    def log_in(
        self,
        user: str,
        pin: str,
        others: frozenset[str],
        prepare: Callable[[], None] = lambda: None,
        act: Act = "work",
    ) -> Admitted:
        """Let ``user`` in, to do ``act``.

        ``others``: tokens that are known to be those of other persons. ``prepare`` is called once
        PAM is to be asked, which takes a while. What a person's roles allow is answered only to
        who has proved to be that person.
        """
        wait = self._back_off.wait(user)
        if wait > 0:
            raise self._refused("locked-out", user, wait)
        if not self._asking.acquire(blocking=False):
            raise self._refused("busy", user)
        try:
            denied, tokens = self._ask(user, pin, others, prepare)
        finally:
            self._asking.release()
        if denied is not None:
            raise self._refused(denied, user, self._back_off.wait(user))
        if not self.roles.allow(user, act):
            raise self._refused("role", user)
        subject = self._ledger.pseudonym("person", user)
        self._ledger.append(events.LoginGranted(subject, self._method))
        return Admitted(user, subject, tokens)

    def log_in_again(self, user: str, pin: str, others: frozenset[str], owner: str) -> Admitted:
        """Let ``user`` back into the session of ``owner``: only the same person is."""
        if user != owner:  # no secret is asked for, so none can be guessed
            raise self._refused("wrong-token", user)
        return self.log_in(user, pin, others)

    def token_removed(self, device: str) -> None:
        """A token was pulled, perhaps between its answer and the end of a login."""
        self._pulled.add(device)

    def _ask(
        self, user: str, pin: str, others: frozenset[str], prepare: Callable[[], None]
    ) -> tuple[login.Denial | None, frozenset[str]]:
        """The reason to refuse, if any, and the one token that can have answered.

        What was plugged in before and after must be the same single token. Where there are two, or
        one came or went, the other may have answered: its owner's session would not lock when
        theirs is pulled.
        """
        self._pulled.clear()
        before = self._environment.tokens() - others
        if len(before) != 1:
            return "several-tokens" if before else "no-token", before
        guessed = False

        def asked() -> None:
            nonlocal guessed
            guessed = True
            prepare()

        denied = self._environment.authenticate(user, pin, self._method, asked)
        if denied is None:
            self._back_off.succeeded(user)
        elif guessed and denied in _GUESSES:
            self._back_off.failed(user)
        after = self._environment.tokens() - others
        if denied is None and (before - after or before & self._pulled):
            denied = "no-token"
        if denied is None and after != before:
            denied = "several-tokens"
        return denied, before

    def _refused(self, reason: Reason, user: str, wait: float = 0.0) -> CallError:
        """The error to raise, after it was logged; ``wait`` in seconds."""
        self._refusals.add(reason, user if login.is_name(user) else None)
        details = broker_api.LoginRefused(reason, round(wait * 1000), _HINTS[reason])
        return CallError(broker_api.error_name("LoginRefused"), details)

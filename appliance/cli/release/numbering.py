"""The number of a release by a command, and the second person who approves it at the terminal."""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

import click

from appliance.audit.entries import events
from appliance.audit.entries.fields import Engine, Media
from appliance.cli.process.job_log import JobLog
from appliance.errors import PolicyError, ReleaseError
from appliance.policy.policy import EMBEDDED, Policy
from appliance.protocols import broker_api
from appliance.release.facts import MAX_NUMBER
from appliance.release.fitness import refusal_of
from appliance.release.watermark.mark import Unfit
from appliance.session import login
from appliance.session.admission import Admission, Admitted
from appliance.session.cards import Cards
from appliance.session.environment import Environment
from appliance.session.refusals import Refusals
from appliance.session.settings import Settings
from appliance.wire.message import CallError

_Reason: TypeAlias = Literal["role", "same-person", "expired"]
_Step: TypeAlias = Literal["request", "decide"]

_HINTS: Mapping[_Reason, str] = MappingProxyType(
    {
        "role": "Ask the administrator for the role that asking for a release takes.",
        "same-person": "Let another person approve it, by a token of their own.",
        "expired": "Ask for the release again.",
    }
)
_FIRST_REPORT = 5.0  # seconds that a reader of cards has to be found
_LOOK = 0.1  # seconds between two looks
_ONLY_ITEM = 1  # a command releases one file


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to leave: the file whose SHA-256 is ``result``.

    ``unfit``: why no copy of it can leave, if none can.
    """

    result: str
    media: Media
    engine: Engine
    unfit: Unfit | None


def number_for(job: JobLog, policy: Policy, wanted: Wanted, *, approver: str | None) -> int:
    """The number of the release of ``wanted``, which is logged by it.

    ``approver``: the second person, who is asked for a token and its PIN; before the seal. Raises
    ``PolicyError`` if the policy demands one and none is named, and ``ReleaseError`` if that person
    or the caller may not, or if no copy can leave.
    """
    if approver is not None:
        settings = Settings(policy)
        with environment_for(settings) as environment:
            number = _Approval(job, settings, environment).number(wanted, approver)
    elif policy is not EMBEDDED and policy.export.second_person:
        raise PolicyError(
            "The policy demands that a second person releases a result.",
            "Name them with --approver: they approve it here, by a token of their own.",
        )
    else:
        _check_fit(job, wanted, None)
        number = job.release_begun(wanted.result, wanted.media, wanted.engine)
    if not 0 < number <= MAX_NUMBER:
        raise ReleaseError(
            "This ledger has no number left for a release.", "Begin a new ledger, and keep this."
        )
    return number


def _check_fit(job: JobLog, wanted: Wanted, person: str | None) -> None:
    """Raises ``ReleaseError`` if no copy can leave, which is logged."""
    if wanted.unfit is not None:
        job.append(events.ReleaseRefused(job.session, "request", wanted.unfit, person))
        raise refusal_of(wanted.unfit)


@contextmanager
def environment_for(settings: Settings) -> Iterator[Environment]:
    """Tokens, PAM and root's files, as they are here."""

    def ask(
        user: str, _: str, method: login.Method, prepare: Callable[[], None]
    ) -> login.Denial | None:
        # The PIN that is given is none: the child asks for it.
        return login.authenticate_at_terminal(user, method, prepare)

    if settings.method == "fido2":
        yield Environment(login.tokens, ask)
        return
    with closing(Cards()) as cards:
        until = time.monotonic() + _FIRST_REPORT
        while not cards.present() and time.monotonic() < until:
            time.sleep(_LOOK)
        yield Environment(cards.present, ask)


class _Approval:
    """The approval of one file by a second person, with all that can refuse it in the ledger."""

    def __init__(self, job: JobLog, settings: Settings, environment: Environment) -> None:
        self._job = job
        self._settings = settings
        self._environment = environment
        refusals = Refusals(job, self._environment.clock)
        self._admission = Admission(settings, job, self._environment, refusals)

    def number(self, wanted: Wanted, approver: str) -> int:
        """The index of the approval."""
        caller = pwd.getpwuid(os.getuid()).pw_name
        requester = self._job.pseudonym("person", caller)
        if not self._admission.roles.allow(caller, "request"):
            raise self._refused("role", "request", requester, None)
        _check_fit(self._job, wanted, requester)
        result = wanted.result
        seconds = self._settings.policy.release.valid_seconds
        session = self._job.session
        requested = self._job.append(
            events.ReleaseRequested(session, _ONLY_ITEM, result, requester, seconds)
        )
        until = time.monotonic() + seconds
        click.echo(f"A second person is to release the file with the SHA-256 {result}.")
        person = self._admitted(approver)
        if self._is_same(person, caller):
            raise self._refused("same-person", "decide", person.subject, requested)
        if time.monotonic() > until:
            raise self._refused("expired", "decide", person.subject, requested)
        return self._job.append(events.ReleaseApproved(session, requested, result, person.subject))

    def _admitted(self, approver: str) -> Admitted:
        try:
            return self._admission.log_in(approver, "", frozenset(), act="approve")
        except CallError as denied:
            details = denied.parameters
            hint = details.hint if isinstance(details, broker_api.LoginRefused) else "Try again."
            raise ReleaseError("The second person could not log in.", hint) from denied

    def _is_same(self, person: Admitted, caller: str) -> bool:
        """Whether this is who called the command: by name, or by a token that both have."""
        if person.user == caller:
            return True
        registered = self._environment.registered
        return (
            self._settings.method == "fido2"
            and login.is_registered(caller, registered)
            and login.share_a_token(person.user, caller, registered)
        )

    def _refused(
        self, reason: _Reason, step: _Step, person: str, requested: int | None
    ) -> ReleaseError:
        session = self._job.session
        self._job.append(events.ReleaseRefused(session, step, reason, person, requested))
        return ReleaseError("The release was refused.", _HINTS[reason])

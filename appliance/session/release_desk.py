"""Who asks for a release, who decides on it, and the way of the result to the releaser.

Four eyes, and at the same time: the person of an open session asks for one result by its number and
hash; another one, with a token of their own and the role for it, decides while that session is
open. The broker never has the result: it measures by the worker, and joins the worker to the
releaser by a socket pair.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Literal, TypeAlias

from appliance.audit.entries import events
from appliance.diagnostics.journal import bind_session
from appliance.errors import LedgerError, SessionError, WireError
from appliance.protocols import broker_api
from appliance.protocols.broker_api import error_name
from appliance.session import login
from appliance.session.admission import Admission, Admitted
from appliance.session.copies import Copies
from appliance.session.environment import Environment
from appliance.session.ledger_connection import Ledger
from appliance.session.pace import Pace
from appliance.session.releases import ReleaseRequest, Releases, State, Step
from appliance.session.session import Session
from appliance.session.settings import Settings
from appliance.session.state import StateError
from appliance.wire.client import Client
from appliance.wire.message import CallError
from appliance.wire.service import Answer, Request

Reason: TypeAlias = Literal[
    "role",
    "same-person",
    "decided",
    "other-result",
    "changed",
    "expired",
    "not-open",
    "policy",
    "training",
    "picture-too-small",
    "picture-too-narrow",
    "error",
]
Stage: TypeAlias = Literal["request", "view", "decide", "hand-over"]

_HIGHEST = (1 << 32) - 1  # what a watermark has room for
_PAUSE = 60.0  # seconds between two requests of a session

_HINTS: Mapping[Reason, str] = MappingProxyType(
    {
        "role": "Ask the administrator for the role that this takes.",
        "same-person": "Let another person decide, with a token of their own.",
        "decided": "Ask for the release again.",
        "other-result": "Name the hash that was asked for.",
        "changed": "Ask for the release again.",
        "expired": "Ask for the release again.",
        "not-open": "Open the session, and ask for the release again.",
        "policy": "The site's policy does not allow it.",
        "training": "This is training: nothing leaves.",
        # By appliance/release, which this process does not load: tests/session holds both together.
        "picture-too-small": "What leaves has at least 320 pixels along its shorter side. "
        "Take a larger photo or film, and make the result of that.",
        "picture-too-narrow": "What leaves is at most 8 times as long as wide. "
        "Take a photo or film of another shape, and make the result of that.",
        "error": "Ask for the release again; see the journals of worker and releaser.",
    }
)
# After these a request is over: what was asked for is no more.
_ENDS: Mapping[Reason, Step] = MappingProxyType(
    {
        "expired": Step.EXPIRED,
        "not-open": Step.VOID,
        "changed": Step.VOID,
        "training": Step.VOID,
    }
)


class ReleaseDesk:
    """The methods of the broker that are about releases."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        environment: Environment,
        admission: Admission,
        copies: Copies,
        *,
        session_of: Callable[
            [Request[broker_api.RequestRelease] | Request[broker_api.SessionRef]], Session
        ],
        tokens_of_others: Callable[[str], frozenset[str]],
    ) -> None:
        """``session_of``: by the handle of a call; ``tokens_of_others``: than a person, in use."""
        self._settings = settings
        self._ledger = ledger
        self._environment = environment
        self._admission = admission
        self._copies = copies
        self._session_of = session_of
        self._tokens_of_others = tokens_of_others
        self._releases = Releases(environment.clock)
        self._pace = Pace(_PAUSE, environment.clock)

    def request(self, request: Request[broker_api.RequestRelease]) -> Answer:
        """The person of a session asks for the release of one result."""
        session, wanted = self._session_of(request), request.parameters
        # The handle of the call, not the session's of now, which may be another person's by now.
        handle, user, subject = wanted.handle, session.user, session.subject
        worker = session.worker()
        self._pace.begin(session.identifier)
        if not self._admission.roles.allow(user, "request"):
            raise self._refused("role", "request", session, subject)
        measured = worker.measure(wanted.item, lambda: session.is_open_as(handle))
        if wanted.sha256 not in (None, measured.sha256):
            raise self._refused("other-result", "request", session, subject)
        if not session.is_open_as(handle):
            raise self._refused("not-open", "request", session, subject)
        if measured.unfit is not None:  # before a second person is asked, and a number used up
            raise self._refused(measured.unfit, "request", session, subject)
        seconds = self._settings.policy.release.valid_seconds
        index = self._ledger.append(
            events.ReleaseRequested(
                session.identifier, wanted.item, measured.sha256, subject, seconds
            )
        )
        until = self._environment.clock() + seconds
        made = ReleaseRequest(session, handle, wanted.item, measured, user, index, until)
        self._releases.add(made)
        return Answer(
            broker_api.ReleaseStands(
                made.identifier, seconds, measured.media, measured.size, measured.sha256
            )
        )

    def waiting(self, request: Request[broker_api.SessionRef]) -> Answer:
        """What of this session waits for a second person."""
        session, now = self._session_of(request), self._environment.clock()
        waiting = [
            broker_api.WaitingRelease(
                one.identifier,
                one.item,
                one.result.media,
                one.result.size,
                one.result.sha256,
                math.ceil(one.until - now),
            )
            for one in self._releases.standing(session)
            if one.still_open()
        ]
        return Answer(broker_api.Waiting(waiting))

    def look(self, request: Request[broker_api.LookAtRelease]) -> Answer:
        """A second person looks at a picture of the result."""
        wanted = request.parameters
        found, person = self._second_person(wanted.release, wanted.user, wanted.pin, "view")
        if not self._settings.policy.release.view:
            raise self._refused("policy", "view", found, person.subject)
        with self._refusing_errors("view", found, person):
            worker = found.session.worker()
            pipe = worker.show(found.item, found.result.sha256, found.still_open)
        try:
            self._ledger.append(
                events.ReleaseViewed(found.session.identifier, found.index, person.subject)
            )
        except BaseException:
            os.close(pipe)
            raise
        result = found.result
        return Answer(broker_api.Shown(result.media, result.size, result.sha256), (pipe,))

    def decline(self, request: Request[broker_api.DeclineRelease]) -> Answer:
        """A second person decides against it."""
        wanted = request.parameters
        found, person = self._second_person(wanted.release, wanted.user, wanted.pin, "decide")
        self._releases.take(found, Step.DECLINED)
        self._ledger.append(
            events.ReleaseDeclined(
                found.session.identifier, found.index, wanted.reason, person.subject
            )
        )
        return Answer()

    def approve(self, request: Request[broker_api.ApproveRelease]) -> Answer:
        """A second person approves it; the result goes to the releaser."""
        wanted = request.parameters
        found, person = self._second_person(wanted.release, wanted.user, wanted.pin, "decide")
        if wanted.sha256 != found.result.sha256:
            raise self._refused("other-result", "decide", found, person.subject)
        if self._settings.policy.training:  # neither worker nor releaser is asked for a copy
            raise self._refused("training", "decide", found, person.subject)
        with self._refusing_errors("decide", found, person):
            measured = found.session.worker().measure(found.item, found.still_open)
        if measured != found.result:
            raise self._refused("changed", "decide", found, person.subject)
        if (reason := self._objection(found, person)) is not None:  # time has passed since
            raise self._refused(reason, "decide", found, person.subject)
        with self._copies.releaser(found.session.slot) as releaser:
            number = self._approved(found, person)
            self._hand_over(found, number, releaser)
        return Answer(broker_api.Released(number))

    def _approved(self, found: ReleaseRequest, person: Admitted) -> int:
        """The number of a release that is in the ledger as approved; there is one for a request."""
        try:
            self._releases.take(found, Step.APPROVED)
        except StateError as late:  # somebody else was quicker
            raise self._refused("decided", "decide", found, person.subject) from late
        result = found.result
        approved = events.ReleaseApproved(
            found.session.identifier,
            found.index,
            result.sha256,
            person.subject,
        )
        try:
            number = self._ledger.append(approved)
        except LedgerError:
            self._releases.take(found, Step.FAILED)
            raise
        if not 0 < number <= _HIGHEST:
            self._releases.take(found, Step.FAILED)
            raise self._refused("error", "hand-over", found, None)
        return number

    def _hand_over(self, found: ReleaseRequest, number: int, releaser: Client) -> None:
        """Have a copy made that may leave. Raises ``CallError`` if there is none."""
        try:
            self._copies.make(found, number, releaser)
        except (CallError, LedgerError, SessionError, WireError) as failed:
            self._releases.take(found, Step.FAILED)
            reason: Reason = "error" if found.still_open() else "not-open"
            hint = self._copies.hint_of(failed)
            raise self._refused(reason, "hand-over", found, None, hint) from failed
        self._releases.take(found, Step.TAKEN)
        self._ledger.append(events.ReleaseTaken(found.session.identifier, number))

    def _second_person(
        self, identifier: str, user: str, pin: str, stage: Stage
    ) -> tuple[ReleaseRequest, Admitted]:
        """The request, and who logged in to decide on it. Raises ``CallError`` if they may not."""
        found = self._releases.find(identifier)
        if found is None:
            raise CallError(error_name("NoSuchRelease"))
        bind_session(found.session.identifier)
        others = self._tokens_of_others(user)
        person = self._admission.log_in(user, pin, others, act="approve")
        if (reason := self._objection(found, person)) is not None:
            raise self._refused(reason, stage, found, person.subject)
        return found, person

    def _objection(self, found: ReleaseRequest, person: Admitted) -> Reason | None:
        """Why ``person`` may not decide on a request now, if so."""
        if self._is_same(person, found):
            return "same-person"
        if found.state is not State.STANDING:
            return "decided"
        if self._releases.is_expired(found):
            return "expired"
        return None if found.still_open() else "not-open"

    def _is_same(self, person: Admitted, found: ReleaseRequest) -> bool:
        """Whether this is who asked: by name, by the token in use, or by one registered twice."""
        if person.user in (found.user, found.session.user):
            return True
        if person.tokens & found.session.tokens:
            return True
        # Cards are not in that file: what is in a reader has its own serial number.
        return self._settings.method == "fido2" and login.share_a_token(
            person.user, found.user, self._environment.registered
        )

    @contextmanager
    def _refusing_errors(
        self, stage: Stage, found: ReleaseRequest, person: Admitted
    ) -> Iterator[None]:
        """Raises ``CallError`` where the worker does not do what was asked."""
        try:
            yield
        except (StateError, SessionError, WireError) as failed:
            reason: Reason = "error" if found.still_open() else "not-open"
            raise self._refused(reason, stage, found, person.subject) from failed

    def _refused(
        self,
        reason: Reason,
        stage: Stage,
        about: ReleaseRequest | Session,
        person: str | None,
        hint: str | None = None,
    ) -> CallError:
        """The error to raise, once it is in the ledger; a request may be over by it."""
        if isinstance(about, ReleaseRequest):
            session, index = about.session.identifier, about.index
            if reason in _ENDS and about.state is State.STANDING:
                self._releases.take(about, _ENDS[reason])
        else:
            session, index = about.identifier, None
        self._ledger.append(events.ReleaseRefused(session, stage, reason, person, index))
        return CallError(
            error_name("ReleaseRefused"),
            broker_api.ReleaseRefused(reason, hint or _HINTS[reason]),
        )

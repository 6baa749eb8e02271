"""What a screen shows of the machine, its people and a session, also as it changes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from appliance.protocols import broker_api
from appliance.protocols.broker_api import error_name
from appliance.session import login
from appliance.session.environment import Environment
from appliance.session.ledger_connection import Ledger
from appliance.session.pulse import Pulse
from appliance.session.roles import Permissions
from appliance.session.session import Session
from appliance.session.settings import Settings
from appliance.session.slots import Slots
from appliance.session.state import State
from appliance.wire.connection import broken
from appliance.wire.message import CallError, Empty
from appliance.wire.service import Answer, Request

P = TypeVar("P", bound=msgspec.Struct)

_MOST_USERS = 256  # so that an answer fits into a message


@dataclass(frozen=True, slots=True)
class _Look:
    """An ``answer``, what must differ for the next one, and whether none follows."""

    answer: msgspec.Struct
    mark: object
    last: bool = False


class Screen:
    """The methods of the broker that only tell. None of them is logged, or is use of a session."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        environment: Environment,
        slots: Slots,
        *,
        permissions: Permissions,
        pulse: Pulse,
        session_of: Callable[[Request[broker_api.SessionRef]], Session],
    ) -> None:
        """``session_of``: by the handle of a call; ``pulse`` beats when an answer may change."""
        self._settings = settings
        self._ledger = ledger
        self._environment = environment
        self._slots = slots
        self._permissions = permissions
        self._pulse = pulse
        self._session_of = session_of

    def appliance(self, request: Request[Empty]) -> Answer:
        """What may be shown before anybody has logged in."""
        return self._follow(request, self._look_at_appliance)

    def users(self, _request: Request[Empty]) -> Answer:
        """Who is registered, to somebody who has a token to log in with."""
        if not self._environment.tokens():
            return Answer(broker_api.Users([]))
        known = self._permissions.named()
        if self._settings.method == "fido2":
            known = login.names(self._environment.registered)
        users = [
            broker_api.User(
                name,
                sorted(self._permissions.of(name)),
                self._projects_of(name),
                [*self._permissions.allowed(name)],
            )
            for name in sorted(known)[:_MOST_USERS]
        ]
        return Answer(broker_api.Users(users))

    def status(self, request: Request[broker_api.SessionRef]) -> Answer:
        """How a session is, whatever its state."""
        session, handle = self._session_of(request), request.parameters.handle
        return self._follow(request, lambda: self._look_at_session(session, handle))

    def _follow(self, request: Request[P], look: Callable[[], _Look]) -> Answer:
        """What ``look`` sees; if ``more`` was asked for, whenever it changes until the last time.

        Raises ``WireError`` once the caller has hung up.
        """
        count = self._pulse.count
        seen = look()
        while request.more and not seen.last:
            request.progress(seen.answer)
            mark = seen.mark
            while seen.mark == mark:
                count = self._pulse.after(count)
                if request.gone():
                    raise broken("the caller hung up")
                seen = look()
        return Answer(seen.answer)

    def _look_at_appliance(self) -> _Look:
        sessions = self._slots.all()
        answer = broker_api.Appliance(
            tokens=len(self._environment.tokens()),
            ledger=self._ledger.alive(),
            blocked=any(one.state is State.WIPE_FAILED for one in sessions),
            free=self._slots.free,
            network=self._environment.network(),
            training=self._settings.policy.training,
        )
        return _Look(answer, answer)

    def _look_at_session(self, session: Session, handle: str) -> _Look:
        """Raises ``CallError`` if it has another handle by now."""
        seen = session.standing()
        if seen.handle != handle:
            raise CallError(error_name("NoSuchSession"))
        now = self._environment.clock()
        answer = broker_api.Status(
            state=seen.state.value,
            subject=seen.subject,
            roles=sorted(self._permissions.of(seen.user)),
            project=session.project,
            locks_in=_left(seen.locks_at, now),
            ends_in=_left(seen.ends_at, now),
            worker=seen.worker,
            network=self._environment.network(),
        )
        mark = (seen, answer.roles, answer.network)
        return _Look(answer, mark, last=seen.state is State.WIPED)

    def _projects_of(self, user: str) -> list[str]:
        return [one.name for one in self._settings.policy.projects if user in one.members]


def _left(until: float, now: float) -> int:
    """Whole seconds, so many that there is still time as long as it is not 0."""
    return max(0, math.ceil(until - now))

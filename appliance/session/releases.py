"""The requests to release a result, and the life of each.

::

                     approved             taken
    (made) ─▶ STANDING ───────▶ APPROVED ───────▶ TAKEN
                 │                  │
                 │ declined,        │ failed
                 │ expired, void    ▼
                 └──────────▶ OVER ◀┘

``approved`` is taken once, whoever asks at the same time; nothing leads back. ``void``: the session
was locked, parked or ended since, or the result is no longer what was asked for.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from threading import Lock
from types import MappingProxyType

from appliance.protocols.worker_control_api import Measured
from appliance.session.session import Session
from appliance.session.state import StateError

_MOST = 64  # requests that are remembered, over or not; there are at most 8 sessions


class State(Enum):
    """The state of a request."""

    STANDING = "standing"
    APPROVED = "approved"
    TAKEN = "taken"
    OVER = "over"


class Step(Enum):
    """What takes a request from one state to the next."""

    APPROVED = "approved"
    TAKEN = "taken"
    DECLINED = "declined"
    EXPIRED = "expired"
    VOID = "void"
    FAILED = "failed"


_TRANSITIONS: Mapping[tuple[State, Step], State] = MappingProxyType(
    {
        (State.STANDING, Step.APPROVED): State.APPROVED,
        **{(State.STANDING, step): State.OVER for step in (Step.DECLINED, Step.EXPIRED, Step.VOID)},
        (State.APPROVED, Step.TAKEN): State.TAKEN,
        (State.APPROVED, Step.FAILED): State.OVER,
    }
)


def after(state: State, step: Step) -> State:
    """The state after ``step``; raises ``StateError`` if it is not allowed in ``state``."""
    try:
        return _TRANSITIONS[state, step]
    except KeyError:
        raise StateError(
            f"A request that is {state.value} cannot be {step.value}.",
            "Ask for the release again.",
        ) from None


@dataclass(slots=True)
class ReleaseRequest:
    """One request.

    ``handle``: the session's when it was made, which ends with each lock. ``item``, ``result``:
    what it is for. ``user``: who asked. ``index``: of its entry in the ledger. ``until``: seconds
    on the clock of the session.
    """

    session: Session
    handle: str = field(repr=False)
    item: int
    result: Measured
    user: str
    index: int
    until: float
    state: State = State.STANDING
    identifier: str = field(default_factory=lambda: secrets.token_hex(8))

    def still_open(self) -> bool:
        """Whether its session is open, and was all the time."""
        return self.session.is_open_as(self.handle)


class Releases:
    """The requests of all sessions, of which each session has one. For several threads.

    ``clock``: seconds; it must not be settable.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._requests: OrderedDict[str, ReleaseRequest] = OrderedDict()
        self._lock = Lock()

    def add(self, request: ReleaseRequest) -> None:
        """Let ``request`` stand, in the place of an earlier one of its session."""
        with self._lock:
            for other in self._requests.values():
                if other.session is request.session and other.state is State.STANDING:
                    other.state = after(other.state, Step.VOID)
            self._requests[request.identifier] = request
            while len(self._requests) > _MOST:
                self._requests.popitem(last=False)

    def find(self, identifier: str) -> ReleaseRequest | None:
        """The request of this id."""
        with self._lock:
            return self._requests.get(identifier)

    def standing(self, session: Session) -> list[ReleaseRequest]:
        """The requests of ``session`` that wait for a decision."""
        now = self._clock()
        with self._lock:
            return [
                one
                for one in self._requests.values()
                if one.session is session and one.state is State.STANDING and now < one.until
            ]

    def take(self, request: ReleaseRequest, step: Step) -> None:
        """Take a step, once; raises ``StateError``."""
        with self._lock:
            request.state = after(request.state, step)

    def is_expired(self, request: ReleaseRequest) -> bool:
        """Whether its time is over."""
        return self._clock() >= request.until

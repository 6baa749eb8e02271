"""The life of a session.

::

                 opened          token removed, idle, lock, ledger gone, fault
    (opening) ───────────▶ ACTIVE ───────────────────────────────▶ LOCKED
        │                   │  ▲                                    │  │
        │                   │  └────────────── reopened ────────────┘  │
        │ failed            │ close, time limit                        │ close, grace passed,
        ▼                   ▼                                          ▼ time limit
     WIPING ◀───────────────┴──────────────────────────────────────────┘
      │   ▲
      │   └──── retry ────┐
      │                   │
      ├── not clean ──▶ WIPE_FAILED   (blocks every login)
      │
      └── clean ─────▶ WIPED

A project of a studio outlives a login; between logins it is PARKED, without a worker::

    ACTIVE, LOCKED ── left ──▶ PARKED ── reopened ──▶ ACTIVE
                                 └── its end ──▶ WIPING

An open session (ACTIVE, LOCKED, PARKED) whose keeper is gone goes to WIPING by ``failed`` as well.

``lock`` is a person's wish; ``fault``: the worker could not be started, or the session could not be
watched. A state is what is so: it changes once the keeper has done what belongs to the step. The
exception is WIPING, which keeps everything else away from a wipe.

``after`` takes a step; one that is not drawn is refused. ``due`` says which step time demands; its
times are of a clock that cannot be set (CLOCK_BOOTTIME).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from appliance.errors import SessionError


class StateError(SessionError):
    """A session is not in a state that allows what was asked for; nothing was done."""


class State(Enum):
    """The state of a session."""

    OPENING = "opening"
    ACTIVE = "active"
    LOCKED = "locked"
    PARKED = "parked"
    WIPING = "wiping"
    WIPED = "wiped"
    WIPE_FAILED = "wipe-failed"


class Step(Enum):
    """What takes a session from one state to the next."""

    OPENED = "opened"
    FAILED = "failed"
    TOKEN_REMOVED = "token-removed"  # noqa: S105 - no secret
    IDLE = "idle"
    LOCK = "lock"
    LEDGER_GONE = "ledger-gone"
    FAULT = "fault"
    REOPENED = "reopened"
    LEFT = "left"
    CLOSE = "close"
    GRACE_PASSED = "grace-passed"
    TIME_LIMIT = "time-limit"
    CLEAN = "clean"
    NOT_CLEAN = "not-clean"
    RETRY = "retry"


_LOCKS = (Step.TOKEN_REMOVED, Step.IDLE, Step.LOCK, Step.LEDGER_GONE, Step.FAULT)
_ENDS = (Step.CLOSE, Step.GRACE_PASSED, Step.TIME_LIMIT)

OPEN = (State.ACTIVE, State.LOCKED, State.PARKED)

_TRANSITIONS: Mapping[tuple[State, Step], State] = MappingProxyType(
    {
        (State.OPENING, Step.OPENED): State.ACTIVE,
        **{(state, Step.FAILED): State.WIPING for state in (State.OPENING, *OPEN)},
        **{(State.ACTIVE, step): State.LOCKED for step in _LOCKS},
        (State.ACTIVE, Step.LEFT): State.PARKED,
        (State.ACTIVE, Step.CLOSE): State.WIPING,
        (State.ACTIVE, Step.TIME_LIMIT): State.WIPING,
        # A locked session may be locked again: an idle one whose token is pulled.
        **{(State.LOCKED, step): State.LOCKED for step in _LOCKS},
        (State.LOCKED, Step.REOPENED): State.ACTIVE,
        (State.LOCKED, Step.LEFT): State.PARKED,
        **{(State.LOCKED, step): State.WIPING for step in _ENDS},
        (State.PARKED, Step.REOPENED): State.ACTIVE,
        (State.PARKED, Step.CLOSE): State.WIPING,
        (State.PARKED, Step.TIME_LIMIT): State.WIPING,
        (State.WIPING, Step.CLEAN): State.WIPED,
        (State.WIPING, Step.NOT_CLEAN): State.WIPE_FAILED,
        (State.WIPE_FAILED, Step.RETRY): State.WIPING,
    }
)


def after(state: State, step: Step) -> State:
    """The state after ``step``; raises ``StateError`` if it is not allowed in ``state``."""
    try:
        return _TRANSITIONS[state, step]
    except KeyError:
        raise StateError(
            f"A session that is {state.value} cannot take the step {step.value}.",
            "Ask for its status, and do what that state allows.",
        ) from None


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: idle until the lock, locked until the wipe, and of a session in total.

    ``parks``: when the grace has passed the session is parked, not wiped (a project of a studio).
    """

    idle: float
    grace: float
    absolute: float
    parks: bool = False


@dataclass(frozen=True, slots=True)
class Times:
    """When it was opened, last used and locked: seconds on CLOCK_BOOTTIME."""

    opened: float
    used: float
    locked: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a session is at one moment. A lock that is demanded counts as done.

    ``locks_at``, ``ends_at``: seconds on its clock; see ``lock_time``.
    """

    state: State
    handle: str = field(repr=False)
    user: str
    subject: str
    worker: bool
    locks_at: float
    ends_at: float


def lock_time(state: State, times: Times, limits: Limits) -> float:
    """When a session of these limits locks, or a locked one is wiped or parked."""
    last = times.opened + limits.absolute
    if state is State.LOCKED and times.locked is not None:
        return min(last, times.locked + limits.grace)
    return last if state is State.PARKED else min(last, times.used + limits.idle)


def due(state: State, times: Times, limits: Limits, now: float) -> Step | None:
    """The step that time demands at ``now``, if any."""
    if state in OPEN and now - times.opened >= limits.absolute:
        return Step.TIME_LIMIT
    if state is State.ACTIVE and now - times.used >= limits.idle:
        return Step.IDLE
    if state is State.LOCKED and times.locked is not None and now - times.locked >= limits.grace:
        return Step.LEFT if limits.parks else Step.GRACE_PASSED
    return None

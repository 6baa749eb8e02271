"""What each role may log and ask for, and the budget of each session.

``RULES`` has a line for every kind of event; ``tests/audit/service/test_authority.py`` holds it
equal to ``events.AnyEvent``. A worker speaks only through a connection that the broker restricted
to one session: it can neither speak for another session, nor learn a pseudonym that it has no use
for, nor fill the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

import msgspec

from appliance.audit.entries import events
from appliance.audit.entries.events import AnyEvent, Event
from appliance.audit.entries.fields import Role
from appliance.audit.entries.pseudonyms import PseudonymKind
from appliance.audit.service.protocol import Budget
from appliance.audit.tlog.reserve import Rank

RefusedBecause: TypeAlias = Literal["malformed", "kind", "session", "name", "budget", "restriction"]
"""See ``events.EntryRefused``."""

_DAY = 24 * 3600.0  # seconds
_MOST_ACCOUNTS = 1024  # far more than the sessions of a day


@dataclass(frozen=True, slots=True)
class Rule:
    """Which roles may log an event over the socket, and how it fares when the disk is full."""

    roles: frozenset[Role]
    rank: Rank = "ordinary"


# A command logs to the ledger of the user who runs it, and a test to its own: both may log any
# event but those of the daemon and of keepers.
_UNBOUND: frozenset[Role] = frozenset({"embedded", "test"})
_DAEMON = Rule(frozenset(), "alarm")
_BROKER = Rule(_UNBOUND | {"broker"})
_ALARM = Rule(_UNBOUND | {"broker"}, "alarm")
_ENDING = Rule(_UNBOUND | {"broker"}, "ending")
_WORKER = Rule(_UNBOUND | {"worker"})
_KEEPER = Rule(frozenset({"keeper"}), "ending")
# What root does outside of sessions: the daemon knows every process of root as a keeper.
_ROOT = Rule(_UNBOUND | {"keeper"}, "alarm")
_RELEASER = Rule(_UNBOUND | {"releaser"})
_SEALED = Rule(_UNBOUND | {"worker", "releaser"})
_ATTESTER = Rule(_UNBOUND | {"attester"})
_ANYBODY = Rule(_UNBOUND | {"broker", "worker", "releaser"}, "alarm")
# Roles that exist in a session only, by a connection that the broker restricted to it.
_OF_A_SESSION: frozenset[Role] = frozenset({"worker", "releaser"})

RULES: Mapping[type[Event], Rule] = MappingProxyType(
    {
        events.Boot: _DAEMON,
        events.BootMeasured: _ATTESTER,
        events.SealResult: _SEALED,
        events.PolicyLoaded: _WORKER,
        events.ModelPackLoaded: _WORKER,
        events.LoginGranted: _BROKER,
        events.LoginRefused: _ALARM,
        events.TokenRemoved: _ALARM,
        events.SessionOpened: _BROKER,
        events.SessionClosed: _ENDING,
        events.SessionWiped: _ENDING,
        events.SessionWipeFailed: _ENDING,
        events.WorkspaceErased: _KEEPER,
        events.MediaImported: _WORKER,
        events.ItemDiscarded: _WORKER,
        events.JobStarted: _WORKER,
        events.JobFinished: _WORKER,
        events.JobRefused: _WORKER,
        events.SimulationApplied: _WORKER,
        events.HandleMoved: _WORKER,
        events.PointsPlaced: _WORKER,
        events.DragsApplied: _WORKER,
        events.RegionChanged: _WORKER,
        events.SimulationRefused: _WORKER,
        events.PatientAgreed: _WORKER,
        events.AccuracyMeasured: _WORKER,
        events.SamePersonChecked: _WORKER,
        events.HandedOver: _WORKER,
        events.ResultRefused: _WORKER,
        events.ReleaseBegun: Rule(_UNBOUND),
        events.ReleaseRequested: _BROKER,
        events.ReleaseViewed: _BROKER,
        events.ReleaseApproved: _BROKER,
        events.ReleaseDeclined: _BROKER,
        events.ReleaseRefused: _BROKER,
        events.ReleaseTaken: _BROKER,
        events.ReleaseDropped: _ENDING,
        events.ReleaseSigned: _RELEASER,
        events.ReleaseBurned: _RELEASER,
        events.EscapeAttempt: _ANYBODY,
        events.DeviceRefused: _ALARM,
        events.UpdateInstalled: _ROOT,
        events.UpdateRefused: _ROOT,
        events.EntryRefused: _DAEMON,
        events.AuditViewed: _BROKER,
        events.MachineViewed: _BROKER,
        events.LogRead: _BROKER,
        events.LogExported: _BROKER,
        events.ClockChanged: _DAEMON,
        events.LogPruned: _DAEMON,
        events.CheckpointAnchored: _DAEMON,
        events.LedgerRolledBack: Rule(_UNBOUND | {"attester"}, "alarm"),
        events.Provisioned: _ROOT,
        events.ProvisioningRefused: _ROOT,
    }
)

_ALL_NAMES: frozenset[PseudonymKind] = frozenset(get_args(PseudonymKind))
_NAMES: Mapping[Role, frozenset[PseudonymKind]] = MappingProxyType(
    {
        "broker": frozenset({"person", "patient"}),
        "worker": frozenset({"file", "consent"}),
        "embedded": _ALL_NAMES,
        "test": _ALL_NAMES,
    }
)


def rank_of(role: Role, batch: list[AnyEvent]) -> Rank:
    """How ``batch`` of ``role`` fares when the disk is full: as its least important event does."""
    if role in _OF_A_SESSION:
        return "ordinary"
    order = get_args(Rank)
    return min((RULES[type(event)].rank for event in batch), key=order.index)


class Allowance:
    """What is left of a budget. It is full again 24 hours after its first use."""

    def __init__(self, budget: Budget, clock: Callable[[], float]) -> None:
        """``clock``: seconds, of a clock that cannot be set."""
        self._budget = self._left = budget
        self._clock = clock
        self._since = clock()

    @property
    def is_fresh(self) -> bool:
        """Whether it is full, because its 24 hours are over."""
        return self._clock() - self._since >= _DAY

    def narrow(self, budget: Budget) -> None:
        """Lower each limit to that of ``budget``, where it is lower."""
        self._budget = _least(self._budget, budget)
        self._left = _least(self._left, budget)

    def covers(self, wanted: Budget) -> bool:
        """Whether ``wanted`` is left."""
        if self.is_fresh:
            self._left, self._since = self._budget, self._clock()
        return _least(self._left, wanted) == wanted

    def take(self, wanted: Budget) -> None:
        """Take ``wanted``, which it covers."""
        left = self._left
        self._left = Budget(
            left.events - wanted.events, left.names - wanted.names, left.bytes - wanted.bytes
        )


def _least(one: Budget, other: Budget) -> Budget:
    return Budget(
        min(one.events, other.events), min(one.names, other.names), min(one.bytes, other.bytes)
    )


@dataclass(slots=True)
class Refusals:
    """Counts what was refused to ``role`` in ``session``, and says when to log it."""

    role: Role
    session: str | None = None
    _counts: dict[RefusedBecause, int] = field(default_factory=dict)
    _logged: dict[RefusedBecause, int] = field(default_factory=dict)

    def count(self, reason: RefusedBecause) -> events.EntryRefused | None:
        """Count a refusal; returns the event that is due, so that a flood of them logs a few."""
        times = self._counts[reason] = self._counts.get(reason, 0) + 1
        return self._event(reason) if times & (times - 1) == 0 else None

    def rest(self) -> list[events.EntryRefused]:
        """The events that say how many there were in the end."""
        return [self._event(why) for why, n in self._counts.items() if n != self._logged.get(why)]

    def _event(self, reason: RefusedBecause) -> events.EntryRefused:
        times = self._logged[reason] = self._counts[reason]
        return events.EntryRefused(self.role, reason, times, self.session)


@dataclass(slots=True)
class Account:
    """What all connections of one session share. ``over``: it was wiped; nothing follows."""

    allowance: Allowance
    refusals: Refusals
    connections: int = 0
    over: bool = False


@dataclass(frozen=True, slots=True)
class Restriction:
    """What the broker left to a connection: one session, and its own part of the budget."""

    session: str
    allowance: Allowance
    account: Account


@dataclass(slots=True)
class Authority:
    """What one connection may do. ``restriction``: set once, and never lifted."""

    role: Role
    restriction: Restriction | None = None

    def objection(self, batch: list[AnyEvent], size: int) -> RefusedBecause | None:
        """Why ``batch``, a request of ``size`` bytes, is refused; otherwise it is charged."""
        if not all(self.role in RULES[type(event)].roles for event in batch):
            return "kind"
        if self.restriction is None:
            return None if self.role not in _OF_A_SESSION else "session"
        own = (None, self.restriction.session)
        if self.restriction.account.over or any(_session(event) not in own for event in batch):
            return "session"
        return self._charge(Budget(len(batch), 0, size))

    def objection_to_name(self, kind: PseudonymKind, size: int) -> RefusedBecause | None:
        """Why the pseudonym of a ``kind`` is refused; otherwise it is charged."""
        if kind not in _NAMES.get(self.role, frozenset()):
            return "name"
        if self.restriction is None:
            return None if self.role not in _OF_A_SESSION else "session"
        return "session" if self.restriction.account.over else self._charge(Budget(0, 1, size))

    def objection_to_proof(self, size: int) -> RefusedBecause | None:
        """Why a releaser is shown nothing of its session; otherwise it is charged."""
        if self.role != "releaser":
            return "kind"
        if self.restriction is None or self.restriction.account.over:
            return "session"
        return self._charge(Budget(0, 0, size))

    def stamped(self, event: AnyEvent) -> AnyEvent:
        """``event`` with the session of this connection, if it has room for one and has none."""
        if self.restriction is None or getattr(event, "session", "") is not None:
            return event
        return msgspec.structs.replace(event, session=self.restriction.session)

    def _charge(self, wanted: Budget) -> RefusedBecause | None:
        if self.restriction is None:
            return None
        limits = (self.restriction.allowance, self.restriction.account.allowance)
        if not all(limit.covers(wanted) for limit in limits):
            return "budget"
        for limit in limits:
            limit.take(wanted)
        return None


class Accounts:
    """The accounts of all sessions. ``clock``: seconds, of a clock that cannot be set.

    They are in memory: a daemon that starts again knows no connection either, and counts from zero.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._accounts: dict[str, Account] = {}

    def restrict(self, authority: Authority, role: Role, session: str, budget: Budget) -> bool:
        """Restrict ``authority``; False, and nothing changes, if that would widen it."""
        present = authority.restriction
        if present is not None:
            if (authority.role, present.session) != (role, session):
                return False
            present.allowance.narrow(budget)
            present.account.allowance.narrow(budget)
            return True
        if authority.role not in _UNBOUND | {"broker"}:
            return False
        self._forget()
        fresh = Account(Allowance(budget, self._clock), Refusals(role, session))
        account = self._accounts.setdefault(session, fresh)
        if account.over:
            return False
        account.allowance.narrow(budget)
        account.connections += 1
        authority.role = role
        authority.restriction = Restriction(session, Allowance(budget, self._clock), account)
        return True

    def leave(self, authority: Authority) -> list[events.EntryRefused]:
        """A connection closed; returns the events that are due if it was the session's last."""
        if authority.restriction is None:
            return []
        account = authority.restriction.account
        account.connections -= 1
        return [] if account.connections else account.refusals.rest()

    def note(self, event: AnyEvent) -> None:
        """Take notice of a logged ``event``: after its wipe, a session has nothing to log."""
        if isinstance(event, events.SessionWiped) and event.session in self._accounts:
            self._accounts[event.session].over = True

    def _forget(self) -> None:
        """Drop the accounts that equal a new one, and of too many the oldest without connection."""
        unused = [name for name, account in self._accounts.items() if not account.connections]
        surplus = len(self._accounts) - _MOST_ACCOUNTS
        for n, session in enumerate(unused):
            if n <= surplus or self._accounts[session].allowance.is_fresh:
                del self._accounts[session]


def _session(event: AnyEvent) -> str | None:
    session: str | None = getattr(event, "session", None)
    return session

"""Every event has a rule, and every room may log what it logs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from appliance.audit.entries import events
from appliance.audit.entries.events import AnyEvent, Event
from appliance.audit.entries.fields import Role
from appliance.audit.service.authority import RULES, Allowance, rank_of
from appliance.audit.service.protocol import WORKER_BUDGET, Budget
from tests.audit.synthetic import SESSION, job_event
from tests.paths import REPOSITORY

EVENTS: frozenset[type[Event]] = frozenset(get_args(AnyEvent))
# The rooms that log, the role that each has on the appliance, and how many kinds it logs at least.
ROOMS: tuple[tuple[str, Role, int], ...] = (
    ("session", "broker", 4),
    ("worker", "worker", 4),
    ("releaser", "releaser", 1),
    ("attestation", "attester", 2),
    # Root, whom the daemon knows as a keeper.
    ("provisioning", "keeper", 2),
    ("updating", "keeper", 2),
)


def logged_in(source: str) -> Iterator[type[Event]]:
    """The kinds of events that a module makes, as ``events.Name(…)`` or ``Name(…)``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = node.func
            name = str(getattr(called, "attr", None) or getattr(called, "id", ""))
            of_events = not isinstance(called, ast.Attribute) or (
                isinstance(called.value, ast.Name) and called.value.id == "events"
            )
            kind = getattr(events, name, None)
            if of_events and kind in EVENTS and "events" in source:
                yield kind


def test_every_event_has_a_rule() -> None:
    assert RULES.keys() == EVENTS


@pytest.mark.parametrize(("room", "role", "least"), ROOMS)
def test_a_room_may_log_what_it_logs(room: str, role: Role, least: int) -> None:
    sources = [path.read_text() for path in (REPOSITORY / "appliance" / room).rglob("*.py")]
    made = {kind for source in sources for kind in logged_in(source)}
    assert len(made) >= least
    assert {kind for kind in made if role not in RULES[kind].roles} == set()


def test_an_event_that_its_room_may_not_log_is_found() -> None:
    source = "from appliance.audit.entries import events\nevents.SessionWiped(s, k)"
    assert list(logged_in(source)) == [events.SessionWiped]
    assert "worker" not in RULES[events.SessionWiped].roles


def test_only_the_daemon_logs_its_own_events() -> None:
    own = {kind for kind, rule in RULES.items() if not rule.roles}
    assert own == {
        events.Boot,
        events.ClockChanged,
        events.EntryRefused,
        events.LogPruned,
        events.CheckpointAnchored,
    }


def test_nothing_of_a_worker_may_use_the_reserve_of_the_disk() -> None:
    assert rank_of("worker", [events.EscapeAttempt("seccomp", "socket", 1)]) == "ordinary"
    assert rank_of("broker", [events.EscapeAttempt("seccomp", "socket", 1)]) == "alarm"


def test_a_batch_is_as_important_as_its_least_event() -> None:
    closed = events.SessionClosed(SESSION, "user", 0, 1)
    refused = events.LoginRefused("no-token")
    assert rank_of("broker", [closed]) == "ending"
    assert rank_of("broker", [closed, refused]) == "alarm"
    assert rank_of("embedded", [closed, refused, job_event(1)]) == "ordinary"


def test_an_allowance_is_full_again_after_a_day() -> None:
    now = [0.0]
    allowance = Allowance(Budget(2, 0, 100), lambda: now[0])
    wanted = Budget(2, 0, 60)
    assert allowance.covers(wanted)
    allowance.take(wanted)
    now[0] = 24 * 3600 - 1.0
    assert not allowance.covers(wanted)
    now[0] += 1
    assert allowance.covers(wanted)
    assert not allowance.covers(Budget(0, 1, 0))


def test_an_allowance_can_only_be_narrowed() -> None:
    allowance = Allowance(Budget(5, 5, 5), lambda: 0.0)
    allowance.narrow(WORKER_BUDGET)
    assert not allowance.covers(Budget(6, 0, 0))
    allowance.narrow(Budget(9, 1, 9))
    assert allowance.covers(Budget(5, 1, 5))
    assert not allowance.covers(Budget(0, 2, 0))


def test_the_source_of_every_room_that_logs_was_looked_at() -> None:
    folders = {
        path.relative_to(REPOSITORY / "appliance").parts[0]
        for path in (REPOSITORY / "appliance").rglob("*.py")
        if "AuditClient" in path.read_text() and Path("audit") not in path.parents
    }
    assert folders == {
        "attestation",
        "audit",
        "cli",
        "provisioning",
        "releaser",
        "session",
        "updating",
        "worker",
    }  # a command may log any event

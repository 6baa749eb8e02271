"""Events for tests."""

from __future__ import annotations

from appliance.audit.entries.events import AnyEvent, JobFinished, Role

SESSION = "0123456789abcdef"
RESULT = "ab" * 32


def job_event(number: int) -> JobFinished:
    """An event that can be told from others by its job."""
    return JobFinished(SESSION, number, RESULT, 1, 1, 7)


def with_role(*events: AnyEvent, role: Role = "test") -> list[tuple[Role, AnyEvent]]:
    """``events`` as a recorder takes them."""
    return [(role, event) for event in events]

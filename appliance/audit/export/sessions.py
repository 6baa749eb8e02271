"""What the log says of each session, from its opening to its erasure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from appliance.audit.entries import events
from appliance.audit.entries.entry import Entry
from appliance.audit.entries.reader import LogLine

_DAY = 86_400_000  # milliseconds


@dataclass(slots=True)
class SessionSummary:
    """One session; times in milliseconds since 1970, ``None`` where the log has no such event."""

    session: str
    first: int
    opened: int | None = None
    closed: int | None = None
    reason: str = ""
    erasure: str = ""
    failed: bool = False
    finished: int = 0
    refused: int = 0
    handed_over: int = 0
    released: int = 0
    training: bool = False

    @property
    def start(self) -> int:
        """When it was opened, or else its first event."""
        return self.opened or self.first

    @property
    def within_a_day(self) -> bool:
        """Whether it was closed on the day (UTC) on which it started."""
        return self.closed is not None and self.closed // _DAY == self.start // _DAY

    @property
    def erasure_missing(self) -> bool:
        """Whether it was opened and closed, but neither wiped nor reported as not wiped."""
        return self.opened is not None and self.closed is not None and not self.erasure


def summarise_sessions(lines: Iterable[LogLine]) -> list[SessionSummary]:
    """All sessions that an event of ``lines`` names, in the order of their first event."""
    found: dict[str, SessionSummary] = {}
    for line in lines:
        name = getattr(line.entry.event, "session", None)
        if name is None:
            continue
        session = found.setdefault(name, SessionSummary(name, line.entry.at))
        _take(session, line.entry)
    return list(found.values())


def _take(session: SessionSummary, entry: Entry) -> None:
    match entry.event:
        case events.SessionOpened(purpose=purpose):
            session.opened, session.training = entry.at, purpose == "training"
        case events.SessionClosed(reason=reason):
            session.closed, session.reason = entry.at, reason
        case events.SessionWiped(method=method):
            session.erasure, session.failed = method, False
        case events.SessionWipeFailed(step=step):
            session.erasure, session.failed = f"failed: {step}", True
        case events.JobFinished():
            session.finished += 1
        case events.JobRefused():
            session.refused += 1
        case events.HandedOver():
            session.handed_over += 1
        case events.ReleaseTaken():
            session.released += 1
        case _:
            pass

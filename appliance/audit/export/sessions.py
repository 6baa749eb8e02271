"""What the log says of each session, from its opening to its erasure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from appliance.audit.entries import events
from appliance.audit.entries.entry import Entry
from appliance.audit.entries.reader import LogLine
from appliance.audit.export.labels import labels

_DAY = 86_400_000  # milliseconds


@dataclass(slots=True)
class SessionSummary:
    """One session; times in milliseconds since 1970, ``None`` where the log has no such event.

    ``first`` is the time of its first event, ``index`` that of this entry, ``last`` that of its
    last one. ``proven``: whether canaries were readable before its erasure. ``alarms``: what failed
    or was refused in it.
    """

    session: str
    first: int
    index: int = 0
    last: int = 0
    subject: str | None = None
    patient: str | None = None
    opened: int | None = None
    closed: int | None = None
    reason: str = ""
    erasure: str = ""
    failed: bool = False
    proven: bool = False
    imported: int = 0
    finished: int = 0
    simulated: int = 0
    refused: int = 0
    handed_over: int = 0
    released: int = 0
    training: bool = False
    alarms: int = 0

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


class SessionSummaries:
    """All sessions that events name, as entry after entry is taken."""

    def __init__(self) -> None:
        self._found: dict[str, SessionSummary] = {}

    def take(self, entry: Entry) -> SessionSummary | None:
        """Count ``entry``, which follows those before; the session that it names."""
        name = getattr(entry.event, "session", None)
        if name is None:
            return None
        session = self._found.get(name)
        if session is None:
            session = self._found[name] = SessionSummary(name, entry.at, entry.seq)
        session.last = entry.seq
        _take(session, entry)
        return session

    def find(self, session: str) -> SessionSummary | None:
        """That of one session."""
        return self._found.get(session)

    def all(self) -> list[SessionSummary]:
        """In the order of their first event."""
        return list(self._found.values())


def summarise_sessions(lines: Iterable[LogLine]) -> list[SessionSummary]:
    """All sessions that an event of ``lines`` names, in the order of their first event."""
    found = SessionSummaries()
    for line in lines:
        found.take(line.entry)
    return found.all()


def _take(session: SessionSummary, entry: Entry) -> None:
    session.alarms += labels(entry.event).failed
    match entry.event:
        case events.SessionOpened(subject=subject, patient=patient, purpose=purpose):
            session.opened, session.subject, session.patient = entry.at, subject, patient
            session.training = purpose == "training"
        case events.SessionClosed(reason=reason):
            session.closed, session.reason = entry.at, reason
        case events.SessionWiped(method=method, before=before):
            session.erasure, session.failed, session.proven = method, False, before > 0
        case events.SessionWipeFailed(step=step):
            session.erasure, session.failed = f"failed: {step}", True
        case events.MediaImported():
            session.imported += 1
        case events.JobFinished():
            session.finished += 1
        case events.SimulationApplied():
            session.simulated += 1
        case events.JobRefused():
            session.refused += 1
        case events.HandedOver():
            session.handed_over += 1
        case events.ReleaseTaken():
            session.released += 1
        case _:
            pass

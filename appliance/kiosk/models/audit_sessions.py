"""The sessions of the machine on a line of time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.models.audit_line import AuditLine
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.models.times import DAY, date, minute
from appliance.protocols import auditor_api as api
from appliance.wire.message import Empty

PAGE = 20  # sessions
_LEAST_DAYS = 7  # that the line of time shows
_MOST_TICKS = 8  # days with a date written to them


class Row(msgspec.Struct, frozen=True):
    """A session. ``start`` and ``end``: shares of the line of time. ``minutes``: below 0 if open.

    ``reason``: how it ended, or nothing.
    """

    session: str
    begun: str
    start: float
    end: float
    minutes: int
    reason: str
    wiped: api.Wiped
    subject: str
    imports: int
    jobs: int
    releases: int
    refusals: int
    training: bool


class Column(msgspec.Struct, frozen=True):
    """A day. ``start`` and ``width``: shares of the line of time; ``height``: of the most entries.

    ``alarms``: entries that record a failure or a refusal.
    """

    start: float
    width: float
    height: float
    alarms: int


class Tick(msgspec.Struct, frozen=True):
    """A date that is written to the line of time, at a share of it."""

    at: float
    date: str


class AuditSessionsState(msgspec.Struct, frozen=True):
    """``page``: from 1, the newest sessions first."""

    rows: list[Row] = []
    columns: list[Column] = []
    ticks: list[Tick] = []
    page: int = 1
    more: bool = False
    loading: bool = False
    loaded: bool = False


class AuditSessions(Model[AuditSessionsState]):
    """``open`` is called with the session whose entries are wanted."""

    def __init__(self, shared: Shared, line: AuditLine, opened: Callable[[str], None]) -> None:
        super().__init__(AuditSessionsState())
        self._shared = shared
        self._line = line
        self._opened = opened
        self._begins: list[int | None] = [None]  # before which entry each page begins
        self._last: int | None = None
        self._days: Sequence[api.Day] = ()

    def forget(self) -> None:
        """Drop what the log says."""
        self._begins, self._last, self._days = [None], None, ()
        self.show(**msgspec.structs.asdict(AuditSessionsState()))

    def load(self) -> None:
        """Show the newest sessions, and how many entries each day has."""
        self._begins = [None]

        def answered(days: api.Days) -> None:
            self._days = days.days
            self._load()

        def failed(_: Refusal) -> None:
            self.show(loading=False)

        self.show(loading=True)
        self._line.ask("Days", Empty(), api.Days, answered, failed)

    @action
    def older(self) -> None:
        """The next page."""
        if self.state.more and not self.state.loading:
            self._begins.append(self._last)
            self._load()

    @action
    def newer(self) -> None:
        """The page before."""
        if len(self._begins) > 1 and not self.state.loading:
            self._begins.pop()
            self._load()

    @action
    def open(self, session: str) -> None:
        """Look at the entries of a session."""
        if any(row.session == session for row in self.state.rows):
            self._opened(session)

    def _load(self) -> None:
        self.show(loading=True)

        def answered(found: api.Sessions) -> None:
            self._last = found.sessions[-1].first if found.sessions else None
            begin, end = _span(found.sessions, self._days)
            self.show(
                rows=[row_of(one, begin, end) for one in found.sessions],
                columns=columns_of(self._days, begin, end),
                ticks=ticks_of(begin, end),
                page=len(self._begins),
                more=found.more,
                loading=False,
                loaded=True,
            )

        def failed(_: Refusal) -> None:
            self.show(loading=False)

        wanted = api.AskSessions(self._begins[-1], PAGE)
        self._line.ask("Sessions", wanted, api.Sessions, answered, failed)


def _span(sessions: Sequence[api.SessionSummary], days: Sequence[api.Day]) -> tuple[int, int]:
    """The whole days that these sessions lie in, from the first one's begin to the last one's end.

    Without sessions the newest of ``days``.
    """
    times = [time for one in sessions for time in (one.begun, one.closed or one.begun)]
    times = times or [one.day for one in days] or [0]
    begin = min(times) // DAY * DAY
    end = max(times) // DAY * DAY + DAY
    return min(begin, end - _LEAST_DAYS * DAY), end


def row_of(one: api.SessionSummary, begin: int, end: int) -> Row:
    """A session on the line of time from ``begin`` to ``end``."""
    closed = one.closed
    over = end if closed is None else closed
    return Row(
        session=one.session,
        begun=minute(one.begun),
        start=_share(one.begun, begin, end),
        end=_share(over, begin, end),
        minutes=-1 if closed is None else round((closed - one.begun) / 60_000),
        reason=one.reason or "",
        wiped=one.wiped,
        subject=(one.subject or "")[:8],
        imports=one.imports,
        jobs=one.jobs,
        releases=one.releases,
        refusals=one.refusals,
        training=one.training,
    )


def columns_of(days: Sequence[api.Day], begin: int, end: int) -> list[Column]:
    """The days between ``begin`` and ``end``, the highest of them 1 high."""
    shown = [one for one in days if begin <= one.day < end]
    most = max((one.entries for one in shown), default=1)
    width = DAY / (end - begin)
    return [
        Column(_share(one.day, begin, end), width, one.entries / most, one.alarms) for one in shown
    ]


def ticks_of(begin: int, end: int) -> list[Tick]:
    """Dates along the line of time, as many as have room."""
    days = (end - begin) // DAY
    step = -(-days // _MOST_TICKS)
    places = range(begin, end, step * DAY)
    return [Tick(_share(day, begin, end), date(day)[5:]) for day in places]


def _share(at: int, begin: int, end: int) -> float:
    return min(1.0, max(0.0, (at - begin) / (end - begin)))

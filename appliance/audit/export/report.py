"""The report: one HTML file that fetches nothing, to read and to print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from appliance.audit.entries import events
from appliance.audit.entries.reader import LogLine
from appliance.audit.export.colours import COLOURS
from appliance.audit.export.labels import Group, details, kind, labels
from appliance.audit.export.pages import render
from appliance.audit.export.sessions import summarise_sessions
from appliance.audit.export.simulations import in_words, summarise_simulations
from appliance.audit.export.timeline import timeline
from appliance.audit.verification.verify import Verification

LISTED = 2000
"""A list of events ends here; the CSV table of the same bundle holds all of them."""

_LEGEND: Mapping[Group, str] = {
    "work": "Work",
    "people": "People and sessions",
    "release": "Releases",
    "alarm": "Refusals and alarms",
    "system": "System",
}


@dataclass(frozen=True, slots=True)
class TallyTile:
    """A number at the head of the report; ``alarm``: shown in red.

    ``None``: no entry is about it. That is not recorded, which does not mean that it never was.
    """

    label: str
    number: int | None
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class EventRow:
    """An entry in a table of events; ``at`` in milliseconds since 1970.

    ``words``: what it says, where codes alone would not be understood.
    """

    index: int
    at: int
    colour: str
    title: str
    by: str
    words: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class EventTable:
    """The first rows of a table of events, and how many more there are."""

    rows: tuple[EventRow, ...]
    unlisted: int


def html_report(lines: Sequence[LogLine], verification: Verification, vkey: str) -> str:
    """The HTML text for ``lines``, with what ``verification`` found in the whole log."""
    return render(
        "report.html.j2",
        title="Audit report",
        period=(lines[0].entry.at, lines[-1].entry.at) if lines else None,
        verification=verification,
        vkey=vkey,
        tally=_tally(lines),
        chart=timeline(lines) if lines else None,
        legend=[(_LEGEND[group], colour) for group, colour in COLOURS.items()],
        sessions=summarise_sessions(lines),
        simulations=summarise_simulations(lines),
        alarms=_table([line for line in lines if _group(line) == "alarm"]),
        releases=_table([line for line in lines if _group(line) == "release"]),
        loaded=_loaded(lines),
        everything=_table(lines),
    )


def _tally(lines: Sequence[LogLine]) -> list[TallyTile]:
    kinds = Counter(kind(line.entry.event) for line in lines)
    alarms = sum(_group(line) == "alarm" for line in lines)
    return [
        TallyTile("Entries", len(lines)),
        TallyTile("Sessions", len(summarise_sessions(lines))),
        TallyTile("Jobs finished", kinds["job-finished"]),
        TallyTile("Jobs refused", kinds["job-refused"]),
        TallyTile("Handed over", kinds["handed-over"] or None),
        TallyTile("Released", kinds["release-taken"] or None),
        TallyTile("Refusals, alarms", alarms, alarm=alarms > 0),
    ]


def _group(line: LogLine) -> Group:
    return labels(line.entry.event).group


def _table(lines: Sequence[LogLine]) -> EventTable:
    return EventTable(tuple(map(_row, lines[:LISTED])), max(0, len(lines) - LISTED))


def _row(line: LogLine) -> EventRow:
    entry, label = line.entry, labels(line.entry.event)
    fields = tuple((name, value) for name, value in details(entry.event).items() if value)
    return EventRow(
        entry.seq,
        entry.at,
        COLOURS[label.group],
        label.title,
        entry.by,
        in_words(entry.event),
        fields,
    )


def _loaded(lines: Iterable[LogLine]) -> dict[str, tuple[str, int]]:
    """By SHA-256: which kind of thing was loaded, and when first (milliseconds since 1970)."""
    loaded: dict[str, tuple[str, int]] = {}
    for line in lines:
        match line.entry.event:
            case events.PolicyLoaded(policy=digest):
                loaded.setdefault(digest, ("Policy", line.entry.at))
            case events.ModelPackLoaded(pack=digest):
                loaded.setdefault(digest, ("Model pack", line.entry.at))
            case _:
                pass
    return loaded

"""What the log says of each simulation, in words that need no table of codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import singledispatch

from appliance.audit.entries import events
from appliance.audit.entries.events import Event
from appliance.audit.entries.fields import RegionMode
from appliance.audit.entries.reader import LogLine
from appliance.policy.handles import HandleName

_OTHER_UNITS: dict[HandleName, str] = {"tip-rotation": "°", "symmetry": " %"}
_SHOWS = {"wished": "", "least": " (the least to be expected)"}
_REGIONS: dict[RegionMode, str] = {
    "line": "got its fine structure from the other half of the face",
    "region": "got its skin from the other half of the face",
    "shape": "got its shape from the other half of the face",
    "mean": "was brought to the mean shape of faces",
}
_ALL = 100  # percent
_BECAUSE = {
    "bounds": "beyond its bounds",
    "policy": "not allowed by the site's policy",
    "likeness": "together they would show another person's face",
}


@dataclass(slots=True)
class SimulationSummary:
    """One simulated photo: job ``job`` of a session; times in milliseconds since 1970.

    ``photo``: its SHA-256. ``item``: the pseudonym under which it was imported, "" where the log
    does not name it. ``words``: what was done to it. ``result``: the SHA-256 of what came out, ""
    where nothing did.
    """

    session: str
    job: int
    at: int
    photo: str
    item: str
    words: list[str] = field(default_factory=list)
    result: str = ""


def summarise_simulations(lines: Iterable[LogLine]) -> list[SimulationSummary]:
    """All simulations that ``lines`` name, in the order of their first event."""
    found: dict[tuple[str, int], SimulationSummary] = {}
    for line in lines:
        match line.entry.event:
            case events.SimulationApplied(session=session, job=job, photo=photo, item=item):
                found[session, job] = SimulationSummary(
                    session, job, line.entry.at, photo, item or ""
                )
            case events.JobFinished(session=session, job=job, result=result):
                if (session, job) in found:
                    found[session, job].result = result
            case (
                events.HandleMoved()
                | events.PointsPlaced()
                | events.DragsApplied()
                | events.RegionChanged()
            ) as event:
                if (event.session, event.job) in found:
                    found[event.session, event.job].words.append(in_words(event))
            case _:
                pass
    return list(found.values())


@singledispatch
def in_words(event: Event) -> str:
    """What an event of a simulation says, as a person would; "" for any other event."""
    del event
    return ""


@in_words.register
def _(event: events.SimulationApplied) -> str:
    del event
    return "the photo was changed without a source"


@in_words.register
def _(event: events.HandleMoved) -> str:
    return f"{event.handle} {_amount(event.thousandths, event.handle)}{_SHOWS[event.shows]}"


@in_words.register
def _(event: events.PointsPlaced) -> str:
    how = "" if event.face == "found" else "; the network found no face"
    return f"{event.points} points set by hand{how}"


@in_words.register
def _(event: events.DragsApplied) -> str:
    return f"{event.drags} places dragged by hand, by {event.longest / 1000:g} mm at most"


@in_words.register
def _(event: events.RegionChanged) -> str:
    part = "" if event.share == _ALL else f", {event.share} % of the way"
    return f"a region of {event.area} mm² {_REGIONS[event.mode]}{part}"


@in_words.register
def _(event: events.PatientAgreed) -> str:
    return f"the patient ticked {event.sentences} sentences, and agrees that it leaves"


@in_words.register
def _(event: events.SimulationRefused) -> str:
    asked = {"drag": "a drag", "region": "a region drawn by hand", "handle": "handles"}
    what = event.handle or asked[event.what]
    if event.thousandths is not None:
        what += f" {_amount(event.thousandths, event.handle)}"
    return f"{what}: refused, {_BECAUSE[event.reason]}"


def _amount(thousandths: int, handle: HandleName | None) -> str:
    unit = " mm" if handle is None else _OTHER_UNITS.get(handle, " mm")
    return f"{thousandths / 1000:+g}{unit}"

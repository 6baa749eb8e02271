"""The text and pictures of a report, for HTML and PDF alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from appliance.audit.export.certificate.facts import Fact
from appliance.cli.simulate.report.pictures import Picture, compared, explained
from appliance.cli.simulate.report.request import ReportRequest, Result
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.measuring.measurer import (
    TURN_ERROR,
    Measurement,
    Measurer,
    Reading,
)
from appliance.pipeline.simulation.measuring.measures import MEASURES
from appliance.pipeline.simulation.measuring.scatter import BY_HAND, SYMMETRICAL
from appliance.pipeline.simulation.scale import Yardstick

TITLE = "Simulation"
UNCHANGED = "\N{EN DASH}"

_DECIMALS = MappingProxyType({"mm": 1, "deg": 1, "%": 0, "ratio": 2})
_UNITS = MappingProxyType({"mm": " mm", "deg": "°", "%": " %", "ratio": ""})
_BY: Mapping[Yardstick, str] = MappingProxyType(
    {
        "iris": "by the irises",
        "length": "by a length that was given",
        "population": "by the mean of adults' faces",
    }
)


@dataclass(frozen=True, slots=True)
class Table:
    """``heads`` and ``rows`` of as many cells; the first column names what a row is about."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """Of a measure, and the ``source`` of the definition."""

    name: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Content:
    """All that is on the page. ``headline``: name and date, where they are to be printed.

    ``title``: over it.
    """

    headline: tuple[str, ...]
    compared: tuple[Picture, ...]
    explained: tuple[Picture, ...]
    handles: Table
    measures: Table
    notes: tuple[str, ...]
    definitions: tuple[Definition, ...]
    facts: tuple[Fact, ...]
    proof: str | None
    title: str = TITLE


PROVED = "Proof that this photo's simulation was logged"
HOW_TO_CHECK = (
    "A C2SP tlog-proof of the log entry that names the photo; the entries behind it name the "
    "handles. Any machine can check it against the log's public key, with the program"
)
NOT_LOGGED = "This simulation was not logged: nothing proves when and with which values it was made"


def content(request: ReportRequest) -> Content:
    """Measure the face before and after, and draw the pictures."""
    measurer = Measurer()
    wished, *least = (
        measurer.measure(request.view, request.points, result.mesh)
        for result in reversed(request.results)
    )
    return Content(
        headline=tuple(line for line in (request.name, request.date) if line),
        compared=compared(request),
        explained=explained(request, wished),
        handles=_handles(request),
        measures=_measures(wished, least[0] if least else None),
        notes=tuple(_notes(request, wished)),
        definitions=tuple(_definitions(wished)),
        facts=tuple(_facts(request)),
        proof=None if request.proof is None else request.proof.text,
    )


def _handles(request: ReportRequest) -> Table:
    results = request.results
    names = [name for name in HANDLES if any(name in one.values for one in results)]
    heads = ("least", "wished")[-len(results) :]
    rows = [
        (
            name,
            *(_number(one.values.get(name, 0.0), HANDLES[name].unit, sign=True) for one in results),
            _bounds(name),
            _moved(request.wished, name, request.view.scale.error),
        )
        for name in names
    ]
    return Table(("Handle", *heads, "bounds", "moves"), tuple(rows))


def _bounds(name: str) -> str:
    handle = HANDLES[name]
    return f"{handle.low:g} to {handle.high:g}{_UNITS[handle.unit]}"


def _moved(result: Result, name: str, error: float) -> str:
    if name not in result.moved:
        return UNCHANGED
    moved = result.moved[name] * result.share
    return _with_error(moved, moved * error, "mm")


def _measures(wished: Measurement, least: Measurement | None) -> Table:
    heads = ["Measure", "before"]
    if least is not None:
        heads.append("least")
    heads += ["wished", "change as wished"]
    rows = []
    for number, reading in enumerate(wished.readings):
        cells = [reading.name, _with_error(reading.before, reading.error, reading.unit)]
        if least is not None:
            cells.append(_after(least.readings[number]))
        change = reading.change or 0.0
        small = abs(change) < 0.5 * 10 ** -_DECIMALS[reading.unit]
        cells.append(_after(reading))
        cells.append(
            UNCHANGED
            if small
            else _with_error(change, reading.change_error, reading.unit, sign=True)
        )
        rows.append(tuple(cells))
    return Table(tuple(heads), tuple(rows))


def _after(reading: Reading) -> str:
    """The value after, so rounded that it is the value before plus the change, as printed."""
    decimals = _DECIMALS[reading.unit]
    value = round(reading.before, decimals) + round(reading.change or 0.0, decimals)
    return _number(value, reading.unit)


def _number(value: float, unit: str, *, sign: bool = False) -> str:
    decimals = _DECIMALS[unit]
    rounded = round(value, decimals) + 0.0  # never "-0.0"
    return f"{rounded:{'+' if sign and rounded else ''}.{decimals}f}{_UNITS[unit]}"


def _with_error(value: float, error: float, unit: str, *, sign: bool = False) -> str:
    """With an error that is never shown as nothing."""
    decimals = _DECIMALS[unit]
    plain = _number(value, unit, sign=sign).removesuffix(_UNITS[unit])
    return f"{plain} ± {max(error, 10**-decimals):.{decimals}f}{_UNITS[unit]}"


def _notes(request: ReportRequest, wished: Measurement) -> Iterator[str]:
    for name, reason in request.left_out.items():
        yield f"Left out here: {name}, because {reason}."
    for result, what in zip(request.results[::-1], ("wished", "least"), strict=False):
        if result.share < 1:
            yield (
                f"Reduced to {100 * result.share:.0f} % of what was asked ({what}), because the "
                "picture would fold."
            )
    yield "Moves: the longest way of a point of the face in the picture, as wished."
    modes = {region.mode for region in request.regions}
    if modes - {"mean"}:
        yield (
            "What was taken from the other half of the face is mirrored, and not as it was before: "
            "the halves of healthy faces differ by 1 to 2 mm."
        )
    if "mean" in modes:
        yield (
            "The mean is that of the mesh network's canonical face, whose makers do not say whose "
            "mean it is: of no age, sex or people."
        )
    if request.mirrored:
        yield "The pictures are mirrored, as the person knows the own face."
    if request.result_mirrored:
        yield "The result's file is mirrored, as the person knows the own face."
    reasons = dict.fromkeys(refusal.reason for refusal in wished.refusals)
    for reason in reasons:
        names = ", ".join(one.name for one in wished.refusals if one.reason == reason)
        yield f"Not measured: {names}. {reason}"
    if wished.readings:
        yield (
            "± is one standard deviation: of the points' scatter over jittered crops "
            f"(for points set by hand {BY_HAND} mm are assumed), of the scale, and of "
            f"{TURN_ERROR:.0f}° of pose. That is repeatability, not accuracy: on rendered heads "
            "the points that the network proposes lie 2 mm off on average, and it draws what it "
            "expects of a face. In a change the scatter of the points cancels. After the "
            "simulation the same points are measured where it moved them; they are not looked for "
            "again."
        )
    if any(reading.name == "asymmetry" for reading in wished.readings):
        yield (
            f"The scatter alone gives a symmetrical face an asymmetry of {SYMMETRICAL} mm on "
            "average."
        )


def _definitions(wished: Measurement) -> Iterator[Definition]:
    for reading in wished.readings:
        measure = MEASURES[reading.name]
        yield Definition(measure.name, measure.definition, measure.source)


def _facts(request: ReportRequest) -> Iterator[Fact]:
    view, scale = request.view, request.view.scale
    yaw, pitch = round(view.yaw), round(view.pitch)
    yield Fact("Pose", f"yaw {yaw:+d}°, pitch {pitch:+d}°")
    yield Fact("Scale", f"{scale.mm:.3f} mm a pixel ± {100 * scale.error:.1f} %, {_BY[scale.by]}")
    if request.points:
        yield Fact("Points set by hand", str(len(request.points)))
    if request.drags:
        longest = _number(max(request.drags), "mm")
        yield Fact("Dragged by hand", f"{len(request.drags)}, the longest by {longest}")
    for region in request.regions:
        yield Fact("Region", f"{region.words}; {region.area(scale.mm):.0f} mm²")
    yield Fact("Photo, SHA-256", request.photo_sha256, exact=True)
    labels = ("least", "wished")[-len(request.results) :]
    for result, label in zip(request.results, labels, strict=True):
        if result.sha256 is not None:
            yield Fact(f"Result, {label}, SHA-256", result.sha256, exact=True)
    if request.proof is None:
        yield Fact("Log", NOT_LOGGED)
    else:
        yield Fact("Log entry", str(request.proof.entry))
        yield Fact("Log", request.proof.vkey, exact=True)

"""When what happened: the geometry of a chart of stacked bars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from appliance.audit.entries.reader import LogLine
from appliance.audit.export.colours import COLOURS
from appliance.audit.export.labels import Group, labels

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 900, 190, 40, 8, 24  # px
_PLOT_WIDTH, _PLOT_HEIGHT = _WIDTH - _LEFT, _HEIGHT - _BOTTOM - _TOP
_WIDEST_BAR = 40  # px, its gap included
_LABEL_WIDTH = 75  # px
_LABEL_PITCH = 110  # px from one label to the next, at least
_MAX_BARS = 72
_MINUTE, _DAY = 60_000, 86_400_000  # ms
# Lengths that a person thinks in, of which the shortest is taken that needs at most _MAX_BARS.
_STEPS = tuple(
    n * _MINUTE for n in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 40320)
)

_Counts: TypeAlias = Counter[tuple[int, Group]]
"""Events by the number of the bar and the group."""


@dataclass(frozen=True, slots=True)
class GridLine:
    """A horizontal line at ``y`` (px), with the number of events that it stands for."""

    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """The part of one group in one bar, in px from the top left corner."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True, slots=True)
class AxisLabel:
    """The time at which the bar at ``x`` (px) begins."""

    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The chart, ``width`` by ``height`` px; its plot starts at ``left``."""

    width: int
    height: int
    left: int
    title: str
    grid: tuple[GridLine, ...]
    bars: tuple[Bar, ...]
    labels: tuple[AxisLabel, ...]


def timeline(lines: Sequence[LogLine]) -> Chart:
    """The chart of ``lines``, which is not empty."""
    times = [line.entry.at for line in lines]
    begin, end = min(times), max(times)
    step = next((s for s in _STEPS if (end - begin) // s < _MAX_BARS), None)
    step = step or (end - begin) // _MAX_BARS + 1
    begin -= begin % step
    counts: _Counts = Counter(
        ((line.entry.at - begin) // step, labels(line.entry.event).group) for line in lines
    )
    number = (end - begin) // step + 1
    most = max(sum(counts[bar, group] for group in COLOURS) for bar in range(number))
    pitch = min(_PLOT_WIDTH / number, _WIDEST_BAR)
    return Chart(
        _WIDTH,
        _HEIGHT,
        _LEFT,
        f"Events per {_length(step)}",
        tuple(_grid(most)),
        tuple(_bars(counts, number, most, pitch)),
        tuple(_labels(begin, step, number, pitch)),
    )


def _grid(most: int) -> Iterator[GridLine]:
    for part in (1.0, 0.5, 0.0):
        value = most * part
        y = _TOP + _PLOT_HEIGHT * (1 - part)
        yield GridLine(y, f"{value:.0f}" if value.is_integer() else "")


def _bars(counts: _Counts, number: int, most: int, pitch: float) -> Iterator[Bar]:
    for bar in range(number):
        top = float(_TOP + _PLOT_HEIGHT)
        for group, colour in COLOURS.items():
            height = counts[bar, group] / most * _PLOT_HEIGHT
            top -= height
            if height:
                yield Bar(_LEFT + bar * pitch + 1, top, max(pitch - 2, 1), height, colour)


def _labels(begin: int, step: int, number: int, pitch: float) -> Iterator[AxisLabel]:
    form = "%d %b %H:%M" if step < _DAY else "%d %b %Y"
    for bar in range(0, number, max(1, round(_LABEL_PITCH / pitch))):
        x = _LEFT + bar * pitch
        if x > _WIDTH - _LABEL_WIDTH:
            return
        moment = datetime.fromtimestamp((begin + bar * step) / 1000, UTC)
        yield AxisLabel(x, moment.strftime(form))


def _length(step: int) -> str:
    minutes = step // _MINUTE
    if minutes % 1440 == 0:
        return f"{minutes // 1440} d"
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"

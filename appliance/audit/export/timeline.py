"""When what happened, as a row of stacked bars (SVG)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from appliance.audit.entries.reader import LogLine
from appliance.audit.export.labels import labels
from appliance.audit.export.style import COLOURS

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 900, 190, 40, 24
_LABEL = 75  # width of one
_BARS = 72
_MINUTE, _DAY = 60_000, 86_400_000
# Lengths that a person thinks in: the shortest that needs no more bars than there is room for.
_STEPS = tuple(
    n * _MINUTE for n in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 40320)
)


def timeline(lines: Sequence[LogLine]) -> str:
    """An ``<svg>``; ``lines`` is not empty."""
    times = [line.entry.at for line in lines]
    begin, end = min(times), max(times)
    step = next((s for s in _STEPS if (end - begin) // s < _BARS), (end - begin) // _BARS + 1)
    begin -= begin % step
    counts = Counter(
        ((line.entry.at - begin) // step, labels(line.entry.event).group) for line in lines
    )
    bars = (end - begin) // step + 1
    most = max(sum(counts[bar, group] for group in COLOURS) for bar in range(bars))
    plot_width, plot_height = _WIDTH - _LEFT, _HEIGHT - _BOTTOM - 8
    pitch = min(plot_width / bars, 40)
    parts = []
    for part in (1.0, 0.5, 0.0):
        y = 8 + plot_height * (1 - part)
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{y}" y2="{y}" stroke="#dde1e6"/>')
        if most * part == int(most * part):
            parts.append(
                f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{most * part:.0f}</text>'
            )
    for bar in range(bars):
        top = 8.0 + plot_height
        for group, colour in COLOURS.items():
            height = counts[bar, group] / most * plot_height
            top -= height
            if height:
                parts.append(
                    f'<rect x="{_LEFT + bar * pitch + 1:.1f}" y="{top:.1f}" '
                    f'width="{max(pitch - 2, 1):.1f}" height="{height:.1f}" fill="{colour}"/>'
                )
    label_every = max(1, round(110 / pitch))
    for bar in range(0, bars, label_every):
        if _LEFT + bar * pitch > _WIDTH - _LABEL:
            break
        text = _label(begin + bar * step, with_time=step < _DAY)
        parts.append(f'<text x="{_LEFT + bar * pitch:.1f}" y="{_HEIGHT - 6}">{text}</text>')
    title = f"Events a {_length(step)}"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{title}">'
        f"{''.join(parts)}</svg>"
    )


def _label(milliseconds: int, *, with_time: bool) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.strftime("%d %b %H:%M" if with_time else "%d %b %Y")


def _length(step: int) -> str:
    minutes = step // _MINUTE
    if minutes % 1440 == 0:
        return f"{minutes // 1440} d"
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"

"""One set of values over the five views of a series: what the same landmark moves by in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.perspective_pose import MM
from appliance.pipeline.face_model.shape import facing
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.media.canvas import Box
from appliance.pipeline.simulation.view import View
from tests.bench.simulation_points import Turned
from tests.pipeline.simulation.displacement import KNOWN, SIZE, DisplacementMeter
from tests.pipeline.simulation.lit import LitHead

WAYS = ("true", "points alone")
VIEWS = (-88, -40, 0, 40, 88)
VISIBLE = 1 / 3  # of the landmark's move, that a view must show
SEEN = -0.15  # how squarely the landmark must face the camera: in profile, the middle line does 0


def print_table(
    console: Console, canonical: Canonical, heads: Sequence[LitHead], asked: Mapping[str, float]
) -> None:
    """The landmark's move in each view, in mm, by the length that the view truly shows of it."""
    meter = DisplacementMeter(canonical)
    seen = {way: [_views(canonical, head, way) for head in heads] for way in WAYS}
    table = Table(title="One landmark over a series: mm done of those asked, mean of the heads")
    columns = [f"{yaw}°" for yaw in VIEWS]
    for column in ("handle", "asked", *columns, "apart, true mesh", "apart, points set"):
        table.add_column(column)
    for name, value in asked.items():
        cells, apart = [], []
        for way in WAYS:
            done = np.array(
                [[_done(meter, one, view, {name: value}) for one, view in row] for row in seen[way]]
            )
            if way == "true":
                cells = [_cell(column) for column in done.T]
            apart.append(_apart(done))
        table.add_row(name, f"{meter.longest(heads[0], {name: value}):.2f}", *cells, *apart)
    console.print(table)


@dataclass(frozen=True, slots=True)
class _Turned:
    """A head as one view of the series has it."""

    head: LitHead
    yaw: int


def _views(canonical: Canonical, head: LitHead, way: str) -> list[tuple[_Turned, View]]:
    return [
        (_Turned(head, yaw), next(iter(Turned(canonical, head, yaw, None).views(way, 1))))
        for yaw in VIEWS
    ]


def _done(meter: DisplacementMeter, one: _Turned, view: View, values: Mapping[str, float]) -> float:
    """Millimetres that the landmark moves by; no number where the view does not show it."""
    move = meter.move(one.head, values)
    before, after = one.head.mesh(one.yaw), one.head.mesh(one.yaw, move / np.float32(MM))
    length = np.linalg.norm(move, axis=1)
    shown = np.hypot(*(after - before)[:, :2].T) * KNOWN.mm
    farthest = int(length.argmax())
    square = facing(after, one.head.triangles)
    landmark = max((farthest, int(meter.canonical.mirror[farthest])), key=square.__getitem__)
    if square[landmark] < SEEN or shown[landmark] < VISIBLE * length[landmark]:
        return np.nan
    field = meter.field(view, values).over(Box(0, 0, *SIZE))[0]
    lies = view.moved(meter.moved_by(view, values))[None, landmark : landmark + 1, :2]
    made = images.remapped(field, np.ascontiguousarray(lies))[0, 0]
    true = (after - before)[landmark, :2]
    return float((made @ true) / (true @ true) * length[landmark])


def _cell(done: Float) -> str:
    told = done[~np.isnan(done)]
    return f"{told.mean():.2f}" if len(told) else "-"


def _apart(done: Float) -> str:
    """How far each head's views lie apart, of their mean, where two show the landmark."""
    rows = [row[~np.isnan(row)] for row in done]
    spread = [float(np.ptp(row) / row.mean()) for row in rows if len(row) > 1]
    return f"{np.mean(spread):.0%}, most {max(spread):.0%}" if spread else "-"

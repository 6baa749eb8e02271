"""What handles do on rendered heads, with the network alone and with points set by hand.

python -m tests.bench.simulation_points [DRAWS]

For each yaw and handle: the gain (1 where all that was asked is done), and the mean and the 95th
percentile of the error of the displacement in millimetres; means over people and draws of the
points, which have a noise of 0.7 mm. *True* is the true mesh: what the warp itself can do.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

import numpy as np
from rich.console import Console
from rich.table import Table

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.run import read_source
from appliance.pipeline.simulation.bending import MeshBender
from appliance.pipeline.simulation.points import PointSet
from appliance.pipeline.simulation.view import View, ViewEstimator
from tests.bench.quality import load_pipeline, portraits
from tests.pipeline.heads import Head
from tests.pipeline.pictures import mesh_source
from tests.pipeline.simulation.displacement import (
    SIZE,
    Displacement,
    DisplacementMeter,
    known,
    set_by_hand,
)

# The kernel was chosen on the first two.
PEOPLE = ("b_1", "c_1", "d_1", "e_1")
YAWS = (0, 20, 40, 60, 75, 88)
ASKED: Mapping[str, float] = {
    "tip-projection": 4, "tip-rotation": 8, "hump": 3, "radix": 3, "alar-width": 4,
    "bridge-width": 4, "nose-deviation": 3, "chin-projection": 6, "chin-height": 5,
    "jaw-width": -8, "brow-height": 3,
}  # fmt: skip
# What moves along the line of sight, or lies on the hidden side, shows nothing to be measured.
UNSEEN: Mapping[int, frozenset[str]] = {
    0: frozenset(("tip-projection", "radix")),
    20: frozenset(),
    40: frozenset(),
    60: frozenset(),
    75: frozenset(("alar-width", "bridge-width", "nose-deviation")),
    88: frozenset(("alar-width", "bridge-width", "nose-deviation", "jaw-width", "brow-height")),
}
WAYS = ("true", "network", "nose points", "all points", "points alone")


class Turned:
    """One person's head at one yaw."""

    def __init__(self, canonical: Canonical, head: Head, yaw: int, mesh: Float | None) -> None:
        """``mesh``: (478, 3) as the network has it; ``None`` where it found no face."""
        self._views, self._bender = ViewEstimator(canonical), MeshBender(canonical)
        self._head, self._yaw, self._mesh = head, yaw, mesh

    def views(self, way: str, draws: int) -> Iterator[View]:
        """By one of ``WAYS``: one for each draw of the points; none without a mesh it needs."""
        if way == "true":
            yield self._views.view(self._head.mesh(self._yaw), SIZE, known(self._head, self._yaw))
        elif way == "network" and self._mesh is not None:
            yield self._views.view(self._mesh, SIZE, known(self._head, self._yaw))
        elif way == "points alone" or (way != "network" and self._mesh is not None):
            mesh = None if way == "points alone" else self._mesh
            sets: tuple[PointSet, ...] = ("nose",) if way == "nose points" else ("face", "brows")
            for draw in range(draws):
                yield self._bent(sets, mesh, draw)

    def _bent(self, sets: tuple[PointSet, ...], mesh: Float | None, draw: int) -> View:
        points = set_by_hand(self._head, self._yaw, sets, draw)
        return self._bender.view(points, mesh, known(self._head, self._yaw))


def main(draws: int = 3) -> None:
    """Print the tables."""
    pipeline, photos, console = load_pipeline(), portraits(), Console(width=150)
    canonical = pipeline.analyser.canonical
    meter = DisplacementMeter(canonical)
    people = {
        name: Head(canonical, mesh_source(read_source(pipeline, [photos[name]]))) for name in PEOPLE
    }
    found: dict[tuple[int, str, str], list[Displacement]] = {}
    poses: dict[tuple[int, str], list[float]] = {}
    for head in people.values():
        for yaw in YAWS:
            faces = pipeline.analyser.faces(Photo(head.render(yaw, noise=yaw).image).canvas)
            turned = Turned(canonical, head, yaw, faces[0].mesh if faces else None)
            asked = {name: {name: by} for name, by in ASKED.items() if name not in UNSEEN[yaw]}
            truths = {name: meter.true(head, yaw, values) for name, values in asked.items()}
            for way in WAYS:
                for view in turned.views(way, draws):
                    poses.setdefault((yaw, way), []).append(view.yaw)
                    for name, values in asked.items():
                        one = meter.compare(truths[name], view, values)
                        found.setdefault((yaw, way, name), []).append(one)
    for way in WAYS:
        console.print(_table(way, found, poses))


def _table(
    way: str,
    found: Mapping[tuple[int, str, str], list[Displacement]],
    poses: Mapping[tuple[int, str], list[float]],
) -> Table:
    table = Table(title=f"{way}: gain, mean and 95th percentile of the error in mm")
    table.add_column("handle")
    for yaw in YAWS:
        read = poses.get((yaw, way), [])
        table.add_column(
            f"{yaw}°, read as {np.mean(read):.0f} ({len(read)})" if read else f"{yaw}°"
        )
    for name in ASKED:
        table.add_row(name, *(_cell(found.get((yaw, way, name), [])) for yaw in YAWS))
    every = [[one for name in ASKED for one in found.get((yaw, way, name), [])] for yaw in YAWS]
    table.add_row("all", *(_cell(ones) for ones in every))
    return table


def _cell(ones: list[Displacement]) -> str:
    if not ones:
        return "-"
    rows = np.array([(one.gain, one.mean, one.p95) for one in ones])
    gain, mean, p95 = rows.mean(axis=0)
    return f"{gain:.2f} ± {rows[:, 0].std():.2f}  {mean:.2f}  {p95:.2f}"


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:2]))

"""Where the handles of a simulation are honest: what pixels were moved by, and should have been.

python -m tests.bench.simulation [PERSON…]

Heads of three sample people are turned and moved; each handle at both bounds. *Gain*: 1 where
all that was asked for is there. *p95*: of the error, mm. First with the true mesh, as points set by
hand would give it, then with the network's alone.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from rich.console import Console
from rich.table import Table

from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.run import read_source
from appliance.pipeline.simulation.field import FieldSolver
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.mover import HandleMover
from appliance.pipeline.simulation.view import View, ViewEstimator
from tests.bench.quality import load_pipeline, portraits
from tests.pipeline.heads import SIDE
from tests.pipeline.pictures import mesh_source
from tests.pipeline.simulation.truth import Agreement, TrueMoves

PEOPLE = ("b_1", "e_1", "c_1")
YAWS = (0, 20, 40, 60)
TRUE, NETWORK = "points", "network"
NO_LIGHT = np.zeros(478, np.float32)


class Bench:
    """One person's head."""

    def __init__(self, pipeline: Pipeline, photo: Photo) -> None:
        canonical = pipeline.analyser.canonical
        self._analyser = pipeline.analyser
        self._truth = TrueMoves(canonical, mesh_source(read_source(pipeline, [photo])))
        self._views, self._mover = ViewEstimator(canonical), HandleMover(canonical)
        self._solver = FieldSolver(canonical)

    def agreements(self) -> Iterator[tuple[str, str, int, Agreement]]:
        """Handle, mesh, yaw, and how well the pixels move."""
        for yaw in YAWS:
            for mesh, view in self._seen(yaw):
                for name, handle in HANDLES.items():
                    for value in {handle.low, handle.high} - {0}:
                        found = self._agreement(yaw, view, name, value)
                        if found is not None:
                            yield name, mesh, yaw, found

    def _seen(self, yaw: int) -> Iterator[tuple[str, View]]:
        rendered = self._truth.render(yaw)
        size = (SIDE, SIDE)
        yield TRUE, self._views.view(rendered.face.mesh, size, self._truth.scale(rendered))
        for face in self._analyser.faces(Photo(rendered.image).canvas)[:1]:
            yield NETWORK, self._views.view(face.mesh, size)

    def _agreement(self, yaw: int, view: View, name: str, value: float) -> Agreement | None:
        after = view.moved(self._mover.move(view.shape, {name: value}))
        field = self._solver.solve(view.mesh, after, NO_LIGHT, view.scale.mm)
        return self._truth.compare(yaw, {name: value}, field)


def main(people: tuple[str, ...] = PEOPLE) -> None:
    pipeline, photos = load_pipeline(), portraits()
    found: dict[tuple[str, str, int], list[Agreement]] = defaultdict(list)
    for person in people:
        for name, mesh, yaw, agreement in Bench(pipeline, photos[person]).agreements():
            found[name, mesh, yaw].append(agreement)
    table = Table(title="Handles: gain, p95 of the error in mm (longest move)")
    for head in ("handle", "mesh", *(f"{yaw}°" for yaw in YAWS)):
        table.add_column(head)
    for name in HANDLES:
        for mesh in (TRUE, NETWORK):
            table.add_row(name, mesh, *(_cell(found[name, mesh, yaw]) for yaw in YAWS))
    Console(width=110).print(table)


def _cell(found: list[Agreement]) -> str:
    if not found:
        return "-"
    gain, p95, longest = (
        float(np.mean([getattr(one, part) for one in found])) for part in ("gain", "p95", "longest")
    )
    return f"{gain:.2f}  {p95:.2f} ({longest:.1f})"


if __name__ == "__main__":
    main(tuple(sys.argv[1:]) or PEOPLE)

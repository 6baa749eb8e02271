"""How far a simulated face is still that of the same person, to a network that tells people apart.

python -m tests.bench.simulation_identity [COMBINATIONS]

For each handle at both bounds: the least cosine similarity (SFace) between a sample portrait and
its simulation, over all portraits, their mean, and the cost that the appliance reckons with. Then
the same of combinations that it permits: at the bounds that cost this face the most, all and a few
of them; all at bounds by chance; and all in between. The face is found again in each result, as
whoever compares the two pictures would. What a view does not show honestly is simulated all the
same.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from rich.console import Console
from rich.table import Table

from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.networks.recogniser import similarity
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.likeness import COSTS, LEAST, MOST, cost
from appliance.pipeline.simulation.simulator import Simulator
from tests.bench.quality import load_pipeline, portraits

COMBINATIONS = 10  # of each of three kinds, of each portrait
FEW = 5  # handles of the first kind
BOUNDS = [(name, one) for name, it in HANDLES.items() for one in (it.low, it.high) if one]
BOUNDS_OF = {name: [one for other, one in BOUNDS if other == name] for name in HANDLES}


class Portrait:
    """One photo, and how like it its simulations are."""

    def __init__(self, pipeline: Pipeline, simulator: Simulator, photo: Photo) -> None:
        self._analyser, self._simulator, self._photo = pipeline.analyser, simulator, photo
        face = self._analyser.faces(photo.canvas)[0]
        self._view = simulator.view(photo.canvas, face)
        self._identity = self._analyser.embedding(photo.canvas, face)

    def likeness(self, values: Mapping[str, float]) -> float:
        """Of the face moved by ``values`` to the face as it is."""
        moved = replace(self._photo, pixels=self._photo.pixels.copy())
        self._simulator.simulate(moved.canvas, self._view, values)
        face = self._analyser.faces(moved.canvas)[0]
        return similarity(self._identity, self._analyser.embedding(moved.canvas, face))


def combinations(worst: Mapping[str, float], number: int, seed: int) -> Iterator[dict[str, float]]:
    """``number`` of each kind, reduced in proportion where that much is not permitted.

    ``worst``: by handle, the bound that costs this face the most.
    """
    draw = np.random.default_rng(seed)
    yield reduced(worst)
    for _ in range(number):
        yield reduced({name: worst[name] for name in draw.choice([*HANDLES], FEW, replace=False)})
        yield reduced(
            {name: float(draw.choice([one.low, one.high])) for name, one in HANDLES.items()}
        )
        yield reduced({name: draw.uniform(one.low, one.high) for name, one in HANDLES.items()})


def reduced(values: Mapping[str, float]) -> dict[str, float]:
    """``values`` that are permitted together."""
    share = min(1.0, MOST / max(cost(values), 1e-9))
    return {name: share * value for name, value in values.items()}


def main(number: int = COMBINATIONS) -> None:
    """Print the table."""
    pipeline = load_pipeline()
    simulator = Simulator(pipeline.analyser.canonical)
    people = [Portrait(pipeline, simulator, photo) for _, photo in sorted(portraits().items())]
    alone = [
        {(name, bound): person.likeness({name: bound}) for name, bound in BOUNDS}
        for person in people
    ]
    table = Table(title=f"Likeness to the portrait, least (mean) of {len(people)}; goal >= {LEAST}")
    for heading in ("handle", "at its low bound", "at its high bound", "cost"):
        table.add_column(heading, justify="right")
    for name, handle in HANDLES.items():
        cells = (
            _cell([row[name, bound] for row in alone if (name, bound) in row])
            for bound in (handle.low, handle.high)
        )
        table.add_row(name, *cells, f"{COSTS[name]:.3f}")
    console = Console(width=100)
    console.print(table)
    found = []
    for seed, (person, row) in enumerate(zip(people, alone, strict=True)):
        worst = {name: min(BOUNDS_OF[name], key=lambda bound: row[name, bound]) for name in HANDLES}
        found += [person.likeness(values) for values in combinations(worst, number, seed)]
    below = sum(one < LEAST for one in found)
    console.print(f"{len(found)} combinations that are permitted: {_cell(found)}, {below} below")


def _cell(likenesses: list[float]) -> str:
    return f"{min(likenesses):.3f} ({np.mean(likenesses):.3f})" if likenesses else "-"


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:2]))

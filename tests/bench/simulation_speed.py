"""How long a simulation takes: previews asked of a worker, and a photo of 24 megapixels.

python -m tests.bench.simulation_speed

Milliseconds by the clock, and *core-ms*: processor time, which a busy machine lengthens less. The
photo's are those of the simulation itself: decoding it and finding its face are left out.
"""

from __future__ import annotations

import math
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from appliance.audit.service.embedded import EmbeddedAudit
from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.simulation.simulator import Simulator
from appliance.protocols import worker_api
from appliance.protocols.worker_api import NAME
from appliance.wire.client import Client
from tests.bench.preview import core_ms
from tests.bench.quality import load_pipeline
from tests.paths import PORTRAITS
from tests.worker.process import OPEN, Worker, portrait, read_all, working

PORTRAIT = "person_d_1.jpg"
SIDE = 512  # pixels of a preview
LARGE = 24e6  # pixels of a photo
ROUNDS = 10
ASKED: Mapping[str, Mapping[str, float]] = {
    "wings of the nose": {"alar-width": -3},
    "jaw": {"jaw-width": -8},
    "jaw, chin's width, lids": {"jaw-width": -6, "chin-width": -4, "lid-openness": 1},
}
"""Honest on this portrait with the network alone, so that a worker does not refuse them."""


def main() -> None:
    """Print the table."""
    table = Table(title="Simulation, median of each: ms, and core-ms")
    for heading in ("handles", f"preview at {SIDE}", "goal", "24 megapixels", "goal"):
        table.add_column(heading, justify="right")
    previews, photos = _previews(), _photos()
    for what in ASKED:
        table.add_row(what, previews[what], "<= 40", photos[what], "<= 200")
    Console().print(table)


def _previews() -> dict[str, str]:
    with (
        tempfile.TemporaryDirectory() as name,
        EmbeddedAudit(Path(name) / "ledger") as audit,
        working(Path(name), audit, OPEN) as (worker, client),
    ):
        item = worker.take_in(client, portrait(PORTRAIT), "target").item
        return {what: _preview(worker, client, item, asked) for what, asked in ASKED.items()}


def _preview(worker: Worker, client: Client, item: int, asked: Mapping[str, float]) -> str:
    """With other values each time, so that nothing but the photo's view can be kept."""

    def once(share: float) -> None:
        values = {name: share * value for name, value in asked.items()}
        wanted = worker_api.PreviewSimulation(item, values, side=SIDE)
        gives = worker_api.Previewed
        _, (pipe,) = client.call(f"{NAME}.PreviewSimulation", wanted, gives=gives, attached=1)
        read_all(pipe)

    return _timed(once, lambda: core_ms(worker))


def _photos() -> dict[str, str]:
    pipeline = load_pipeline()
    simulator = Simulator(pipeline.analyser.canonical)
    small = read_photo((PORTRAITS / PORTRAIT).read_bytes())
    factor = math.sqrt(LARGE / (small.canvas.width * small.canvas.height))
    pixels = cv2.resize(small.pixels, None, fx=factor, fy=factor)
    photo = replace(small, pixels=np.asarray(pixels, np.uint8))
    face = pipeline.analyser.faces(photo.canvas)[0]
    view = simulator.view(photo.canvas, face)

    def once(asked: Mapping[str, float], share: float) -> None:
        values = {name: share * value for name, value in asked.items()}
        simulator.simulate(photo.canvas, view, values)

    return {what: _timed(partial(once, asked), _own_ms) for what, asked in ASKED.items()}


def _timed(once: Callable[[float], None], processor: Callable[[], float]) -> str:
    """``once``: by a share of the values. ``processor``: milliseconds of processor time so far."""
    once(1.0)
    taken, before = [], processor()
    for number in range(1, ROUNDS + 1):
        started = time.perf_counter()
        once(1 - number / (2 * ROUNDS))
        taken.append((time.perf_counter() - started) * 1000)
    core = (processor() - before) / ROUNDS
    return f"{statistics.median(taken):.0f}, {core:.0f}"


def _own_ms() -> float:
    return time.process_time() * 1000


if __name__ == "__main__":
    main()

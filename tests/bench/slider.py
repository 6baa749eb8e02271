"""How long a slider of a simulation waits for its picture, and for what.

python -m tests.bench.slider

A worker is asked over its socket, as a screen asks it, with another value each time. *Core-ms* are
processor time, which a busy machine lengthens less than the clock, of the worker, and of the caller
who decodes the JPEG. The first preview of a photo decodes the photo and looks for its face; those
after it are what a slider waits for. *Points*: a point that was set by hand is moved each time.
"""

from __future__ import annotations

import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
from rich.console import Console
from rich.table import Table

from appliance.audit.service.embedded import EmbeddedAudit
from appliance.pipeline.media.photo.decode import read_photo
from appliance.protocols import worker_api
from appliance.protocols.worker_api import NAME
from appliance.wire.client import Client
from tests.bench.preview import core_ms
from tests.worker.process import OPEN, Worker, portrait, read_all, working

PORTRAIT = "person_d_1.jpg"
SIZES = {"2 MP": 2e6, "12 MP": 12e6}
SIDES = (512, 1024)
ROUNDS = 20
HANDLES = {"alar-width": -3.0, "chin-width": -4.0}


@dataclass(frozen=True, slots=True)
class Waited:
    """For one preview: by the clock; processor time of worker and caller; bytes of the picture."""

    clock: float
    worker: float
    caller: float
    size: int


def main() -> None:
    """Print the table."""
    table = Table(
        title="A slider of a simulation: ms and core-ms, the first preview and the median"
    )
    for heading in (
        "photo",
        "side",
        "first",
        "worker",
        "then",
        "worker",
        "caller",
        "points",
        "KiB",
    ):
        table.add_column(heading, justify="right")
    with (
        tempfile.TemporaryDirectory() as name,
        EmbeddedAudit(Path(name) / "ledger") as audit,
        working(Path(name), audit, OPEN) as (worker, client),
    ):
        for what, pixels in SIZES.items():
            for side in SIDES:
                item = worker.take_in(client, _photo(Path(name), pixels)).item
                first, *more = _asked(worker, client, item, side)
                table.add_row(
                    what,
                    str(side),
                    f"{first.clock:.0f}",
                    f"{first.worker:.0f}",
                    f"{statistics.median(one.clock for one in more):.0f}",
                    f"{statistics.mean(one.worker for one in more):.0f}",
                    f"{statistics.mean(one.caller for one in more):.0f}",
                    f"{_points(worker, client, item, side):.0f}",
                    f"{more[-1].size / 1024:.0f}",
                )
    Console().print(table)


def _asked(worker: Worker, client: Client, item: int, side: int) -> Iterator[Waited]:
    for number in range(ROUNDS + 1):
        values = {name: value * (1 - number / (2 * ROUNDS)) for name, value in HANDLES.items()}
        yield _waited(worker, client, worker_api.PreviewSimulation(item, values, side=side))


def _points(worker: Worker, client: Client, item: int, side: int) -> float:
    """Processor time of the worker where a point is moved, the mean after the first."""
    asked = worker_api.ProposePoints(item)
    found, _ = client.call(f"{NAME}.ProposePoints", asked, gives=worker_api.ProposedPoints)
    tip, spent = found.points["pronasale"], []
    for number in range(ROUNDS // 2):
        points = found.points | {"pronasale": worker_api.Place(tip.x + number, tip.y)}
        wanted = worker_api.PreviewSimulation(item, HANDLES, points=points, side=side)
        spent.append(_waited(worker, client, wanted).worker)
    return statistics.mean(spent[1:])


def _waited(worker: Worker, client: Client, wanted: worker_api.PreviewSimulation) -> Waited:
    gives = worker_api.Previewed
    before, ours, started = core_ms(worker), _own_ms(), time.perf_counter()
    _, (pipe,) = client.call(f"{NAME}.PreviewSimulation", wanted, gives=gives, attached=1)
    data = read_all(pipe)
    read_photo(data)
    clock = 1000 * (time.perf_counter() - started)
    return Waited(clock, core_ms(worker) - before, _own_ms() - ours, len(data))


def _own_ms() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return 1000 * (used.ru_utime + used.ru_stime)


def _photo(folder: Path, pixels: float) -> Path:
    picture = cv2.imread(str(portrait(PORTRAIT)))
    assert picture is not None
    factor = (pixels / (picture.shape[0] * picture.shape[1])) ** 0.5
    path = folder / f"{pixels:.0f}.jpg"
    cv2.imwrite(str(path), cv2.resize(picture, None, fx=factor, fy=factor))
    return path


if __name__ == "__main__":
    main()

"""From a slider to changed pixels: a real worker, the view model, and a window without a display.

python -m tests.bench.screen_slider

A value is given to the view model as the slider gives it; the time ends when a frame with the new
picture was drawn. *Core-ms* are processor time, which a busy machine lengthens less than the clock,
of the worker and of the screen. *Decode*: the JPEG into a picture of Qt. *Draw*: a frame with the
picture, its texture included. Each row is measured in turn with the others.
"""

from __future__ import annotations

import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["QT_QUICK_BACKEND"] = "software"
os.environ["QML_DISABLE_DISK_CACHE"] = "1"

from PySide6.QtGui import QGuiApplication
from rich.console import Console
from rich.table import Table

from appliance.audit.service.embedded import EmbeddedAudit
from appliance.kiosk.calls.caller import Caller
from appliance.kiosk.calls.services import Services
from appliance.kiosk.models.changes import Changes
from appliance.kiosk.visit.state import Screen as Place
from appliance.kiosk.visit.visit import Photo
from appliance.kiosk.window import Screen
from tests.bench.preview import core_ms
from tests.worker.process import OPEN, Worker, portrait, working

PORTRAIT = "person_d_1.jpg"
SIDES = (512, 704, 1024)
ROUNDS = 15


class OneWorker(Services):
    """Services of which there is one worker, whatever the handle."""

    serving: Worker

    def worker(self, handle: str) -> Caller:
        del handle
        return Caller(self.serving.client, self.deliver)


def main() -> None:
    """Print the table."""
    application = QGuiApplication(["bench"])
    nowhere = Path("/nonexistent")
    screen = Screen(application, nowhere)
    rows: dict[int, list[tuple[float, float, float]]] = {side: [] for side in SIDES}
    with (
        tempfile.TemporaryDirectory() as name,
        EmbeddedAudit(Path(name) / "ledger") as audit,
        working(Path(name), audit, OPEN) as (worker, client),
    ):
        services = OneWorker(nowhere, screen.shared.services.deliver)
        _serve(screen, services, worker)
        taken = worker.take_in(client, portrait(PORTRAIT))
        visit = screen.shared.visit
        screen.shared.connect("bench")
        visit.photos = [Photo(taken.item, taken.width, taken.height)]
        visit.wish.photo = taken.item
        changes = screen.models["changes"]
        assert isinstance(changes, Changes)
        screen.shared.place.show(screen=Place.CHANGES)
        until(application, lambda: bool(changes.state.knobs) and changes.state.fresh)
        for number in range(ROUNDS + 1):
            for side in SIDES:
                changes.fit(side)
                spent = waited(application, screen, changes, worker, -0.5 - 0.5 * (number % 6))
                if number:
                    rows[side].append(spent)
        decode = {side: _decode(application, screen, side) for side in SIDES}
        draw = _draw(application, screen)
    table = Table(
        title="From a slider to changed pixels, median of 15, and the spread of the clock"
    )
    for heading in ("side", "ms", "least", "most", "core-ms worker", "core-ms screen", "decode"):
        table.add_column(heading, justify="right")
    for side, row in rows.items():
        clocks = [one[0] for one in row]
        figures = [
            statistics.median(clocks), min(clocks), max(clocks),
            statistics.mean(one[1] for one in row), statistics.mean(one[2] for one in row),
            decode[side],
        ]  # fmt: skip
        table.add_row(str(side), *(f"{one:.0f}" for one in figures[:5]), f"{figures[5]:.1f}")
    Console().print(table)
    Console().print(f"a frame with a changed picture: {draw:.1f} core-ms")
    screen.shared.disconnect()


def _serve(screen: Screen, services: OneWorker, worker: Worker) -> None:
    """Have ``screen`` call ``worker``."""
    object.__setattr__(services, "serving", worker)
    screen.shared.services = services


def until(application: QGuiApplication, true: Callable[[], bool]) -> None:
    """Let the window live until something is true."""
    while not true():
        application.processEvents()
        time.sleep(0.001)


def waited(
    application: QGuiApplication, screen: Screen, changes: Changes, worker: Worker, value: float
) -> tuple[float, float, float]:
    """The clock, and processor time of worker and screen, until a frame shows ``value``."""
    before, ours, started = core_ms(worker), _own_ms(), time.perf_counter()
    changes.move("alar-width", value)
    until(application, lambda: changes.state.fresh)
    screen.window.grabWindow()
    clock = 1000 * (time.perf_counter() - started)
    return clock, core_ms(worker) - before, _own_ms() - ours


def _decode(application: QGuiApplication, screen: Screen, side: int) -> float:
    pictures: Any = screen.shared.pictures
    with _taps(pictures) as seen:
        changes = screen.models["changes"]
        assert isinstance(changes, Changes)
        changes.fit(side)
        changes.move("alar-width", -1.5)
        until(application, lambda: changes.state.fresh)
    before = _own_ms()
    for _ in range(20):
        pictures.decode(seen[-1])
    return (_own_ms() - before) / 20


@contextmanager
def _taps(pictures: Any) -> Iterator[list[bytes]]:
    """What is decoded meanwhile."""
    seen: list[bytes] = []
    decode = pictures.decode

    def tapped(data: bytes) -> object:
        seen.append(data)
        return decode(data)

    pictures.decode = tapped
    try:
        yield seen
    finally:
        pictures.decode = decode


def _draw(application: QGuiApplication, screen: Screen) -> float:
    pictures = screen.shared.pictures
    screen.window.grabWindow()
    before = _own_ms()
    for _ in range(20):
        pictures.copy("after", "after")
        application.processEvents()
        screen.window.grabWindow()
    return (_own_ms() - before) / 20


def _own_ms() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return 1000 * (used.ru_utime + used.ru_stime)


if __name__ == "__main__":
    main()

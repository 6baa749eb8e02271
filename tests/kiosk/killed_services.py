"""Worker, ledger and broker are killed before a person's eyes, in a process of its own.

    python -m tests.kiosk.killed_services

Each time the screen says so, and there is a way on. Fails with an assertion.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["QT_QUICK_BACKEND"] = "software"

from PySide6.QtGui import QGuiApplication

from appliance import resources
from appliance.kiosk.visit.state import Screen as Place
from appliance.kiosk.window import Screen
from tests.kiosk.machine import Running, machine
from tests.kiosk.person import Person
from tests.kiosk.visit import Visit


def main() -> int:
    """Returns 0."""
    application = QGuiApplication(["kiosk"])
    with machine(samples=resources.training_photos()) as running:
        screen = Screen(application, running.broker, running.disc, running.training)
        visit = Visit(screen, Person(screen.window))
        visit.log_in()
        visit.take_photos()
        visit.until_on(Place.FACE)
        visit.until_value("face", "boxes")
        visit.person.touch("next")
        visit.until_on(Place.CHANGES)
        _without_worker(running, visit)
        _without_ledger(running, visit)
        _without_broker(running, visit)
        screen.close()
    return 0


def _without_worker(running: Running, visit: Visit) -> None:
    visit.person.touch("region-nose")
    visit.person.slide("slider-alar-width", 0.3)
    visit.until_value("changes", "fresh")
    killed = _worker_of(running)
    os.kill(killed, signal.SIGKILL)
    visit.person.slide("slider-alar-width", 0.6)
    # Another worker begins, unless the call was under way: then the screen says so.
    visit.person.until(
        lambda: bool(visit.value("place", "refusal") or visit.value("changes", "fresh")),
        "neither a sentence nor a picture",
    )
    if visit.value("place", "refusal"):
        visit.person.touch("dismiss")
        visit.person.slide("slider-alar-width", 0.2)
    visit.until_value("changes", "fresh")
    assert not visit.value("place", "refusal")
    assert _worker_of(running) != killed


def _without_ledger(running: Running, visit: Visit) -> None:
    """If the broker noticed in time, the session is locked, and its person comes back."""
    running.kill("ledger")
    visit.person.until(running.has_ledger, "the ledger does not come back")
    visit.person.wait(2.0)
    if visit.value("place", "locked"):
        visit.enter_pin()
        visit.touch_token()
        visit.person.until(lambda: not visit.value("place", "locked"), "it stays locked")


def _without_broker(running: Running, visit: Visit) -> None:
    """What a broker knew of its sessions is gone with it: keepers wipe them."""
    running.kill("broker")
    visit.person.until(lambda: visit.value("place", "screen") is Place.LOGIN, "no way on")
    assert not visit.screen.shared.visit.handle
    visit.person.until(lambda: not list(running.place.workspaces.iterdir()), "not wiped")


def _worker_of(running: Running) -> int:
    """The process of the only worker of this machine."""
    found = [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdecimal() and _is_worker(entry, os.fsencode(running.place.folder))
    ]
    return min(found)  # children of it have its command line, and a higher number


def _is_worker(process: Path, folder: bytes) -> bool:
    try:
        words = (process / "cmdline").read_bytes()
    except OSError:
        return False
    return b"appliance.worker" in words and b"--socket" in words and folder in words


if __name__ == "__main__":
    sys.exit(main())

"""A whole visit in a process of its own: QML has one singleton of a name in a process.

    python -m tests.kiosk.whole_visit [FOLDER]

Within a compositor, the finger is a pointer of its own, and what grim sees is kept in FOLDER.
The machine is one of a site but for its tokens and its workspace, which is in memory: the releaser
makes a copy and signs it. Fails with an assertion.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QT_QUICK_BACKEND"] = "software"

from PySide6.QtCore import QPoint
from PySide6.QtGui import QGuiApplication

from appliance import resources
from appliance.audit.entries import events
from appliance.kiosk.visit.state import Screen as Place
from appliance.kiosk.window import Screen
from appliance.release.keys import read_anchors
from appliance.release.provenance.preload import load_provenance
from appliance.release.provenance.reading import read_provenance
from tests.kiosk.compositor import SIZE
from tests.kiosk.machine import Running, machine
from tests.kiosk.person import Person
from tests.kiosk.visit import APPROVER, Seen, Visit
from tests.kiosk.wayland import Pointer, Wire

_SITE = "workspace: {backend: memory}\nrelease: {view: true}\n"


def main() -> int:
    """Returns 0."""
    application = QGuiApplication(["kiosk"])
    with machine(_SITE, samples=resources.training_photos()) as running:
        screen = Screen(application, running.broker, running.disc, running.training)
        visit = Visit(screen, *_person(screen, sys.argv[1:]))
        visit.log_in()
        visit.take_photos()
        visit.change()
        visit.ask()
        visit.look()
        visit.approve()
        visit.until_value("request", "numbers")
        _check_copy(running, visit)
        _burns_nothing_without_a_drive(visit)
        visit.person.touch(f"token-{APPROVER}")
        visit.lock_and_reopen()
        visit.end()
        visit.until_on(Place.LOGIN)  # the token is still plugged in
        _check_ledger(running)
        screen.close()
    print("done", flush=True)
    return 0


def _person(screen: Screen, folder: Sequence[str]) -> tuple[Person, Seen]:
    """Who is before the screen, and what keeps its pictures."""
    if not folder:
        return Person(screen.window), lambda _: None
    runtime = Path(os.environ["XDG_RUNTIME_DIR"])
    finger = PointerFinger(Wire(runtime / os.environ["WAYLAND_DISPLAY"]))
    person = Person(screen.window, finger)

    def keep(name: str) -> None:
        person.wait(0.3)
        subprocess.run(["/usr/bin/grim", str(Path(folder[0], f"{name}.png"))], check=True)

    return person, keep


class PointerFinger:
    """A pointer that the compositor takes for one that is plugged in."""

    def __init__(self, wire: Wire) -> None:
        self._pointer = Pointer(wire, SIZE)

    def tap(self, place: QPoint) -> None:
        """See ``Finger``."""
        self._pointer.click(place.x(), place.y())

    def drag(self, start: QPoint, end: QPoint) -> None:
        """See ``Finger``."""
        self._pointer.drag((start.x(), start.y()), (end.x(), end.y()))


def _check_copy(running: Running, visit: Visit) -> None:
    """What was released is trusted by the site's own anchor."""
    (number,) = visit.screen.models["request"].values()["numbers"]
    (copy,) = running.outbox.glob(f"*.{number}.copy")
    load_provenance()
    said = read_provenance(
        io.BytesIO(copy.read_bytes()), "jpeg", read_anchors(running.folder / "keys")
    )
    assert said.state == "trusted"
    assert said.number == number


def _burns_nothing_without_a_drive(visit: Visit) -> None:
    visit.until_on(Place.REQUEST)
    visit.person.touch("burn")
    visit.until_value("place", "refusal")
    visit.person.touch("dismiss")


def _check_ledger(running: Running) -> None:
    logged: list[type] = [type(event) for event in running.events()]
    wanted: list[type] = [
        events.SessionOpened,
        events.MediaImported,
        events.SimulationApplied,
        events.ReleaseRequested,
        events.ReleaseViewed,
        events.ReleaseApproved,
        events.ReleaseSigned,
        events.TokenRemoved,
        events.SessionClosed,
        events.SessionWiped,
    ]
    assert [kind for kind in wanted if kind not in logged] == []
    at = [logged.index(kind) for kind in wanted]
    assert at == sorted(at)


if __name__ == "__main__":
    sys.exit(main())

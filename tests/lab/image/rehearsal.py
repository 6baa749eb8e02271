"""The visit of the image, on this host: the same screen, real services, cage without a screen.

    python -m tests.lab.image.rehearsal FOLDER

Only the tokens are of software. Pictures and times are kept in FOLDER. Fails with an exception.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from appliance import resources
from appliance.training.people import PIN
from tests.disc_reader.discs import burn
from tests.kiosk.compositor import Compositor, compositor
from tests.kiosk.machine import Running, machine
from tests.kiosk.wayland import Pointer
from tests.lab.image.hands import Album, Hands
from tests.lab.image.machine import SIZE
from tests.lab.image.visit import Person, Visit

_SITE = "workspace: {backend: memory}\nrelease: {view: true}\n"
_PATIENCE = 120.0


@dataclass
class SoftwareToken:
    """A token of the training machine, for ``visit.py``."""

    machine: Running
    user: str

    def plug_in(self) -> None:
        """See ``visit.Token``."""
        self.machine.token("Insert", self.user)

    def pull(self) -> None:
        """See ``visit.Token``."""
        self.machine.token("Pull", self.user)

    def touch_when_it_blinks(self, seconds: float) -> None:
        """See ``visit.Token``."""
        end = time.monotonic() + seconds
        while not any(one.blinking for one in self.machine.token("Tokens").tokens):
            if time.monotonic() > end:
                raise TimeoutError
            time.sleep(0.1)
        self.machine.token("Touch")


class CompositorSeat:
    """A headless compositor as ``hands.Seat``."""

    def __init__(self, shown: Compositor, pointer: Pointer) -> None:
        self._shown, self._pointer = shown, pointer

    def picture(self) -> Image.Image:
        """See ``hands.Seat``."""
        return self._shown.picture()

    def tap(self, place: tuple[int, int]) -> None:
        """See ``hands.Seat``."""
        self._pointer.click(*place)

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """See ``hands.Seat``."""
        self._pointer.drag(start, end)

    def rest(self, place: tuple[int, int]) -> None:
        """See ``hands.Seat``."""
        self._pointer.move(*place)


def rehearse(folder: Path) -> None:
    """A whole visit; there is no burner, which the screen says."""
    with tempfile.TemporaryDirectory() as made:
        disc = Path(made) / "disc.iso"
        portrait = (resources.training_photos() / "front.jpg").read_bytes()
        burn(disc, {"Jane Canary/portrait.jpg": portrait, "README": b"x"})
        with machine(_SITE, drive=disc) as running:
            _visit(running, Album(folder))


def _visit(running: Running, album: Album) -> None:
    sockets = ("--broker", str(running.broker), "--disc", str(running.disc))
    command = [sys.executable, "-m", "appliance.kiosk", *sockets, "--renew"]
    with compositor(command, {"QT_QUICK_BACKEND": "software"}) as shown:
        album.note("start")
        _enlarge(shown)
        pointer = Pointer(shown.wire(), SIZE)
        hands = Hands(CompositorSeat(shown, pointer), album)
        people = [Person(name, SoftwareToken(running, name), PIN) for name in ("anna", "ruth")]
        visit = Visit(hands, people[0], people[1], "Jane Canary/portrait.jpg", _PATIENCE)
        visit.whole(visit.burn_without_a_burner)


def _enlarge(shown: Compositor) -> None:
    """Make the screen as large as that of the image's machine."""
    mode = f"{SIZE[0]}x{SIZE[1]}"
    words = ["wlr-randr", "--output", "HEADLESS-1", "--custom-mode", mode]
    subprocess.run(words, env=shown.client(), check=True, capture_output=True)


if __name__ == "__main__":
    rehearse(Path(sys.argv[1]))

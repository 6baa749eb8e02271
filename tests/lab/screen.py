"""The machine's screen, keyboard and pointer, from outside: by QEMU's own protocol, QMP.

A test inside prints ``SHOWN`` when there is something to see, and waits for a key.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from tests.lab.guest.test_the_kiosk_shows import KEY, SHOWN
from tests.lab.image.qmp import Qmp

if TYPE_CHECKING:
    from tests.lab.virtual_machine import Machine

_SOCKET = "qmp"
_RANGE = 32767  # of an absolute position: qapi/ui.json, InputMoveEvent
_STEPS, _PAUSE = 12, 0.05  # of a drag, and seconds between two


def screen_options(folder: str) -> Sequence[str]:
    """QEMU's options for a machine whose run folder it sees at ``folder``."""
    return (
        *("-device", "virtio-gpu-pci,xres=1280,yres=800"),
        *("-device", "virtio-tablet-pci", "-device", "virtio-keyboard-pci"),
        *("-qmp", f"unix:{folder}/{_SOCKET},server=on,wait=off"),
    )


class Screen:
    """Of the machine whose run folder is ``folder``."""

    def __init__(self, folder: Path, qmp: Qmp | None = None) -> None:
        self._folder = folder
        self._qmp = qmp or Qmp(folder / _SOCKET)

    def picture(self) -> Image.Image:
        """What is on the screen now, in RGB."""
        self._qmp.ask("screendump", filename="/lab/run/screen.png", format="png")
        with Image.open(self._folder / "screen.png") as image:
            return image.convert("RGB")

    def touch(self, x: float, y: float) -> None:
        """Press and release where ``x`` and ``y`` say, from 0 to 1."""
        self.move(x, y)
        self._button(down=True)
        self._button(down=False)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press at ``start``, release at ``end``: places from 0 to 1."""
        self.move(*start)
        self._button(down=True)
        for step in range(1, _STEPS + 1):
            share = step / _STEPS
            self.move(*(a + (b - a) * share for a, b in zip(start, end, strict=True)))
            time.sleep(_PAUSE)
        self._button(down=False)

    def key(self, *names: str) -> None:
        """Press and release keys together, by QEMU's names for them."""
        keys = [{"type": "qcode", "data": name} for name in names]
        self._qmp.ask("send-key", keys=keys)

    def move(self, x: float, y: float) -> None:
        """Put the pointer where ``x`` and ``y`` say, from 0 to 1."""
        for axis, value in (("x", x), ("y", y)):
            position = {"axis": axis, "value": round(value * _RANGE)}
            self._qmp.ask("input-send-event", events=[{"type": "abs", "data": position}])

    def _button(self, *, down: bool) -> None:
        button = {"down": down, "button": "left"}
        self._qmp.ask("input-send-event", events=[{"type": "btn", "data": button}])


def look(folder: Path, report: Path, seconds: float) -> list[Image.Image]:
    """Wait until the test inside says so; then the login screen, in both languages, and again.

    ``report``: of the machine, which grows. Raises ``TimeoutError``.
    """
    end = time.monotonic() + seconds

    def until(holds: Callable[[], bool]) -> None:
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError
            time.sleep(0.5)

    until(lambda: report.exists() and SHOWN in report.read_text(errors="replace"))
    screen = Screen(folder)
    seen = [_steady(screen, until)]
    for _ in range(2):
        screen.touch(0.95, 0.035)  # the button that changes the language
        until(partial(_differs, screen, seen[-1].tobytes()))
        screen.touch(0.5, 0.95)  # away from the button, which shows that it is meant
        seen.append(_steady(screen, until))
    screen.key(KEY)
    return seen


@contextmanager
def watched(booted: Machine, seconds: float) -> Iterator[None]:
    """Look at the screen while the machine runs, keep what was seen next to it, and judge it."""
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look, booted.folder, booted.report, seconds)
        yield
        seen = looking.result()
        for number, picture in enumerate(seen):
            picture.save(booted.folder.parent / f"screen-{number}.png")
        check_seen(*seen)


def check_seen(first: Image.Image, other: Image.Image, again: Image.Image) -> None:
    """The login screen: drawn, in another language after a touch, and then the same as before."""
    for picture in (first, other):
        # White text, the dark page and its lighter bar, and some between them.
        assert len(picture.getcolors(1 << 24) or ()) > 20
        brightest = max(high for _, high in picture.getextrema())  # type: ignore[misc]
        assert brightest > 200
    assert first.tobytes() != other.tobytes()
    assert first.tobytes() == again.tobytes()


def _differs(screen: Screen, pixels: bytes) -> bool:
    return screen.picture().tobytes() != pixels


def _steady(screen: Screen, until: Callable[[Callable[[], bool]], None]) -> Image.Image:
    """A picture that is the same twice."""
    seen = [screen.picture()]

    def same() -> bool:
        seen.append(screen.picture())
        return seen[-1].tobytes() == seen[-2].tobytes()

    until(same)
    return seen[-1]

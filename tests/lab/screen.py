"""The machine's screen, keyboard and pointer, from outside: by QEMU's own protocol, QMP.

A test inside prints ``SHOWN`` when there is something to see, and waits for a key.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from tests.lab.guest.test_the_kiosk_shows import KEY, SHOWN

if TYPE_CHECKING:
    from tests.lab.virtual_machine import Machine

_SOCKET = "qmp"
_RANGE = 32767  # of an absolute position: qapi/ui.json, InputMoveEvent


def screen_options(folder: str) -> Sequence[str]:
    """QEMU's options for a machine whose run folder it sees at ``folder``."""
    return (
        *("-device", "virtio-gpu-pci,xres=1280,yres=800"),
        *("-device", "virtio-tablet-pci", "-device", "virtio-keyboard-pci"),
        *("-qmp", f"unix:{folder}/{_SOCKET},server=on,wait=off"),
    )


class Screen:
    """Of the machine whose run folder is ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(folder / _SOCKET))
        self._lines = self._socket.makefile("r")
        self._lines.readline()  # its greeting
        self._ask("qmp_capabilities")

    def picture(self) -> Image.Image:
        """What is on the screen now, in RGB."""
        self._ask("screendump", filename="/lab/run/screen.png", format="png")
        with Image.open(self._folder / "screen.png") as image:
            return image.convert("RGB")

    def touch(self, x: float, y: float) -> None:
        """Press and release where ``x`` and ``y`` say, from 0 to 1."""
        for axis, value in (("x", x), ("y", y)):
            position = {"axis": axis, "value": round(value * _RANGE)}
            self._ask("input-send-event", events=[{"type": "abs", "data": position}])
        for down in (True, False):
            button = {"down": down, "button": "left"}
            self._ask("input-send-event", events=[{"type": "btn", "data": button}])

    def key(self, name: str) -> None:
        """Press and release a key, by QEMU's name for it."""
        self._ask("send-key", keys=[{"type": "qcode", "data": name}])

    def _ask(self, command: str, **arguments: Any) -> None:
        text = json.dumps({"execute": command, "arguments": arguments})
        self._socket.sendall(text.encode())
        while True:
            answer = json.loads(self._lines.readline())
            if "error" in answer:
                raise RuntimeError(answer["error"]["desc"])
            if "return" in answer:
                return


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

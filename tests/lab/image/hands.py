"""A person at a screen that they only see: finds words on it, touches them, drags, and waits.

What is before them is a ``Seat``: the emulated machine's, by QMP, or a compositor of this host.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from PIL import Image, ImageChops

from tests.lab.image.eyes import Box, Sight
from tests.lab.screen import Screen

PATIENCE = 900.0
"""Seconds; only a defect takes as long, however busy the machine is."""

PIN_PAD = ("123", "456", "789", ("Delete", "0", "Enter"))
KEYBOARD = ("1234567890", "QWERTYUIOP", "ASDFGHJKL-", "ZXCVBNM./_")
"""The keys of the pads on the screen, row by row."""

_ACCENT = (111, 208, 200)
"""The colour of a button that leads on (qml/controls/Theme.qml); another while it is disabled."""

_FAILURES = ("That did not work", "The wipe was not clean")
_CURSOR = 10, 18  # pixels: the one of a text screen that blinks is 8 wide and 16 high
_EDGE = 6  # pixels from the lower edge, where nothing is written
_PAUSE, _BETWEEN_KEYS = 0.4, 0.2  # seconds between two looks, and between two keys


class Seat(Protocol):
    """A screen and a pointer; places are pixels of its pictures."""

    def picture(self) -> Image.Image:
        """What is on the screen now."""
        ...

    def tap(self, place: tuple[int, int]) -> None:
        """Touch it for a moment."""
        ...

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """From one place to another, without letting go."""
        ...

    def rest(self, place: tuple[int, int]) -> None:
        """Put the pointer there: where it is, it hides what could be read."""
        ...


class MachineSeat:
    """That of an emulated machine whose pictures have this size."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._size = 1280, 800

    def picture(self) -> Image.Image:
        """See ``Seat``."""
        picture = self._screen.picture()
        self._size = picture.size
        return picture

    def tap(self, place: tuple[int, int]) -> None:
        """See ``Seat``."""
        self._screen.touch(*self._share(place))

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """See ``Seat``."""
        self._screen.drag(self._share(start), self._share(end))

    def rest(self, place: tuple[int, int]) -> None:
        """See ``Seat``."""
        self._screen.move(*self._share(place))

    def _share(self, place: tuple[int, int]) -> tuple[float, float]:
        return place[0] / self._size[0], place[1] / self._size[1]


class Album:
    """The pictures of a run, numbered, with the seconds since ``began``; and a table of steps."""

    def __init__(self, folder: Path, began: float | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._began = time.monotonic() if began is None else began
        self._steps: list[tuple[float, str]] = []
        self._last = b""
        self._count = 0

    def keep(self, picture: Image.Image, name: str) -> None:
        """Keep a picture, unless it is the one before."""
        pixels = picture.tobytes()
        if pixels != self._last:
            self._last = pixels
            self._count += 1
            label = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40]
            picture.save(self._folder / f"{self._count:03d}-{self._seconds():06.1f}-{label}.png")

    def note(self, what: str) -> None:
        """A step is done now."""
        self._steps.append((self._seconds(), what))
        lines = [f"{seconds:8.1f} s  {step}\n" for seconds, step in self._steps]
        (self._folder / "steps.txt").write_text("".join(lines))

    def _seconds(self) -> float:
        return time.monotonic() - self._began


class Hands:
    """Somebody at ``seat``."""

    def __init__(self, seat: Seat, album: Album) -> None:
        self._seat, self.album = seat, album
        self._sight: Sight | None = None

    def look(self, why: str = "look") -> Sight:
        """What is on the screen now."""
        picture = self._seat.picture()
        if self._sight is None or _is_other(self._sight.picture, picture):
            self._sight = Sight(picture)
        self.album.keep(picture, why)
        return self._sight

    def glance(self, why: str) -> None:
        """Keep a picture, and read nothing."""
        self.album.keep(self._seat.picture(), why)

    def until(self, seen: Callable[[Sight], bool], why: str, seconds: float = PATIENCE) -> Sight:
        """The first sight that is as wanted. Raises ``TimeoutError`` with what was read instead.

        At once where the machine says that something has failed: it will not come.
        """
        end = time.monotonic() + seconds
        while not seen(sight := self.look(why)):
            failed = any(sight.says(phrase) for phrase in _FAILURES)
            if failed or time.monotonic() > end:
                raise TimeoutError(f"{why}: {sight.text}")
            time.sleep(_PAUSE)
        self.album.note(why)
        return sight

    def wait_for(self, phrase: str, seconds: float = PATIENCE) -> None:
        """Wait until ``phrase`` is on the screen."""
        self.until(lambda sight: sight.says(phrase), phrase, seconds)

    def find(self, phrase: str, seconds: float = PATIENCE, *, lit: bool = False) -> Box:
        """Where ``phrase`` is, once it is there; ``lit``: on a button that leads on."""
        found: list[Box] = []

        def there(sight: Sight) -> bool:
            place = _place(sight, phrase, lit=lit)
            found[:] = [] if place is None else [place]
            return bool(found)

        self.until(there, phrase, seconds)
        return found[0]

    def tap(self, phrase: str, seconds: float = PATIENCE, *, lit: bool = False) -> None:
        """Touch ``phrase``, once it is there."""
        self.touch(self.find(phrase, seconds, lit=lit).middle)

    def touch(self, place: tuple[int, int]) -> None:
        """Touch a place."""
        self._seat.tap(place)
        self._rest()

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Drag what is at ``start`` to ``end``."""
        self._seat.drag(start, end)
        self._rest()

    def type_on(self, pad: Sequence[Sequence[str]], text: Sequence[str]) -> None:
        """Type on a pad of the screen."""
        keys = self.until(lambda sight: bool(sight.pad(pad)), "keys").pad(pad)
        for key in text:
            self._seat.tap(keys[key])
            time.sleep(_BETWEEN_KEYS)
        self._rest()

    def _rest(self) -> None:
        if self._sight is not None:
            width, height = self._sight.picture.size
            self._seat.rest((width // 2, height - _EDGE))


def _is_other(before: Image.Image, after: Image.Image) -> bool:
    """Whether something may be read on it that was not there: more than a cursor has changed."""
    if before.size != after.size:
        return True
    box = ImageChops.difference(before, after).getbbox()
    if box is None:
        return False
    left, top, right, bottom = box
    return right - left > _CURSOR[0] or bottom - top > _CURSOR[1]


def _place(sight: Sight, phrase: str, *, lit: bool) -> Box | None:
    found = sight.find(phrase)
    if found is None or not lit:
        return found
    under = sight.under(found.middle)
    return found if under is not None and under.colour == _ACCENT else None

"""When a screen is read again."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

from tests.lab.image.hands import Album, Hands


class _Screen:
    """A text screen, with a cursor or a line."""

    def __init__(self) -> None:
        self.drawn = Image.new("RGB", (640, 400))

    def picture(self) -> Image.Image:
        return self.drawn.copy()

    def tap(self, place: tuple[int, int]) -> None: ...

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None: ...

    def rest(self, place: tuple[int, int]) -> None: ...


def test_a_cursor_that_blinks_is_nothing_new_and_a_line_is(tmp_path: Path) -> None:
    screen = _Screen()
    hands = Hands(screen, Album(tmp_path))
    first = hands.look()
    draw = ImageDraw.Draw(screen.drawn)
    draw.rectangle((0, 14, 8, 16), fill="white")
    assert hands.look() is first
    draw.rectangle((0, 40, 60, 56), fill="white")
    assert hands.look() is not first

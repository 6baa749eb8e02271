"""The label that people see, drawn into a corner of the copy that leaves.

GB 45438-2025 asks for words on an edge or in a corner whose height is at least 5 % of the shorter
side, in a film for its first two seconds at least; the EU's code of practice for "AI" and the word
MODIFIED. Letters are white, on a part of the picture that is darkened, so that they can be read on
any ground and hide as little as possible. Only heights are prescribed: letters are narrowed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, Final, Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

from appliance.errors import ReleaseError
from appliance.pipeline.imaging.letters import ink_of, sized_font
from appliance.pipeline.media.canvas import Box, Canvas
from appliance.pipeline.media.photo.photo import Photo

Words: TypeAlias = Literal["label", "corner mark"]
"""What is drawn: the whole label, or the short mark that stays in a film."""

LINES: Final[dict[Words, tuple[str, ...]]] = {
    "label": ("AI MODIFIED", "人工智能合成"),
    "corner mark": ("AI",),
}
"""GB 45438-2025: "人工智能" or "AI", with a word for generated or synthetic."""

HEIGHT: Final = 0.05
"""Least height of a letter over the shorter side of the picture (GB 45438-2025)."""

LEAST: Final = 10
"""Pixels of a letter's height below which Chinese characters cannot be read."""

_FILES = ("label-latin.ttf", "label.ttf")  # of the lines
_NARROWED = (0.72, 0.85)  # widths of their letters, of what the fonts have
_MARGIN = 0.28  # around and between the lines, in heights of the letters
_GROUND = 0.3  # of the picture's brightness stays below the letters
_SIZE, _SLACK = 200, 3  # of a font: where characters are measured; what rounding may be off by
_INK = 127  # of 255: what counts as a part of a letter


@dataclass(frozen=True, slots=True)
class Plate:
    """A label in its size: ``ink``, (h, w), from 0 for the ground to 255 for a letter."""

    ink: NDArray[np.uint8]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in square pixels."""
        return self.ink.shape[1], self.ink.shape[0]

    @property
    def place(self) -> Box:
        """Where it goes: the upper left corner.

        Below are the words of a simulation, the subtitles and controls of a film.
        """
        return Box(0, 0, *self.size)

    def over(self, rgb: NDArray[np.uint8], white: int) -> NDArray[np.uint8]:
        """The (h, w, 3) part of a picture with the label; ``white``: the value of its letters."""
        ink = cv2.merge([self.ink.astype(np.float32) / 255] * 3)
        mixed: Any = rgb * (_GROUND * (1 - ink)) + ink * white
        return np.asarray(np.rint(mixed), np.uint8)


def load_label() -> None:
    """Read the fonts. A process that is sealed can open no file any more."""
    plate("label", 1000, 1000)


def labelled(photo: Photo) -> Photo:
    """A copy of ``photo`` with the label in its upper left corner.

    The other pixels are those that it has. Depth, profile and shape of pixels stay; the label is
    opaque. Raises ``ReleaseError`` if the picture is too small for it.
    """
    copy = replace(photo, pixels=photo.pixels.copy())
    canvas = copy.canvas
    box = draw_label(canvas, "label")
    if photo.alpha is None:
        return copy
    alpha = photo.alpha.copy()
    height, width = alpha.shape
    rows, columns = -(-box.h * height // canvas.height), -(-box.w * width // canvas.width)
    alpha[:rows, :columns] = np.iinfo(alpha.dtype).max
    return replace(copy, alpha=alpha)


def draw_label(canvas: Canvas, words: Words, white: int = 255) -> Box:
    """Draw ``words`` into the picture of ``canvas``, whose pixels are square; return where.

    ``white``: the value of letters, 0-255. Raises ``ReleaseError`` if there is no room.
    """
    label = plate(words, canvas.width, canvas.height)
    box = label.place
    before = canvas.read(box)
    canvas.write(box, label.over(before, white), np.ones((box.h, box.w), np.uint8), before)
    return box


@lru_cache(maxsize=4)
def plate(words: Words, width: int, height: int) -> Plate:
    """The label for a picture of ``width`` and ``height`` square pixels.

    Its pixels cannot be written to. Raises ``ReleaseError`` if the picture has no room for it.
    """
    letter = max(LEAST, -int(-HEIGHT * min(width, height) // 1))
    lines = [_line(number, text, letter) for number, text in enumerate(LINES[words])]
    margin = max(2, round(_MARGIN * letter))
    columns = max(line.shape[1] for line in lines) + 2 * margin
    rows = sum(line.shape[0] + margin for line in lines) + margin
    if columns > width or 2 * rows > height:
        raise ReleaseError(
            "The picture is too small for the label that must be seen.",
            "Release it larger, or cut less off.",
        )
    ink = np.zeros((rows, columns), np.uint8)
    top = margin
    for line in lines:
        ink[top : top + line.shape[0], margin : margin + line.shape[1]] = line
        top += line.shape[0] + margin
    ink.flags.writeable = False
    return Plate(ink)


def _line(number: int, text: str, letter: int) -> NDArray[np.uint8]:
    """``text`` without a margin, each character at least ``letter`` pixels high."""
    size = max(letter, letter * _SIZE // _lowest_at(number, text) - _SLACK)
    while _lowest(font := sized_font(_FILES[number], size), text) < letter:
        size += 1
    ink = ink_of(font, text)
    narrow = (max(1, round(ink.shape[1] * _NARROWED[number])), ink.shape[0])
    return np.asarray(cv2.resize(ink, narrow, interpolation=cv2.INTER_AREA), np.uint8)


@cache
def _lowest_at(number: int, text: str) -> int:
    return _lowest(sized_font(_FILES[number], _SIZE), text)


def _lowest(font: ImageFont.FreeTypeFont, text: str) -> int:
    """Rows that the lowest character of ``text`` has ink in."""
    return min(
        int((ink_of(font, character) > _INK).any(axis=1).sum())
        for character in text.replace(" ", "")
    )

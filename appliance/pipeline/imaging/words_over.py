"""Words in lines all over a picture, of which no part can be shown without them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.imaging.letters import ink_of, sized_font

LEAST = 12
"""Pixels of a letter, below which Chinese characters cannot be read."""

_HEIGHT = 0.02  # of a letter over the shorter side of the picture
_LINE = 5.0  # from line to line, in heights of the letters: most of a face is free of them
_STEP = 60  # of 255: how much brighter or darker a letter is than the picture below it
_MIDDLE = 128  # of 255: what is darker gets bright letters


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a picture: from row ``top`` on, ``ink`` (h, w), 255 where a letter is.

    ``letter``: its height, pixels.
    """

    top: int
    ink: NDArray[np.uint8]
    letter: int

    def over(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The (h, w, 3) part of the picture that the line lies on, with its letters."""
        luma = cv2.blur(rgb.mean(axis=2, dtype=np.float32), (self.letter, self.letter))
        change = np.where(luma < _MIDDLE, _STEP, -_STEP) * (self.ink.astype(np.float32) / 255)
        return np.clip(rgb + change[..., None], 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class WordsOver:
    """``words``, one after the other, each in the font of the package that ``fonts`` names."""

    words: tuple[str, ...]
    fonts: tuple[str, ...]

    def load(self) -> None:
        """Read the fonts. A process that is sealed can open no file any more."""
        _words(self, LEAST)

    def lines(self, width: int, height: int) -> Iterator[Line]:
        """The lines of a picture of ``width`` and ``height`` pixels, from the top; one at least."""
        letter = max(LEAST, round(_HEIGHT * min(height, width)))
        once, step = _words(self, letter), round(_LINE * letter)
        tops: Sequence[int] = range(step // 3, height - once.shape[0], step)
        for number, top in enumerate(tops or (max(0, (height - once.shape[0]) // 2),)):
            # Shifted from line to line, so that no column is free of them.
            shift = number * once.shape[1] // 3 % once.shape[1]
            whole = np.tile(once, (1, 2 + width // once.shape[1]))[:, shift : shift + width]
            yield Line(top, whole[: height - top], letter)


@lru_cache(maxsize=4)  # frames, and what a slider asks for, are of one size
def _words(over: WordsOver, letter: int) -> NDArray[np.uint8]:
    """The words once, with a space behind each: (h, w), 255 where a letter is."""
    parts = [
        ink_of(sized_font(name, letter), words)
        for name, words in zip(over.fonts, over.words, strict=True)
    ]
    line = np.zeros(
        (max(part.shape[0] for part in parts), sum(part.shape[1] + letter for part in parts)),
        np.uint8,
    )
    left = 0
    for part in parts:
        line[: part.shape[0], left : left + part.shape[1]] = part
        left += part.shape[1] + letter
    line.flags.writeable = False
    return line

"""The words that belong to every simulated picture, drawn below it.

They stand on a strip that the picture is made longer by. So every pixel of the photo stays as it
is, places in the picture keep their numbers, and photos of one size, as those of a series, get
equal strips. Letters are black on white: equal shares of red, green and blue are grey in every
profile of an RGB space.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from appliance.pipeline.imaging.letters import font_file, sized_font
from appliance.pipeline.media.photo.photo import Photo
from appliance.pipeline.simulation.words import WORDS

_Font: TypeAlias = ImageFont.FreeTypeFont
_FILES = ("words-latin.ttf", "words.ttf")  # of WORDS

SIZE = 0.03
"""Height of the letters over the shorter side of the picture: 18 pixels where it is shown with 600,
2 mm on a print that is 6 cm wide."""

LEAST = 12
"""Pixels of a letter below which Chinese characters cannot be read. In a picture that is too narrow
for such letters the words take several lines."""

# In heights of the letters.
_LINE = 1.4
_MARGIN = 0.6

# Chinese characters, each with the punctuation behind it, which starts no line.
_CHARACTER = re.compile(r".[。，]?")  # noqa: RUF001 - Chinese punctuation


def words_font(number: int) -> bytes:
    """The TrueType file of ``WORDS[number]``; call :func:`load_words` before the seal."""
    return font_file(_FILES[number])


def load_words() -> None:
    """Read the fonts. A process that is sealed can open no file any more."""
    strip(LEAST, LEAST)


def lettered(photo: Photo) -> Photo:
    """``photo`` with the words below it; above them its pixels are those that it has.

    Its depth, profile, transparency and shape of pixels stay.
    """
    height, width = photo.pixels.shape[:2]
    shown_width, shown_height = photo.displayed_size
    words = strip(shown_width, shown_height)
    rows = max(1, round(words.shape[0] * height / shown_height))
    if words.shape != (rows, width):
        words = np.asarray(cv2.resize(words, (width, rows), interpolation=cv2.INTER_AREA), np.uint8)
    most = int(np.iinfo(photo.pixels.dtype).max)
    below = (words.astype(photo.pixels.dtype) * (most // 255))[..., None].repeat(3, axis=2)
    alpha = photo.alpha
    if alpha is not None:
        alpha = np.vstack([alpha, np.full((rows, width), most, alpha.dtype)])
    return replace(photo, pixels=np.vstack([photo.pixels, below]), alpha=alpha)


@lru_cache(maxsize=2)  # a slider asks for the same one again and again
def strip(width: int, height: int) -> NDArray[np.uint8]:
    """The words for a picture of ``width`` and ``height`` pixels: (h, ``width``), black on white.

    h is in proportion to the shorter side. It cannot be written to.
    """
    size = SIZE * min(width, height)
    room = width - 2 * _MARGIN * size
    longest = max(font.getlength(words) for font, words in zip(_fonts(size), WORDS, strict=True))
    size = max(LEAST, int(size * min(1, room / longest)))
    margin = _MARGIN * size
    lines = [
        (font, line)
        for font, words in zip(_fonts(size), WORDS, strict=True)
        for line in _broken(words, font, width - 2 * margin)
    ]
    rows = round(2 * margin + _LINE * size * len(lines))
    image = Image.new("L", (width, rows), 255)
    draw = ImageDraw.Draw(image)
    for number, (font, line) in enumerate(lines):
        middle = margin + _LINE * size * (number + 0.5)
        draw.text((width / 2, middle + 0.35 * size), line, fill=0, font=font, anchor="ms")
    words = np.array(image)
    words.flags.writeable = False
    return words


def _fonts(size: float) -> Sequence[_Font]:
    return [sized_font(name, max(1, round(size))) for name in _FILES]


def _broken(words: str, font: _Font, room: float) -> Iterator[str]:
    """``words`` in lines that fit into ``room`` pixels, where their parts do."""
    parts = re.findall(r"\S+ ?", words) if words.isascii() else _CHARACTER.findall(words)
    line = ""
    for part in parts:
        if line and font.getlength((line + part).rstrip()) > room:
            yield line.rstrip()
            line = ""
        line += part
    yield line.rstrip()

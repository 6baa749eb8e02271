"""The label that people see, drawn into a corner of the copy that leaves.

GB 45438-2025 asks for words on an edge or in a corner whose height is at least 5 % of the shorter
side; the EU's code of practice for "AI" and the word MODIFIED. Letters are white on black: equal
shares of red, green and blue are grey in every profile of an RGB space.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache
from io import BytesIO
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from appliance.errors import ReleaseError
from appliance.pipeline.media.photo.photo import Photo
from appliance.resources import fonts

WORDS: Final = ("AI MODIFIED", "人工智能合成")
"""One line each. GB 45438-2025: "人工智能" or "AI", with a word for generated or synthetic."""

HEIGHT: Final = 0.05
"""Least height of a letter over the shorter side of the picture (GB 45438-2025)."""

LEAST: Final = 10
"""Pixels of a letter's height below which Chinese characters cannot be read."""

_FILES = ("label-latin.ttf", "label.ttf")  # of WORDS
_MARGIN = 0.45  # around and between the lines, in heights of the letters


@cache
def _font_file(number: int) -> bytes:
    return (fonts() / _FILES[number]).read_bytes()


def load_label() -> None:
    """Read the fonts. A process that is sealed can open no file any more."""
    plate(1000, 1000)


def labelled(photo: Photo) -> Photo:
    """A copy of ``photo`` with the label in its upper left corner.

    The other pixels are those that it has. Depth, profile and shape of pixels stay; the label is
    opaque. Raises ``ReleaseError`` if the picture is too small for it.
    """
    height, width = photo.pixels.shape[:2]
    shown_width, shown_height = photo.displayed_size
    label = plate(shown_width, shown_height)
    rows = -(-label.shape[0] * height // shown_height)
    columns = -(-label.shape[1] * width // shown_width)
    if label.shape != (rows, columns):
        resized = cv2.resize(label, (columns, rows), interpolation=cv2.INTER_LINEAR)
        label = np.asarray(resized, np.uint8)
    most = int(np.iinfo(photo.pixels.dtype).max)
    pixels = photo.pixels.copy()
    pixels[:rows, :columns] = (label.astype(pixels.dtype) * (most // 255))[..., None]
    alpha = photo.alpha
    if alpha is not None:
        alpha = alpha.copy()
        alpha[:rows, :columns] = most
    return replace(photo, pixels=pixels, alpha=alpha)


@lru_cache(maxsize=2)
def plate(width: int, height: int) -> NDArray[np.uint8]:
    """The label for a picture of ``width`` and ``height`` square pixels: (h, w), white on black.

    It cannot be written to. Raises ``ReleaseError`` if the picture has no room for it.
    """
    letter = max(LEAST, -int(-HEIGHT * min(width, height) // 1))
    lines = [_line(number, letter) for number in range(len(WORDS))]
    margin = round(_MARGIN * letter)
    columns = max(line.shape[1] for line in lines) + 2 * margin
    rows = sum(line.shape[0] + margin for line in lines) + margin
    if columns > width or 2 * rows > height:
        raise ReleaseError(
            "The picture is too small for the label that must be seen.",
            "Release it larger, or cut less off.",
        )
    label = np.zeros((rows, columns), np.uint8)
    top = margin
    for line in lines:
        label[top : top + line.shape[0], margin : margin + line.shape[1]] = line
        top += line.shape[0] + margin
    label.flags.writeable = False
    return label


def _line(number: int, letter: int) -> NDArray[np.uint8]:
    """``WORDS[number]`` without a margin, each letter at least ``letter`` pixels high."""
    size = letter
    while (line := _Drawn(number, size)).least < letter:
        size += 1
    return line.pixels


class _Drawn:
    """Words in one size: their pixels, and the height of the lowest letter."""

    def __init__(self, number: int, size: int) -> None:
        # Not Raqm, which is a library that is loaded at its first use.
        layout = ImageFont.Layout.BASIC
        font = ImageFont.truetype(BytesIO(_font_file(number)), size, layout_engine=layout)
        words = WORDS[number]
        boxes = [font.getbbox(letter) for letter in words if letter != " "]
        self.least = min(int(bottom - top) for _, top, _, bottom in boxes)
        left, top, right, bottom = (int(edge) for edge in font.getbbox(words))
        image = Image.new("L", (right - left, bottom - top), 0)
        ImageDraw.Draw(image).text((-left, -top), words, fill=255, font=font)
        self.pixels: NDArray[np.uint8] = np.array(image)

"""What the second person looks at: the result at its full size, which is no result.

Words stand all over it, a photo has the label that its copy will have, and all is a JPEG in sRGB.
Anybody can see in it that it was not released. A film is shown by
pictures from all of it, on one sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.errors import ReleaseError
from appliance.pipeline.imaging.letters import ink_of, sized_font
from appliance.pipeline.media.canvas import thumbnail_size
from appliance.pipeline.media.photo.decode import in_colours_of
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.pipeline.media.photo.photo import Photo
from appliance.release.labels.visible import labelled, load_label

WORDS: Final = ("NOT RELEASED", "未放行")

PICTURES: Final = 9
"""Of a film, on one sheet."""

_SIDE = 640  # pixels; the longer side of each of them
_COLUMNS = 3
_HEIGHT = 0.02  # of a letter over the shorter side of the picture
_LEAST = 12  # pixels of a letter, below which Chinese characters cannot be read
_LINE = 5.0  # from line to line, in heights of the letters: most of a face is free of them
_STEP = 60  # of 255: how much brighter or darker a letter is than the picture below it
_MIDDLE = 128  # of 255: what is darker gets bright letters
_QUALITY = 90  # of a JPEG
_GAP = 8  # pixels between two pictures of a sheet
_FILES = ("view-latin.ttf", "view.ttf")  # of WORDS


def load_view() -> None:
    """Read the fonts. A process that is sealed can open no file any more."""
    load_label()
    _line(_LEAST)


def view_of(photo: Photo) -> bytes:
    """``photo`` as a JPEG to look at. Raises ``ReleaseError`` if it is too small for its label."""
    square = Photo(photo.canvas.thumbnail(max(photo.displayed_size)), icc=photo.icc)
    plain = in_colours_of(square, Photo(square.pixels))
    return encode_photo(
        labelled(Photo(_written_over(np.asarray(plain.pixels, np.uint8)))), "jpeg", _QUALITY
    )


def small_view_of(photo: Photo) -> bytes:
    """A small picture of a result, in sRGB and upright, as a JPEG to look at, without a label."""
    return encode_photo(Photo(_written_over(np.asarray(photo.pixels, np.uint8))), "jpeg", _QUALITY)


def sheet_of(pictures: Sequence[NDArray[np.uint8]]) -> bytes:
    """Up to ``PICTURES`` pictures of a film, (h, w, 3) in R, G, B, as one JPEG to look at.

    Raises ``ReleaseError`` if there are none.
    """
    if not pictures:
        raise ReleaseError("The film shows nothing.", "Make it again.")
    height, width = pictures[0].shape[:2]
    columns, rows = thumbnail_size(width, height, _SIDE)
    lines = -(-len(pictures) // _COLUMNS)
    across = min(_COLUMNS, len(pictures))
    sheet = np.zeros((lines * (rows + _GAP) - _GAP, across * (columns + _GAP) - _GAP, 3), np.uint8)
    for number, picture in enumerate(pictures):
        top, left = number // _COLUMNS * (rows + _GAP), number % _COLUMNS * (columns + _GAP)
        small = cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA)
        sheet[top : top + rows, left : left + columns] = small
    return encode_photo(Photo(_written_over(sheet)), "jpeg", _QUALITY)


def _written_over(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A copy of (h, w, 3) ``pixels`` with the words in lines all over it."""
    height, width = pixels.shape[:2]
    letter = max(_LEAST, round(_HEIGHT * min(height, width)))
    line, step = _line(letter), round(_LINE * letter)
    written = pixels.copy()
    for number, top in enumerate(range(step // 3, height - line.shape[0], step)):
        # Shifted from line to line, so that no column is free of them.
        shift = number * line.shape[1] // 3 % line.shape[1]
        whole = np.tile(line, (1, 2 + width // line.shape[1]))[:, shift : shift + width]
        below = written[top : top + line.shape[0]]
        luma = cv2.blur(below.mean(axis=2, dtype=np.float32), (letter, letter))
        dark = luma < _MIDDLE
        change = np.where(dark, _STEP, -_STEP) * (whole.astype(np.float32) / 255)
        below[:] = np.clip(below + change[..., None], 0, 255).astype(np.uint8)
    return written


def _line(letter: int) -> NDArray[np.uint8]:
    """The words once, with a space behind each: (h, w), 255 where a letter is."""
    parts = [
        ink_of(sized_font(name, letter), words) for name, words in zip(_FILES, WORDS, strict=True)
    ]
    line = np.zeros(
        (max(part.shape[0] for part in parts), sum(part.shape[1] + letter for part in parts)),
        np.uint8,
    )
    left = 0
    for part in parts:
        line[: part.shape[0], left : left + part.shape[1]] = part
        left += part.shape[1] + letter
    return line

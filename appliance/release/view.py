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
from appliance.pipeline.imaging.words_over import WordsOver
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
_QUALITY = 90  # of a JPEG
_GAP = 8  # pixels between two pictures of a sheet
_OVER = WordsOver(WORDS, ("view-latin.ttf", "view.ttf"))


def load_view() -> None:
    """Read the fonts. A process that is sealed can open no file any more."""
    load_label()
    _OVER.load()


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
    written = pixels.copy()
    for line in _OVER.lines(width, height):
        below = written[line.top : line.top + line.ink.shape[0]]
        below[:] = line.over(below)
    return written

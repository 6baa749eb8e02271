"""Reads the number of a release from a picture, or nothing.

How often would a picture without this key's mark give a number? Fix the picture, and let the key be
chosen at random. Wherever the tiles are laid and whatever the message, the score is the sum of
votes with independent random signs, divided by the root of the sum of their squares. By Hoeffding's
inequality (1963) it is at least t with a probability of at most exp(-t^2 / 2). Searching adds up:
every alignment and every number is a chance, so the bound is multiplied by their count. No
assumption about pictures is needed. At :data:`LEAST_SCORE` the product is below 1e-9, even before
the code and its keyed check refuse nearly all that is left.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.errors import InputError
from appliance.pipeline.media.photo.photo import Photo
from appliance.release.facts import MAX_NUMBER
from appliance.release.watermark import search
from appliance.release.watermark.mark import WIDEST, Plane
from appliance.release.watermark.message import check_key, number_from, symbols_of
from appliance.release.watermark.pattern import pattern_of
from appliance.release.watermark.votes import votes_of

LEAST_SCORE = 11.1
"""Deviations; see the head of this module."""

FALSE_ALARMS = search.ALIGNMENTS * MAX_NUMBER * math.exp(-(LEAST_SCORE**2) / 2)
"""An upper bound of the probability that an unmarked picture gives a number."""

_SMALLEST_SIDE = 64  # pixels; less than a quarter of a pixel a cell is left


@dataclass(frozen=True, slots=True)
class Reading:
    """What a picture gave: ``number``, or ``None``; ``score``: deviations, 0 without a number."""

    number: int | None
    score: float = 0.0


NOTHING = Reading(None)


def read_from_photo(photo: Photo, key: bytes) -> Reading:
    """The number in ``photo``, in any of its four quarter turns.

    Raises ``InputError`` if it is too small or too narrow to be read, ``ValueError`` for a key that
    is not 32 bytes long.
    """
    check_key(key)
    _check_size(photo.pixels.shape[0], photo.pixels.shape[1])
    luma: Any = cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY)
    return _read(votes_of(luma, float(np.iinfo(luma.dtype).max)), key)


def read_from_frames(frames: Iterable[NDArray[Any]], key: bytes, depth: int = 8) -> Reading:
    """The number in a film, from (h, w) luma planes of one size; ``depth``: their bits.

    Give key frames, some seconds apart: an encoder keeps the mark best in them, and carries it away
    with what moves in the others. Each is tried as it is; then all of them are searched for a cut,
    their votes summed, and the frame that shows most of the pilot. The bound on false alarms is
    thus multiplied by the frames and two. Raises ``InputError`` if there are none, or they are too
    small or too narrow, ``ValueError`` for another key or planes of several sizes.
    """
    check_key(key)
    whole, clearest, most = None, None, -1.0
    for luma in frames:
        _check_size(*luma.shape)
        votes = votes_of(luma, float((1 << depth) - 1))
        place = search.uncut(votes, key)[0]
        reading = _read_at(votes, place, key)
        if reading.number is not None:
            return reading
        if place.score > most:
            clearest, most = votes, place.score
        whole = votes if whole is None else whole + votes
    if whole is None or clearest is None:
        raise InputError("The film has no frame to read.", "Choose a film that is whole.")
    reading = _read(whole, key)
    return reading if reading.number is not None else _read(clearest, key)


def _check_size(height: int, width: int) -> None:
    if min(width, height) < _SMALLEST_SIDE or max(width, height) > 2 * WIDEST * min(width, height):
        hint = "Choose a larger copy of the picture."
        raise InputError("The picture is too small or too narrow to hold a watermark.", hint)


def _read(votes: Plane, key: bytes) -> Reading:
    for place in chain(search.uncut(votes, key), search.cut(votes, key)):
        reading = _read_at(votes, place, key)
        if reading.number is not None:
            return reading
    return NOTHING


def _read_at(votes: Plane, place: search.Alignment, key: bytes) -> Reading:
    cells, pattern = search.cells_at(votes, place), pattern_of(key)
    number = number_from(pattern.scores(cells), key)
    loudness = float(np.sqrt(np.sum(np.square(cells))))
    if number is None or loudness == 0:
        return NOTHING
    score = float(np.sum(pattern.tile(symbols_of(number, key)) * cells)) / loudness
    return Reading(number, score) if score >= LEAST_SCORE else NOTHING

"""Where the tiles of a key lie in a picture that was scaled and cut.

Scaling the whole picture changes nothing, for cells are counted along the shorter side. Cutting it
leaves fewer cells there: that *share* is searched, and for each the shift of the tile, by folding
the picture into one tile and correlating that with the pilot on a circle, in the Fourier domain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.release.watermark.mark import Plane
from appliance.release.watermark.pattern import TILE, Signs, pattern_of
from appliance.release.watermark.votes import PER_CELL

_SAMPLES = TILE * PER_CELL  # a side of the folded tile
_STEPS = 1024  # shares are multiples of 1 / 1024: half a cell in twice the shorter side
_SMALLEST_SHARE = 736  # of 1024: 28 % of the shorter side cut off
_STRIDE = 2  # steps between the shares that are tried first
_KEPT = 12  # alignments that are read
TURNS = 4

ALIGNMENTS = TURNS * (_STEPS - _SMALLEST_SHARE + 1) * _SAMPLES**2
"""All places where a message could be read: the number of hypotheses, for the false alarms."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """A place of the tiles.

    ``share``: cells along the shorter side, of 1024 for all; ``turn``: quarter turns against the
    clock that set the picture upright; ``down`` and ``right``: samples of the folded tile by which
    it is shifted, before it is turned; ``score``: deviations of the pilot's correlation.
    """

    share: int
    turn: int
    down: int
    right: int
    score: float


def uncut(votes: Plane, key: bytes) -> list[Alignment]:
    """The best alignment in each turn of a picture of which nothing was cut off, best first."""
    return sorted(_best_shifts(votes, _STEPS, key), key=_score, reverse=True)


def cut(votes: Plane, key: bytes) -> Iterator[Alignment]:
    """The most promising alignments of a picture that may have been cut, best first."""
    shares = range(_SMALLEST_SHARE, _STEPS + 1, _STRIDE)
    rough = [place for share in shares for place in _best_shifts(votes, share, key)]
    kept = sorted(rough, key=_score, reverse=True)[:_KEPT]
    near = {(best.share + step, best.turn) for best, step in product(kept, (-1, 1))}
    fine = [
        place
        for share in sorted({share for share, _ in near if share < _STEPS})
        for place in _best_shifts(votes, share, key)
        if (share, place.turn) in near
    ]
    yield from sorted(kept + fine, key=_score, reverse=True)[:_KEPT]


def cells_at(votes: Plane, place: Alignment) -> NDArray[np.float64]:
    """The votes of each cell of the tile, summed over all its repetitions: (128, 128)."""
    folded = np.roll(_folded(votes, place.share), (-place.down, -place.right), (0, 1))
    upright = np.ascontiguousarray(np.rot90(folded, place.turn))
    cells = upright.reshape(TILE, PER_CELL, TILE, PER_CELL).sum((1, 3))
    return np.asarray(cells, np.float64)


def _score(place: Alignment) -> float:
    return place.score


def _best_shifts(votes: Plane, share: int, key: bytes) -> Iterator[Alignment]:
    """The best shift in each turn: the pilot is turned, in the place of the picture."""
    folded = _folded(votes, share)
    pilots, cells = _pilots(key)
    boxes = folded + np.roll(folded, -1, 0)
    boxes = boxes + np.roll(boxes, -1, 1)
    noise = float(np.sqrt(np.mean(np.square(boxes)) * cells))
    # OpenCV's transform takes a fifth of numpy's time, and most of a search is these lines.
    spectrum = cv2.dft(folded)
    back = cv2.DFT_INVERSE | cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT
    for turn, pilot in enumerate(pilots):
        both = cv2.mulSpectrums(spectrum, pilot, 0, conjB=True)
        correlation: Any = cv2.dft(both, flags=back)
        down, right = divmod(int(correlation.argmax()), _SAMPLES)
        score = float(correlation[down, right]) / noise if noise > 0 else 0.0
        yield Alignment(share, turn, down, right, score)


def _folded(votes: Plane, share: int) -> NDArray[np.float32]:
    """All tiles that a picture of this ``share`` shows, summed: (256, 256) samples."""
    factor = share / _STEPS
    scaled: Any = votes
    if share != _STEPS:
        scaled = cv2.resize(votes, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    height, width = scaled.shape
    down, across = -(-height // _SAMPLES), -(-width // _SAMPLES)
    whole = np.zeros((down * _SAMPLES, across * _SAMPLES), np.float32)
    whole[:height, :width] = scaled
    tiles = whole.reshape(down, _SAMPLES, across, _SAMPLES)
    return np.asarray(tiles.sum((0, 2)), np.float32)


@lru_cache(maxsize=4)
def _pilots(key: bytes) -> tuple[list[Any], int]:
    """The spectra of the key's pilot in samples, for each turn, and how many cells it has.

    As OpenCV packs them; turned so that a turn of the picture sets them upright.
    """
    pilot: Signs = pattern_of(key).pilot
    samples = np.kron(pilot, np.ones((PER_CELL, PER_CELL), np.int8)).astype(np.float32)
    turned = [np.ascontiguousarray(np.rot90(samples, -turn)) for turn in range(TURNS)]
    return [cv2.dft(one) for one in turned], int(np.count_nonzero(pilot))

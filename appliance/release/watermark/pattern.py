"""The pattern of a key: a square tile of signs that repeats over the picture.

The tile has 128 x 128 *cells*, each of the sign +1 or -1. A quarter of them are the *pilot*, always
the same, by which a reader finds where tiles lie; the others are dealt out to the 16 symbols of a
message, and have signs of their own for each value of their symbol. All signs come out of SHAKE-256
(FIPS 202) with the key, so for whoever lacks the key every message looks like independent tosses of
a coin: spread spectrum as in Cox et al. 1997, tiled for synchronisation as in Kutter 1998 and
Alattar and Meyer 2003.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from appliance.release.watermark.message import SYMBOLS, VALUES, check_key

Signs: TypeAlias = NDArray[np.int8]
"""+1, -1, or 0 where a cell belongs to something else."""

TILE = 128  # cells a side
_CELLS = TILE * TILE
_PILOT_CELLS = _CELLS // 4
_SYMBOL_CELLS = (_CELLS - _PILOT_CELLS) // SYMBOLS  # 768


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """The signs of a key.

    ``pilot``: (128, 128), 0 in cells of the message. ``places``: (16, 768), which cells of the
    flattened tile are a symbol's. ``signs``: (16, 256, 768), theirs for each value.
    """

    pilot: Signs
    places: NDArray[np.intp]
    signs: Signs

    def tile(self, symbols: NDArray[np.uint8]) -> Signs:
        """The whole (128, 128) tile for a message of (16,) ``symbols``."""
        whole = self.pilot.flatten()
        for symbol, value in enumerate(symbols):
            whole[self.places[symbol]] = self.signs[symbol, value]
        return whole.reshape(TILE, TILE)

    def scores(self, tile: NDArray[np.float64]) -> NDArray[np.float64]:
        """How well each value of each symbol fits a (128, 128) ``tile`` of votes: (16, 256)."""
        votes = tile.reshape(-1)[self.places]
        found = np.einsum("svc,sc->sv", self.signs, votes.astype(np.float32))
        return np.asarray(found, np.float64)


@lru_cache(maxsize=4)
def pattern_of(key: bytes) -> Pattern:
    """The pattern of ``key``. Raises ``ValueError`` if it is not 32 bytes long."""
    check_key(key)
    order = np.argsort(np.frombuffer(_stream(key, b"order", 8 * _CELLS), "<u8"), kind="stable")
    pilot = np.zeros(_CELLS, np.int8)
    pilot[order[:_PILOT_CELLS]] = _signs(key, b"pilot", _PILOT_CELLS)
    places = order[_PILOT_CELLS:].reshape(SYMBOLS, _SYMBOL_CELLS)
    signs = _signs(key, b"symbols", SYMBOLS * VALUES * _SYMBOL_CELLS)
    return Pattern(pilot.reshape(TILE, TILE), places, signs.reshape(SYMBOLS, VALUES, _SYMBOL_CELLS))


def _signs(key: bytes, purpose: bytes, count: int) -> Signs:
    bits = np.unpackbits(np.frombuffer(_stream(key, purpose, count // 8), np.uint8))
    return (2 * bits.astype(np.int8) - 1).astype(np.int8)


def _stream(key: bytes, purpose: bytes, length: int) -> bytes:
    return hashlib.shake_256(b"face-appliance watermark 1\0" + purpose + b"\0" + key).digest(length)

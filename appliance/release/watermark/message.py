"""A release's number as symbols that survive errors, and back.

The number's 4 bytes are followed by 2 bytes of a keyed check and 10 of a Reed-Solomon code over
GF(256) (Reed and Solomon 1960). Each byte is sent as one of 256 keyed patterns, so a reader has a
score for each value, not only the best one. Decoding uses them as in generalised minimum distance
decoding (Forney 1966): the symbols that it is least sure of are erased, more of them at each try.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

import numpy as np
import reedsolo
from numpy.typing import NDArray

from appliance.release.facts import MAX_NUMBER

SYMBOLS = 16
VALUES = 256
KEY_BYTES = 32

_CHECK_BYTES = 2
_SURPLUS = SYMBOLS - 4 - _CHECK_BYTES
# A code word that is found with all surplus symbols erased always exists; two are left to disagree.
_MOST_ERASED = _SURPLUS - 2


def check_key(key: bytes) -> None:
    """Raises ``ValueError`` if ``key`` is not 32 bytes long."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a watermark's key has {KEY_BYTES} bytes, not {len(key)}")


def symbols_of(number: int, key: bytes) -> NDArray[np.uint8]:
    """``number`` as (16,) values of 0-255.

    Raises ``ValueError`` if it is not within 1 to 2**32 - 1, or for a key of another length.
    """
    check_key(key)
    if not 1 <= number <= MAX_NUMBER:
        raise ValueError("a release's number is from 1 to 2**32 - 1")
    plain = number.to_bytes(4, "big")
    return np.frombuffer(bytes(_codec().encode(plain + _check(plain, key))), np.uint8)


def number_from(scores: NDArray[np.float64], key: bytes) -> int | None:
    """The number that (16, 256) ``scores`` of the values spell, if they spell one at all."""
    check_key(key)
    ranked = np.sort(scores, axis=1)
    margin = ranked[:, -1] - ranked[:, -2]
    best = scores.argmax(axis=1).astype(np.uint8).tobytes()
    unsure = [int(place) for place in np.argsort(margin)]
    for erased in range(0, _MOST_ERASED + 1, 2):
        number = _decoded(best, unsure[:erased], key)
        if number is not None:
            return number
    return None


def _decoded(symbols: bytes, erased: list[int], key: bytes) -> int | None:
    try:
        word: Any = _codec().decode(symbols, erase_pos=erased)[0]
    except reedsolo.ReedSolomonError:
        return None
    plain, check = bytes(word[:4]), bytes(word[4:])
    number = int.from_bytes(plain, "big")
    return number if number and check == _check(plain, key) else None


def _check(plain: bytes, key: bytes) -> bytes:
    return hashlib.blake2b(plain, digest_size=_CHECK_BYTES, key=key, person=b"mark-check").digest()


@lru_cache(maxsize=1)
def _codec() -> Any:
    return reedsolo.RSCodec(_SURPLUS, nsize=SYMBOLS)

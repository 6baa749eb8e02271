"""A fingerprint that people can read to each other: words instead of digits."""

from __future__ import annotations

from typing import Final

from mnemonic import Mnemonic

FINGERPRINT_BITS: Final = 128
"""Of a SHA-256: who wants another bundle with the same words has to try 2^128 of them."""


def fingerprint_words(digest: bytes) -> str:
    """Twelve words of BIP-39's English list: the first 128 bits of ``digest``, and 4 that check.

    No two words begin with the same four letters.
    """
    words: str = Mnemonic("english").to_mnemonic(digest[: FINGERPRINT_BITS // 8])
    return words

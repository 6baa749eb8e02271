"""Pseudonyms: the same person, patient or file has the same one, which reveals nothing else.

A pseudonym is HMAC-SHA-256 under a key that is not in the log, truncated to 128 bits. The kind is
hashed too, so that a person and a patient with the same name have different pseudonyms.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Literal, TypeAlias

KEY_SIZE = 32  # bytes

PseudonymKind: TypeAlias = Literal["person", "patient", "file", "consent"]


def new_key() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(KEY_SIZE)


def pseudonym(key: bytes, kind: PseudonymKind, value: bytes) -> str:
    """32 hex digits for ``value``, as ``fields.Pseudonym`` takes them."""
    return hmac.digest(key, kind.encode() + b"\x00" + value, "sha256")[:16].hex()

"""The receipt for a logged event."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Receipt:
    """The index of an event in the log, and its leaf hash (32 bytes) for an inclusion proof."""

    index: int
    leaf: bytes

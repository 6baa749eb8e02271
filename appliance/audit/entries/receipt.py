"""What whoever logged something gets for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where an event stands in the log, and the leaf hash that an inclusion proof starts from."""

    index: int
    leaf: bytes

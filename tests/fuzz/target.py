"""What is fuzzed: a parser, and sound inputs to start from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Judge = Callable[[bytes], object]
"""Takes any bytes. Raises where the parser does not read them or refuse them as it documents."""


@dataclass(frozen=True)
class Target:
    """A parser. ``seeds``: sound inputs, made when they are needed."""

    judge: Judge
    seeds: Callable[[], Sequence[bytes]]

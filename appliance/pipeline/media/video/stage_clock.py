"""How long a stage works."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StageTime:
    """Seconds that one stage worked, without waiting: of the clock, and of its thread's CPU time.

    ``cpu`` leaves out threads that a codec starts by itself, and those of deferred work. In
    ``wall`` deferred work counts as long as it was waited for.
    """

    wall: float
    cpu: float


class StageClock:
    """Adds up the time inside of ``with`` blocks, all in one thread."""

    def __init__(self) -> None:
        self._wall = self._cpu = 0.0

    def __enter__(self) -> None:
        self._wall -= time.monotonic()
        self._cpu -= time.thread_time()

    def __exit__(self, *_: object) -> None:
        self._wall += time.monotonic()
        self._cpu += time.thread_time()

    def read(self) -> StageTime:
        """The sum so far."""
        return StageTime(self._wall, self._cpu)

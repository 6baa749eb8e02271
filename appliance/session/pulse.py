"""Wakes those who wait for something of the broker to change, so that none of them polls."""

from __future__ import annotations

from threading import Condition

_LONGEST = 1.0  # seconds; a caller that has hung up is noticed then at the latest


class Pulse:
    """A count that goes up whenever something may have changed. For several threads."""

    def __init__(self) -> None:
        self._count = 0
        self._beaten = Condition()

    @property
    def count(self) -> int:
        """How often it has beaten."""
        return self._count

    def beat(self) -> None:
        """Something may have changed."""
        with self._beaten:
            self._count += 1
            self._beaten.notify_all()

    def after(self, count: int) -> int:
        """Wait until it has beaten more than ``count`` times, or a second; how often it has."""
        with self._beaten:
            self._beaten.wait_for(lambda: self._count > count, _LONGEST)
            return self._count

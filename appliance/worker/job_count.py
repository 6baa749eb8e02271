"""How many jobs began, for those who count them and those who wait for the next."""

from __future__ import annotations

from threading import Condition


class JobCount:
    """Counts jobs from 1. For several threads."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._count = 0

    @property
    def now(self) -> int:
        """How many began so far: the number of the last one."""
        with self._changed:
            return self._count

    def begin(self) -> int:
        """The number of a job that begins now."""
        with self._changed:
            self._count += 1
            self._changed.notify_all()
            return self._count

    def other_than(self, seen: int) -> int:
        """How many began, as soon as that differs from ``seen``.

        What began since the caller looked is noticed too: nothing is lost between two calls.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._count != seen)
            return self._count

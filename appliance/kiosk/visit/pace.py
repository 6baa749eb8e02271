"""How fast something goes, measured over the last seconds, and how long it will take."""

from __future__ import annotations

from collections import deque

_WINDOW = 10.0  # seconds that are looked back
_LEAST = 2.0  # seconds that must have been measured before anything is said


class Pace:
    """Counts what is done, with the time of each count in seconds of any clock."""

    def __init__(self) -> None:
        self._counts: deque[tuple[float, int]] = deque()

    def note(self, now: float, done: int) -> None:
        """So much is done now."""
        self._counts.append((now, done))
        # One count before the window is kept: what goes slowly is measured from there.
        while len(self._counts) > 2 and self._counts[1][0] <= now - _WINDOW:
            self._counts.popleft()

    def seconds_left(self, now: float, total: int) -> float | None:
        """Until ``total`` is done, at the pace of the last seconds; ``None``: not known yet.

        A count that does not come makes it longer, not shorter.
        """
        if not self._counts:
            return None
        (began, first), (_, done) = self._counts[0], self._counts[-1]
        if now - began < _LEAST or done <= first:
            return None
        return max(0, total - done) * (now - began) / (done - first)

"""A time of day, and whether it has come."""

from __future__ import annotations

from datetime import datetime


class Daily:
    """Something that is due once a day, at ``clock`` ("03:00", local time)."""

    def __init__(self, clock: str) -> None:
        self._clock = clock
        self._last: datetime | None = None

    def due(self, now: datetime) -> bool:
        """Whether its time has come since the last call; never at the first one."""
        last, self._last = self._last, now
        if last is None:
            return False
        hour, minute = map(int, self._clock.split(":"))
        moment = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        return last < moment <= now

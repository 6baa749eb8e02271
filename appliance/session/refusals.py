"""Refused logins for the ledger: counted by the minute, so that no caller can fill the disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Literal, TypeAlias

from appliance.audit.entries import events
from appliance.errors import LedgerError
from appliance.session import login
from appliance.session.ledger_connection import Record

Reason: TypeAlias = login.Denial | Literal["busy", "wipe-failed", "role"]

_MINUTE = 60.0  # seconds
_MOST_NAMES = 16  # a minute; refusals in further names are counted together


@dataclass(slots=True)
class _Count:
    """Refusals that are not logged yet. ``since``: when the first one was logged, in seconds."""

    since: float
    subject: str | None = None
    times: int = 0


class Refusals:
    """The first refusal of each kind is logged at once, the others with their number.

    A kind is a reason and a name. The number of those is bounded, so that a minute has a bounded
    number of entries whatever is tried. For several threads; none holds a lock while it logs.
    ``clock`` gives seconds and must not be settable.
    """

    def __init__(self, ledger: Record, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._counts: dict[tuple[Reason, str | None], _Count] = {}
        self._lock = Lock()

    def add(self, reason: Reason, user: str | None = None) -> None:
        """Log or count a refusal; ``user`` if that can be the name of one. Raises ``LedgerError``.

        What is refused stays refused if it cannot be logged.
        """
        with self._lock:
            key = self._key(reason, user)
            count = self._counts.get(key)
            if count is not None:
                count.times += 1
                return
            count = self._counts[key] = _Count(self._clock())
        try:
            if key[1] is not None:
                count.subject = self._ledger.pseudonym("person", key[1])
            self._ledger.append(events.LoginRefused(reason, count.subject))
        except BaseException:
            with self._lock:
                if count.times:  # others were counted meanwhile
                    count.times += 1
                else:
                    self._counts.pop(key, None)  # so that the next one is logged at once
            raise

    def due(self) -> bool:
        """Whether ``log`` has something to do."""
        with self._lock:
            return any(self._is_over(count) for count in self._counts.values())

    def log(self, *, everything: bool = False) -> None:
        """Log what was counted in minutes that are over, or ``everything``.

        Raises ``LedgerError``; what was not logged is kept for the next time.
        """
        with self._lock:
            over = {
                key: count
                for key, count in self._counts.items()
                if everything or self._is_over(count)
            }
            for key in over:
                del self._counts[key]
        entries = [
            events.LoginRefused(reason, count.subject, count.times)
            for (reason, _), count in over.items()
            if count.times
        ]
        if not entries:
            return
        try:
            self._ledger.append(*entries)
        except LedgerError:
            with self._lock:
                for key, count in over.items():
                    self._counts.setdefault(key, _Count(count.since, count.subject))
                    self._counts[key].times += count.times
            raise

    def _key(self, reason: Reason, user: str | None) -> tuple[Reason, str | None]:
        """``reason`` with the name, or without it where there are too many names."""
        names = {name for _, name in self._counts if name is not None}
        known = user in names or len(names) < _MOST_NAMES
        return (reason, user if known else None)

    def _is_over(self, count: _Count) -> bool:
        return self._clock() - count.since >= _MINUTE

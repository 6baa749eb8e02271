"""What the guard of a sealed worker counts reaches the ledger without another call."""

from __future__ import annotations

from contextlib import suppress
from queue import Queue
from typing import Any

from appliance.audit.entries import events
from appliance.seal.guard import Guard
from appliance.worker.tripwires import report_touches
from tests.worker.process import SESSION


class _Ledger:
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.logged: Queue[events.EscapeAttempt] = Queue()

    def append_all(self, attempts: list[events.EscapeAttempt]) -> None:
        for attempt in attempts:
            self.logged.put(attempt)


def _touch(guard: Guard, times: int) -> None:
    for _ in range(times):
        with suppress(ImportError):
            guard.find_spec("this", None)


def test_touches_are_logged_and_each_is_counted_once() -> None:
    guard, ledger = Guard(serving=True), _Ledger()
    stand_in: Any = ledger
    report_touches(guard, SESSION, stand_in)
    for times in (3, 2):
        _touch(guard, times)
        counted = 0
        while counted < times:  # in one event or in several
            attempt = ledger.logged.get(timeout=60)
            assert (attempt.layer, attempt.what, attempt.session) == ("guard", "import", SESSION)
            counted += attempt.times
        assert counted == times
    assert ledger.logged.empty()

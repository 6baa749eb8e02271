"""What the tripwires of a sealed process noticed is logged, as soon as possible."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Mapping
from threading import Thread

from appliance.audit.entries import events
from appliance.audit.service.client import AuditClient
from appliance.errors import LedgerError
from appliance.seal.guard import Guard, Touch

_PAUSE = 1.0  # seconds between two reports: a flood of attempts is counted, not listed


def report_touches(guard: Guard, session: str, ledger: AuditClient) -> None:
    """Log each touch of ``guard`` from a thread of its own, as long as the process lives."""
    Thread(target=_report, args=(guard, session, ledger), daemon=True).start()


def touches_as_events(touches: Mapping[Touch, int], session: str) -> list[events.EscapeAttempt]:
    """The ledger's record of ``touches``, which are counts by kind."""
    return [
        events.EscapeAttempt("guard", touch, times, session) for touch, times in touches.items()
    ]


def _report(guard: Guard, session: str, ledger: AuditClient) -> None:
    logged: Counter[Touch] = Counter()
    while True:
        guard.news.get()
        touches = Counter(dict(guard.touches))
        try:
            ledger.append_all(touches_as_events(touches - logged, session))
        except LedgerError:
            os._exit(LedgerError.exit_code)
        logged = touches
        time.sleep(_PAUSE)

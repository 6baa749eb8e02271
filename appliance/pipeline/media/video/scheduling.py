"""How the system schedules the threads of encoders.

SVT-AV1 asks for the highest real-time priority for its threads, and for the thread that opens it.
As root it gets that, and then whatever else runs on the machine waits for them: also what they
wait for themselves.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_THREADS = Path("/proc/self/task")


@contextmanager
def usual_scheduling() -> Iterator[None]:
    """The calling thread and those that it starts are scheduled afterwards as it was before.

    A sealed process cannot change how it is scheduled, and neither can what it calls: there this
    does nothing.
    """
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        changed = os.sched_getscheduler(0)
        if changed != policy:
            for thread in (int(entry.name) for entry in _THREADS.iterdir()):
                with suppress(ProcessLookupError):  # it has ended meanwhile
                    if os.sched_getscheduler(thread) == changed:
                        os.sched_setscheduler(thread, policy, parameters)

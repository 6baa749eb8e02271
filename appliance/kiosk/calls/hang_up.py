"""Notices that a service hangs up, also while it is asked for nothing."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from threading import Thread


def when_hung_up(descriptor: int, ended: Callable[[], object]) -> None:
    """Call ``ended`` on a thread of its own once either end of a socket hangs up.

    ``descriptor``: of the socket, which stays the caller's.
    """
    own = os.dup(descriptor)

    def watch() -> None:
        try:
            poll = select.poll()
            poll.register(own, select.POLLRDHUP)
            poll.poll()
        finally:
            os.close(own)
        ended()

    Thread(target=watch, daemon=True).start()

"""How soon a session may ask again: each attempt is in the ledger, which nobody may fill."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Literal, TypeAlias

from appliance.protocols import broker_api
from appliance.protocols.broker_api import error_name
from appliance.wire.message import CallError

Reason: TypeAlias = Literal["too-soon"]

_MOST = 64  # sessions that are remembered, over or not; there are at most 8 of them


class Pace:
    """One attempt of a session in ``pause`` seconds. For several threads.

    ``clock``: seconds; it must not be settable.
    """

    def __init__(self, pause: float, clock: Callable[[], float]) -> None:
        self._pause = pause
        self._clock = clock
        self._begun: OrderedDict[str, float] = OrderedDict()  # when, by session
        self._lock = Lock()

    def begin(self, session: str) -> None:
        """A session tries; raises ``CallError`` if it did so a moment ago, which is not logged."""
        with self._lock:
            now = self._clock()
            left = self._begun.get(session, now - self._pause) + self._pause - now
            if left > 0:
                reason: Reason = "too-soon"
                hint = f"This was asked for a moment ago. Ask again in {math.ceil(left)} s."
                raise CallError(
                    error_name("ReleaseRefused"), broker_api.ReleaseRefused(reason, hint)
                )
            self._begun[session] = now
            self._begun.move_to_end(session)
            while len(self._begun) > _MOST:
                self._begun.popitem(last=False)

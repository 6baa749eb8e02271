"""Which entries of the ledger belong to which open session, so that they can be proved to it.

In memory alone: a daemon that starts again knows none, rather than some.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from appliance.audit.entries import events
from appliance.audit.entries.events import AnyEvent

_MOST_SESSIONS = 64  # that are remembered; there are at most 8
_MOST_ENTRIES = 1 << 16  # of a session; a worker may log 20,000 in a day


class SessionEntries:
    """The entries of each session, from its ``SessionOpened`` to its ``SessionWiped``."""

    def __init__(self) -> None:
        self._entries: dict[str, array[int]] = {}

    def note(self, index: int, event: AnyEvent, of: str | None) -> None:
        """Take notice of the entry at ``index``.

        ``of``: the session that the connection of its peer is restricted to, if it is.
        """
        session: str | None = getattr(event, "session", None) or of
        if session is None:
            return
        if isinstance(event, events.SessionOpened):
            self._entries[session] = array("Q")
            while len(self._entries) > _MOST_SESSIONS:
                self._entries.pop(next(iter(self._entries)))
        known = self._entries.get(session)
        if known is None:
            return
        known.append(index)
        if isinstance(event, events.SessionWiped) or len(known) > _MOST_ENTRIES:
            del self._entries[session]

    def of(self, session: str) -> Sequence[int] | None:
        """The entries of ``session`` in their order; ``None`` unless all of them are known."""
        return self._entries.get(session)

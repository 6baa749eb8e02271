"""Which session an entry belongs to, also where it names a release or an erasure alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from appliance.audit.entries import events
from appliance.audit.entries.reader import LogLine


def sessions_of(lines: Iterable[LogLine]) -> dict[int, str]:
    """The session of each entry that belongs to one, by the entry's index.

    ``lines``: in their order. A release is known by its approval, and an erasure by the broker's
    record of it, where those are among ``lines``.
    """
    found: dict[int, str] = {}
    erased: dict[str, int] = {}
    for line in lines:
        index, event = line.entry.seq, line.entry.event
        session = getattr(event, "session", None)
        if isinstance(event, events.ReleaseSigned | events.ReleaseBurned):
            session = found.get(event.number)
        elif isinstance(event, events.WorkspaceErased):
            erased[event.key] = index
        if session is not None:
            found[index] = session
        if isinstance(event, events.SessionWiped) and event.key in erased:
            found[erased[event.key]] = event.session
    return found


def lines_of_session(lines: Sequence[LogLine], session: str) -> list[LogLine]:
    """The entries that belong to ``session``, in their order."""
    belongs = sessions_of(lines)
    return [line for line in lines if belongs.get(line.entry.seq) == session]

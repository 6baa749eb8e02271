"""The places for sessions: which are free, and which session has which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hmac import compare_digest
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.session.session import Session


class Slots:
    """All slots of this machine, and the sessions in them. For several threads; nothing waits."""

    def __init__(self, names: Sequence[str]) -> None:
        """``names``: of all slots, in the order in which they are taken."""
        self._names = tuple(names)
        self._taken: set[str] = set()
        self._sessions: dict[str, Session] = {}
        self._lock = Lock()

    @property
    def free(self) -> int:
        """How many slots are free."""
        with self._lock:
            return len(self._names) - len(self._taken)

    def reserve(self) -> str | None:
        """Take a free slot, for a session that is about to be made; ``None`` if there is none."""
        with self._lock:
            free = (name for name in self._names if name not in self._taken)
            name = next(free, None)
            if name is not None:
                self._taken.add(name)
            return name

    def release(self, name: str) -> None:
        """Give a slot back that was reserved."""
        with self._lock:
            self._taken.discard(name)

    def add(self, session: Session) -> Session:
        """Put ``session`` into its slot, which is reserved; returns it.

        If its project has a session already, that one is returned and nothing is added: a project
        has one workspace, whoever opens it at the same time.
        """
        with self._lock:
            existing = self._project(session.project)
            if existing is None:
                self._sessions[session.identifier] = session
            return existing or session

    def remove(self, session: Session) -> None:
        """The session is wiped and logged: its slot is free."""
        with self._lock:
            if self._sessions.pop(session.identifier, None) is not None:
                self._taken.discard(session.slot)

    def all(self) -> list[Session]:
        """All sessions."""
        with self._lock:
            return list(self._sessions.values())

    def of_project(self, name: str | None) -> Session | None:
        """The session of a project, if there is one."""
        with self._lock:
            return self._project(name)

    def find(self, matches: Callable[[Session], bool]) -> Session | None:
        """The first session that ``matches``."""
        return next((session for session in self.all() if matches(session)), None)

    def with_handle(self, handle: str) -> Session | None:
        """The session that was opened with this handle."""
        given = handle.encode()
        return self.find(lambda session: compare_digest(session.handle.encode(), given))

    def _project(self, name: str | None) -> Session | None:
        if name is None:
            return None
        named = (session for session in self._sessions.values() if session.project == name)
        return next(named, None)

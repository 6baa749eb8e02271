"""A tripwire in Python: it reports attempts to escape, and is not relied upon to stop them.

The interpreter calls its audit hooks before it creates sockets, starts processes or loads libraries
(sys.addaudithook, PEP 578; the Python documentation lists the events). Machine code bypasses the
hooks, and is stopped by the system call filter.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Literal, NoReturn

Touch = Literal["socket", "subprocess", "exec", "dlopen", "import"]

# Prefixes of the names of audit events. `open` is missing: Landlock knows which files are allowed.
_REFUSED: tuple[tuple[str, Touch], ...] = (
    ("socket.", "socket"),
    ("subprocess.", "subprocess"),
    ("os.system", "subprocess"),
    ("os.fork", "subprocess"),
    ("os.posix_spawn", "subprocess"),
    ("pty.spawn", "subprocess"),
    ("os.exec", "exec"),
    ("ctypes.dlopen", "dlopen"),
)

# A process that serves connections needs these: it makes a socket object for each descriptor that
# it is given. The system call filter denies creating any other socket.
_SERVING = frozenset(("socket.__new__", "socket.sendmsg"))


class TripwireError(PermissionError):
    """An operation that a sealed process has given up."""


class TripwireImportError(ImportError):
    """An import of a module that was not loaded before the seal."""


@dataclass(slots=True)
class Guard:
    """Refuses and counts such operations once it is armed. Audit hooks cannot be removed again.

    ``serving``: the process serves connections that it is given. ``news`` has an element if there
    were touches since the last was taken out; a queue, because that can be filled in a destructor.
    """

    serving: bool = False
    touches: Counter[Touch] = field(default_factory=Counter)
    news: SimpleQueue[Touch] = field(default_factory=SimpleQueue)

    def arm(self) -> None:
        """Install the hooks."""
        sys.addaudithook(self._hook)
        sys.meta_path.insert(0, self)

    def find_spec(self, name: str, path: object, target: object = None) -> NoReturn:
        """Called for each module that is not loaded yet. Raises ``TripwireImportError``."""
        self._count("import")
        raise TripwireImportError("sealed: import")

    def _hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.serving and event in _SERVING:
            return
        for prefix, touch in _REFUSED:
            if event.startswith(prefix):
                self._count(touch)
                # Only the name of the event: its arguments may contain a path or an address.
                raise TripwireError(f"sealed: {event}")

    def _count(self, touch: Touch) -> None:
        self.touches[touch] += 1
        if self.news.empty():
            self.news.put(touch)

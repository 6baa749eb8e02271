"""A tripwire in Python: it names who touches a wall, and is never counted as a wall.

The interpreter tells its audit hooks of sockets, processes and libraries before it touches them
(sys.addaudithook, PEP 578; the events are listed in the Python documentation). Whoever writes
machine code goes around it; the filter below stops them all the same.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, NoReturn

Touch = Literal["socket", "subprocess", "exec", "dlopen", "import"]

# What an event's name begins with. Not `open`: files are Landlock's, which knows which ones.
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

# What a process that serves an inherited socket does with it: `accept` gives a socket object to a
# connection that the kernel has made. A socket of one's own the filter refuses.
_SERVING = frozenset(("socket.__new__", "socket.sendmsg"))


class TripwireError(PermissionError):
    """Somebody wanted what a sealed process has given up."""


class TripwireImportError(ImportError):
    """Somebody wanted a module that was not loaded before the seal."""


@dataclass(slots=True)
class Guard:
    """Refuses and counts, once armed; hooks cannot be taken out again.

    ``serving``: whether the process answers callers on sockets that it inherited.
    """

    serving: bool = False
    touches: Counter[Touch] = field(default_factory=Counter)

    def arm(self) -> None:
        """From now on."""
        sys.addaudithook(self._hook)
        sys.meta_path.insert(0, self)

    def find_spec(self, name: str, path: object, target: object = None) -> NoReturn:
        """Asked by the interpreter for each module that is not loaded yet."""
        self.touches["import"] += 1
        raise TripwireImportError("sealed: import")

    def _hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.serving and event in _SERVING:
            return
        for prefix, touch in _REFUSED:
            if event.startswith(prefix):
                self.touches[touch] += 1
                # The event's name only: its arguments may hold a path or an address.
                raise TripwireError(f"sealed: {event}")

"""The ledger of a single command: the daemon runs as its child, over a socket pair.

The process that opens untrusted files never has the key; the child that has it opens none of them.
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from appliance.audit.keys.locations import default_ledger
from appliance.audit.service.client import AuditClient


class EmbeddedAudit:
    """A child daemon: its process id ``child`` and the connection to it, ``client``.

    Start it early: it starts up while the caller loads its libraries. If the child cannot serve,
    not the constructor but the first event raises ``LedgerError``.
    """

    def __init__(self, ledger: Path | None = None) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            theirs.set_inheritable(True)
            # Not subprocess: a sealed process can neither wait for its child nor kill it.
            self.child = os.posix_spawn(
                sys.executable,
                [
                    # -P: do not import modules from the current folder.
                    *(sys.executable, "-P", "-m", "appliance.audit", "--create"),
                    *("--ledger", os.fspath(ledger or default_ledger())),
                    *("--adopt", str(theirs.fileno())),
                ],
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(3)
                ],
                # Ctrl-C is for the command; the child ends when the command disconnects.
                setsid=True,
            )
        self.client = AuditClient(ours.detach())

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect, which ends the child; a sealed process may not wait for it."""
        self.client.close()
        with suppress(OSError):
            os.waitpid(self.child, 0)

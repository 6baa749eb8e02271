"""The ledger of a single command: the daemon as its child, over a socket pair.

The process that opens people's files never holds the key; the child that holds it opens none.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from appliance.audit.client import AuditClient
from appliance.audit.home import default_ledger

_END = 10  # seconds


class EmbeddedAudit:
    """A child daemon and the connection to it, ``client``.

    Start it early: it gets ready while the caller loads its libraries. Raises nothing at the
    start; if the child cannot serve, the first event raises ``LedgerError``.
    """

    def __init__(self, ledger: Path | None = None) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [
                    sys.executable,
                    *("-m", "appliance.audit", "--create"),
                    *("--ledger", os.fspath(ledger or default_ledger())),
                    *("--adopt", str(theirs.fileno())),
                ],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # Ctrl-C is for the command; the child ends when the command hangs up.
                start_new_session=True,
            )
        self.client = AuditClient(ours.detach())

    def __enter__(self) -> Self:
        """Nothing more happens on entry."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Hang up and let the child end."""
        self.client.close()
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(_END)

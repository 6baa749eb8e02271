"""The way back to the broker: what the auditor cannot do itself, it asks for there."""

from __future__ import annotations

import socket

from appliance.errors import LedgerError, WireError
from appliance.protocols import audit_desk_api as api
from appliance.wire.client import Client
from appliance.wire.message import CallError, Empty

_PATIENCE = 60.0  # seconds


class Desk:
    """For one thread at a time. ``client``: calls ``io.faceappliance.AuditDesk``."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def burner(self) -> socket.socket | None:
        """A connection to the burner; ``None`` if there is none."""
        try:
            _, (descriptor,) = self._client.call(
                f"{api.NAME}.Burner", gives=Empty, attached=1, timeout=_PATIENCE
            )
        except (CallError, WireError):
            return None
        # Family and type are given, not asked of the kernel: few system calls are left.
        return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=descriptor)

    def log_export(self, first: int, last: int, entries: int, sums: str) -> int:
        """Have it logged; the index of the entry that says so. Raises ``LedgerError``."""
        try:
            logged, _ = self._client.call(
                f"{api.NAME}.Exporting",
                api.Exporting(first, last, entries, sums),
                gives=api.Logged,
                timeout=_PATIENCE,
            )
        except (CallError, WireError) as error:
            raise LedgerError(
                "The export could not be recorded.", "See the journals of broker and ledger."
            ) from error
        return logged.number

    def close(self) -> None:
        """Hang up."""
        self._client.close()

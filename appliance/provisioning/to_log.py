"""Events that the ledger does not have yet.

A bundle is applied before the ledger's daemon runs, which reads the policy; before the first one
there is no policy. What is kept here is logged once the daemon runs, or at a later start.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from appliance.audit.entries.events import AnyEvent, Provisioned, ProvisioningRefused
from appliance.files.atomic import write_file
from appliance.files.read import read_regular
from appliance.files.reasons import reason_of
from appliance.provisioning.place import Place
from appliance.provisioning.problem import ProvisionError

FOLDER: Final = Path("/var/lib/appliance-provision")
_NAME = "refused.json"
_MOST = 16
"""Refusals that are kept; later ones are not, as the first says that somebody tries."""
_LIMIT = 1 << 14  # bytes

Log = Callable[[Sequence[AnyEvent]], object]
"""Logs all of them durably, or raises ``LedgerError``."""


@dataclass(frozen=True, slots=True)
class ToLog:
    """``folder``: where refusals are kept. ``place``: what is in force."""

    folder: Path
    place: Place

    def refused(self, event: ProvisioningRefused) -> None:
        """Keep ``event``. Raises ``ProvisionError`` if it cannot be written."""
        kept = self._refusals()
        if len(kept) < _MOST:
            self._write([*kept, event])

    def log(self, log: Log) -> None:
        """Have ``log`` take all of them. Raises ``LedgerError``; then they stay here.

        After a crash an event may be logged twice. Raises ``ProvisionError`` too.
        """
        refusals, record = self._refusals(), self.place.present()
        events: list[AnyEvent] = [*refusals]
        if record is not None and not self.place.is_logged():
            events.append(Provisioned(record.number, record.digest, record.trust))
        if not events:
            return
        log(events)
        if record is not None:
            self.place.was_logged()
        if refusals:
            self._write([])

    def _refusals(self) -> list[ProvisioningRefused]:
        try:
            data = read_regular(self.folder / _NAME, _LIMIT)
            return msgspec.json.decode(data, type=list[ProvisioningRefused])
        except (OSError, msgspec.DecodeError):
            return []

    def _write(self, refusals: Sequence[ProvisioningRefused]) -> None:
        try:
            write_file(self.folder / _NAME, msgspec.json.encode(refusals), 0o600)
        except OSError as error:
            reason = reason_of(error)
            raise ProvisionError(
                f"A refusal cannot be kept for the ledger: {reason.why}.", reason.hint
            ) from error

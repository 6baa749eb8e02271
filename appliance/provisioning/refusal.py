"""Why a bundle is refused: a word for the ledger, and a sentence for people."""

from __future__ import annotations

from appliance.audit.entries.events.machine import ProvisioningReason
from appliance.provisioning.problem import ProvisionError


class RefusedError(ProvisionError):
    """A bundle that is not accepted here; ``reason`` is what the ledger says of it."""

    def __init__(self, message: str, hint: str, reason: ProvisioningReason = "malformed") -> None:
        super().__init__(message, hint)
        self.reason = reason

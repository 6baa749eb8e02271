"""The session that a worker serves."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.audit.service.client import AuditClient
from appliance.worker.policy_gates import PolicyGates


@dataclass(frozen=True, slots=True)
class ServedSession:
    """Its id, its connection to the ledger, and the gates of the policy."""

    session: str
    ledger: AuditClient
    gates: PolicyGates

"""The end of a session as the ledger takes it: why it closed, and how its data was erased."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from appliance.audit.entries import events, fields
from appliance.keeper.protocol import Erasure
from appliance.session.state import Step

REASONS: Mapping[Step, fields.ClosingReason] = MappingProxyType(
    {
        Step.CLOSE: "user",
        Step.FAILED: "crash",
        Step.FAULT: "crash",
        Step.TIME_LIMIT: "time-limit",
        Step.IDLE: "idle",
        Step.LOCK: "lock",
        Step.TOKEN_REMOVED: "token-removed",
        Step.LEDGER_GONE: "ledger",
    }
)
"""By the step that locked or ended the session."""


def wiped_event(
    session: str, erasure: Erasure, *, power_loss: bool = False
) -> events.SessionWiped | events.SessionWipeFailed:
    """The erasure record of ``session``. ``power_loss``: the key was lost with the memory."""
    if erasure.failed is not None:
        return events.SessionWipeFailed(session, erasure.failed, erasure.after)
    method = "power-loss" if power_loss else erasure.method
    return events.SessionWiped(session, erasure.key_id, method, erasure.before, 0, erasure.ms)

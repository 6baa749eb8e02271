"""The end of a session as the ledger takes it: why it closed, and how its data was erased."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from appliance.audit.entries import events, fields
from appliance.audit.tlog.proofs import MOST_IN_QR
from appliance.errors import LedgerError
from appliance.keeper.protocol import Erasure
from appliance.protocols import broker_api
from appliance.session.ledger_connection import Ledger
from appliance.session.session import Session
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


def closed(session: Session, erasure: Erasure, ledger: Ledger) -> broker_api.Closed:
    """What who closed ``session`` is answered, with the proof of its erasure from ``ledger``."""
    record = broker_api.Erasure(
        session=session.identifier,
        key=erasure.key_id,
        before=erasure.before,
        after=erasure.after,
        ms=erasure.ms,
        clean=erasure.failed is None,
    )
    return broker_api.Closed(record, _proof(session, ledger) if record.clean else None)


def _proof(session: Session, ledger: Ledger) -> str | None:
    """The proof that the ledger has the erasure; what is erased stays so without one."""
    if session.reported_at is None:
        return None
    try:
        proof = ledger.proof(session.reported_at)
    except LedgerError:
        return None
    return proof.decode() if len(proof) <= MOST_IN_QR else None


def wiped_event(
    session: str, erasure: Erasure, *, power_loss: bool = False
) -> events.SessionWiped | events.SessionWipeFailed:
    """The erasure record of ``session``. ``power_loss``: the key was lost with the memory."""
    if erasure.failed is not None:
        return events.SessionWipeFailed(session, erasure.failed, erasure.after)
    method = "power-loss" if power_loss else erasure.method
    return events.SessionWiped(session, erasure.key_id, method, erasure.before, 0, erasure.ms)

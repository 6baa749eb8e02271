"""Why a job ended without a result, as the ledger words it."""

from __future__ import annotations

from appliance.audit.entries.events import RefusalReason
from appliance.errors import (
    ApplianceError,
    InputError,
    ModelError,
    NoFaceError,
    NotSamePersonError,
    OutputError,
    PolicyError,
    ProviderError,
    SealError,
)

_REASONS: tuple[tuple[type[BaseException], RefusalReason], ...] = (
    (InputError, "input"),
    (NoFaceError, "no-face"),
    (NotSamePersonError, "not-same-person"),
    (ModelError, "model"),
    (ProviderError, "provider"),
    (OutputError, "output"),
    (PolicyError, "policy"),
    (SealError, "seal"),
    (KeyboardInterrupt, "stopped"),
    (ApplianceError, "input"),  # of no further kind: something was asked for that there is not
)


def refusal_reason(error: BaseException) -> RefusalReason:
    """The word for what ended a job."""
    return next((word for kind, word in _REASONS if isinstance(error, kind)), "bug")

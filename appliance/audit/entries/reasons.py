"""Why a job ended without a result, as an enumeration value of the ledger."""

from __future__ import annotations

from appliance.audit.entries.fields import RefusalReason
from appliance.errors import (
    ApplianceError,
    HandleError,
    InputError,
    ModelError,
    NoFaceError,
    NotSamePersonError,
    OutputError,
    PolicyError,
    ProviderError,
    ReleaseError,
    SealError,
)

_REASONS: tuple[tuple[type[BaseException], RefusalReason], ...] = (
    (InputError, "input"),
    (NoFaceError, "no-face"),
    (NotSamePersonError, "not-same-person"),
    (HandleError, "handle"),
    (ReleaseError, "release"),
    (ModelError, "model"),
    (ProviderError, "provider"),
    (OutputError, "output"),
    (PolicyError, "policy"),
    (SealError, "seal"),
    (KeyboardInterrupt, "stopped"),
    (
        ApplianceError,
        "input",
    ),  # no more specific kind: the request names something that does not exist
)


def refusal_reason(error: BaseException) -> RefusalReason:
    """The reason for which ``error`` ends a job; ``bug`` for an unexpected one."""
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), "bug")

"""What a service did not do, as a code that the screen has a sentence for."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from appliance.errors import ApplianceError, WireError
from appliance.wire.message import CallError


@dataclass(frozen=True, slots=True)
class Refusal:
    """``code``: lower case words with hyphens, such as ``login-no-token``. ``wait``: seconds."""

    code: str
    wait: int = 0


class _Details(msgspec.Struct):
    """Of every error of a service, what the screen makes use of."""

    reason: str = ""
    kind: str = ""
    state: str = ""
    wait_ms: int = 0


_BY_NAME = {
    "LoginRefused": "login",
    "ReleaseRefused": "release",
    "Failed": "failed",
    "NoLedger": "no-ledger",
    "NotExported": "not-exported",
}


def refusal_of(error: ApplianceError | CallError) -> Refusal:
    """The refusal that ``error`` of a service stands for."""
    if isinstance(error, WireError):
        return Refusal("service-gone")
    if not isinstance(error, CallError):
        return Refusal("failed")
    name = error.error.rpartition(".")[2]
    try:
        details = msgspec.json.decode(getattr(error.parameters, "json", b"{}"), type=_Details)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        details = _Details()
    prefix = _BY_NAME.get(name)
    if prefix is None:
        return Refusal(_hyphenated(name))
    code = details.reason or details.kind
    return Refusal(f"{prefix}-{code}" if code else prefix, -(-details.wait_ms // 1000))


def _hyphenated(name: str) -> str:
    """``NoFreeSlot`` as ``no-free-slot``."""
    return "".join(f"-{one.lower()}" if one.isupper() else one for one in name).lstrip("-")

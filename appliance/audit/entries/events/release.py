"""The release of a result. What a second person has to do with it is reserved."""

from __future__ import annotations

from typing import Literal

from appliance.audit.entries.events.root import Strict
from appliance.audit.entries.fields import Count, Engine, Medium, Pseudonym, SessionId, Sha256


class ReleaseRequested(Strict, frozen=True, tag="release-requested"):
    """The release of a result was requested. Reserved."""

    session: SessionId
    result: Sha256
    requester: Pseudonym


class ReleaseApproved(Strict, frozen=True, tag="release-approved"):
    """A second person approved the release. Reserved."""

    session: SessionId
    result: Sha256
    approver: Pseudonym


class ReleaseRefused(Strict, frozen=True, tag="release-refused"):
    """The release was refused. Reserved."""

    session: SessionId
    result: Sha256
    reason: Literal["second-person", "same-person", "policy", "label", "expired", "error"]
    approver: Pseudonym | None = None


class ReleaseBurned(Strict, frozen=True, tag="release-burned"):
    """The result was released. ``disc``: SHA-256 of the medium, read back. Reserved."""

    session: SessionId
    result: Sha256
    medium: Medium
    disc: Sha256


class ReleaseLabelled(Strict, frozen=True, tag="release-labelled"):
    """A result was labelled and signed as release ``number``. ``result``: the file that leaves."""

    session: SessionId
    result: Sha256
    number: Count
    engine: Engine

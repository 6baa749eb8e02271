"""The release of a result.

A release is named by one number: the index, in the ledger, of its ``ReleaseApproved``, or of its
``ReleaseBegun`` where no second person is asked for. No two entries of a ledger have the same
index, so a number never repeats, and it leads to its proof.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from appliance.audit.entries.events.root import Strict
from appliance.audit.entries.fields import (
    Count,
    Engine,
    Media,
    Medium,
    Pseudonym,
    ReleaseNumber,
    SessionId,
    Sha256,
)


class ReleaseBegun(Strict, frozen=True, tag="release-begun"):
    """A command is about to release a result; the index of this entry is the release's number.

    No second person was asked for. ``result``: the SHA-256 of the file that is released.
    ``engine``: what drew it, as the person who called the command says.
    """

    session: SessionId
    result: Sha256
    media: Media
    engine: Engine


class ReleaseRequested(Strict, frozen=True, tag="release-requested"):
    """The person of a session asked for the release of one result.

    ``item``: its number in the session. ``result``: its SHA-256, as the worker measured it.
    ``seconds``: how long the request is valid.
    """

    session: SessionId
    item: Count
    result: Sha256
    requester: Pseudonym
    seconds: Count


class ReleaseViewed(Strict, frozen=True, tag="release-viewed"):
    """A second person was shown a picture of the result. ``requested``: as in an approval."""

    session: SessionId
    requested: Count
    viewer: Pseudonym


class ReleaseApproved(Strict, frozen=True, tag="release-approved"):
    """A second person approved the release; the index of this entry is the release's number.

    ``requested``: the index of its ``ReleaseRequested``. ``result``: the SHA-256, measured again.
    """

    session: SessionId
    requested: ReleaseNumber
    result: Sha256
    approver: Pseudonym


class ReleaseDeclined(Strict, frozen=True, tag="release-declined"):
    """A second person decided against the release. ``requested``: as in an approval."""

    session: SessionId
    requested: Count
    reason: Literal["wrong-person", "wrong-result", "consent", "quality", "other"]
    approver: Pseudonym


BurnReason: TypeAlias = Literal[
    "role",
    "not-open",
    "error",
    "no-copies",
    "no-burner",
    "busy",
    "no-drive",
    "not-blank",
    "rewritable",
    "too-small",
    "spoiled",
    "training",
]
"""Why no disc was burned: see ``ReleaseRefused``."""

Unfit: TypeAlias = Literal["picture-too-small", "picture-too-narrow"]
"""Why a result cannot have a copy that leaves."""


class ReleaseRefused(Strict, frozen=True, tag="release-refused"):
    """The appliance refused a step of a release.

    ``step``: which. ``reason``: ``role``: the person's roles do not allow it; ``same-person``: who
    asked for it may not decide; ``decided``: it was decided before; ``other-result``: another hash
    was named than was asked for; ``changed``: the file is no longer what was asked for;
    ``expired``; ``not-open``: the session was locked, parked or ended meanwhile; ``policy``;
    ``error``: the result could not be measured, shown or handed over, or no disc be put together.
    For discs also ``no-copies``: nothing was released; ``no-burner``, ``busy``, ``no-drive``,
    ``not-blank``, ``rewritable``, ``too-small``: nothing was written; ``spoiled``: writing had
    begun, or may have. ``training``: under this policy nothing leaves. ``picture-too-small``,
    ``picture-too-narrow``: the result has no room for label and watermark, and no second person was
    asked. ``person``: who tried. ``requested``: the index of the request, if any.
    """

    session: SessionId
    step: Literal["request", "view", "decide", "hand-over", "burn"]
    reason: (
        Literal["same-person", "decided", "other-result", "changed", "expired", "policy"]
        | BurnReason
        | Unfit
    )
    person: Pseudonym | None = None
    requested: Count | None = None


class ReleaseTaken(Strict, frozen=True, tag="release-taken"):
    """The releaser has the result whole. ``number``: the release's."""

    session: SessionId
    number: Count


class ReleaseDropped(Strict, frozen=True, tag="release-dropped"):
    """A copy was wiped with its session before it was written anywhere. ``number``: the release's.

    The broker says so. After a crash or a power cut it does not know, and nothing is logged.
    """

    session: SessionId
    number: ReleaseNumber


class ReleaseSigned(Strict, frozen=True, tag="release-signed"):
    """The copy that may leave was labelled and signed.

    ``copy``: its SHA-256. ``engine``: what drew the result.
    """

    number: ReleaseNumber
    copy: Sha256
    media: Media
    engine: Engine


class ReleaseBurned(Strict, frozen=True, tag="release-burned"):
    """A copy left. ``disc``: the SHA-256 of the medium, read back, or of a folder's signed list."""

    number: Count
    copy: Sha256
    medium: Medium
    disc: Sha256

"""People and their sessions, from login to erasure."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from appliance.audit.entries.events.root import Strict
from appliance.audit.entries.fields import (
    MAX_INTEGER,
    ClosingReason,
    Count,
    Milliseconds,
    Pseudonym,
    SessionId,
    Sha256,
    WipeStep,
)


class LoginGranted(Strict, frozen=True, tag="login-granted"):
    """A person logged in."""

    subject: Pseudonym
    method: Literal["fido2", "piv", "password"]


class LoginRefused(Strict, frozen=True, tag="login-refused"):
    """A login failed, for the same reason ``times`` times within a minute.

    ``subject``: the person, where it is known. ``role``: token, PIN and touch were right, but the
    person's roles do not allow what the login was for.
    """

    reason: Literal[
        "no-token",
        "several-tokens",
        "wrong-token",
        "wrong-pin",
        "no-touch",
        "locked-out",
        "unknown-user",
        "busy",
        "wipe-failed",
        "role",
        "error",
    ]
    subject: Pseudonym | None = None
    times: Annotated[int, msgspec.Meta(ge=1, le=MAX_INTEGER)] = 1


class TokenRemoved(Strict, frozen=True, tag="token-removed"):
    """The token was removed; the session is locked."""

    session: SessionId
    subject: Pseudonym


class SessionOpened(Strict, frozen=True, tag="session-opened"):
    """A workspace was made, under the policy that was loaded last.

    ``purpose``: ``training`` where that policy is for practice with samples: no result can leave.
    """

    session: SessionId
    subject: Pseudonym
    patient: Pseudonym | None = None
    purpose: Literal["work", "training"] = "work"


class SessionClosed(Strict, frozen=True, tag="session-closed"):
    """Work in a session ended; its wipe follows.

    ``jobs`` and ``ms``, its age, are not set where they are no longer known: after a power cut.
    """

    session: SessionId
    reason: ClosingReason
    jobs: Count | None = None
    ms: Milliseconds | None = None


class SessionWiped(Strict, frozen=True, tag="session-wiped"):
    """The erasure record: no data of the session can be read any more.

    The broker logs it, by what the keeper answered; ``WorkspaceErased`` is the keeper's own record
    of the same ``key``. ``key``: SHA-256 of the id of the volume key that was destroyed. ``before``
    and ``after``: the number of planted canaries that were readable before and after. If none was
    before, that none is afterwards proves nothing.
    """

    session: SessionId
    key: Sha256
    method: Literal["luks-header-dropped", "memory-dropped", "power-loss"]
    before: Count
    after: Literal[0]
    ms: Milliseconds


class SessionWipeFailed(Strict, frozen=True, tag="session-wipe-failed"):
    """Data of the session may remain; no login succeeds until an operator resolves it."""

    session: SessionId
    step: WipeStep
    after: Count


class WorkspaceErased(Strict, frozen=True, tag="workspace-erased"):
    """A keeper's own record of a wipe, which no other process can log.

    A keeper knows no session: ``key`` is the one that ``SessionWiped`` names. ``before``: canaries
    that the open volume gave back when the wipe began; ``after``: those that were readable on its
    storage at the end. ``search``: whether every folder in which the worker might have left a file
    could be looked at in time. ``failed``: the first step that did not succeed.
    """

    key: Sha256
    method: Literal["luks-header-dropped", "memory-dropped"]
    before: Count
    after: Count
    search: Literal["whole", "partial"]
    ms: Milliseconds
    failed: WipeStep | None = None

"""What is done in a session: imports, jobs, gates, and what callers are given."""

from __future__ import annotations

from typing import Literal

from appliance.audit.entries.events.root import Strict
from appliance.audit.entries.fields import (
    Count,
    Engine,
    Media,
    Milliseconds,
    Percent,
    Pseudonym,
    RefusalReason,
    SessionId,
    Sha256,
)


class MediaImported(Strict, frozen=True, tag="media-imported"):
    """A photo or video was imported. ``item``: pseudonym of its bytes.

    ``consent``: pseudonym of the reference to the consent of the person it shows, where the policy
    requires one.
    """

    session: SessionId
    item: Pseudonym
    role: Literal["source", "target", "reference"]
    media: Media
    size: Count  # bytes
    origin: Literal["disc", "usb", "camera", "folder"]
    consent: Pseudonym | None = None


class ItemDiscarded(Strict, frozen=True, tag="item-discarded"):
    """An imported photo or video was deleted at a caller's wish, before the session ended.

    ``item``: the pseudonym by which a ``MediaImported`` names it; not set where the worker that
    took it in is gone. Results that were made of it stay.
    """

    session: SessionId
    media: Media
    item: Pseudonym | None = None


class JobStarted(Strict, frozen=True, tag="job-started"):
    """A swap or a simulation started. ``job`` counts from 1 within its session."""

    session: SessionId
    job: Count
    engine: Engine
    media: Media
    pack: Sha256


class JobFinished(Strict, frozen=True, tag="job-finished"):
    """A swap or a simulation ended with a result."""

    session: SessionId
    job: Count
    result: Sha256
    frames: Count
    faces: Count
    ms: Milliseconds


class JobRefused(Strict, frozen=True, tag="job-refused"):
    """A swap or a simulation ended without a result."""

    session: SessionId
    job: Count
    reason: RefusalReason


class SamePersonChecked(Strict, frozen=True, tag="same-person-checked"):
    """The gate that compares source and target decided whether they are the same person."""

    session: SessionId
    job: Count
    outcome: Literal["same", "different", "waived"]
    likeness: Percent
    threshold: Percent


class HandedOver(Strict, frozen=True, tag="handed-over"):
    """A caller of the session was given a picture. ``picture``: the SHA-256 of its ``size`` bytes.

    A preview is small; a result leaves only where the policy does not demand its release. A
    ``view`` shows a result to the second person who decides on its release, and a ``release`` gives
    it to the releaser: the broker logs which, and at whose wish.
    """

    session: SessionId
    what: Literal["preview", "result", "view", "release"]
    picture: Sha256
    size: Count  # bytes


class ResultRefused(Strict, frozen=True, tag="result-refused"):
    """A caller of the session asked for a result and did not get it."""

    session: SessionId
    result: Sha256
    reason: Literal["second-person"]

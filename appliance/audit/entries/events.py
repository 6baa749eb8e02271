"""All events that can be logged, as types without a field for free text.

An event contains enumerations, counts, durations, hashes, random ids and keyed pseudonyms. No field
accepts a path, a name, an address or an embedding: every string is either a value of an
enumeration in this file or hexadecimal of a fixed length.

People are recorded by pseudonyms (``Pseudonym``, made by ``pseudonyms.py``). So are imported
files, because the plain hash of a photo would prove that the photo was present. Results carry
their plain SHA-256, which a release is checked against.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from appliance.audit.entries.fields import (
    MAX_INTEGER,
    ClosingReason,
    Count,
    Engine,
    HandleName,
    Layer,
    Media,
    Medium,
    Milliseconds,
    Percent,
    Pseudonym,
    RefusalReason,
    Role,
    SessionId,
    Sha256,
    SignedCount,
    Version,
    WipeStep,
)


class Event(msgspec.Struct, frozen=True, tag_field="kind", omit_defaults=True):
    """Root of all events. In JSON, ``kind`` identifies the type."""


class _Strict(Event, frozen=True, forbid_unknown_fields=True):
    """Root of the events, which reject unknown keys."""


class Boot(_Strict, frozen=True, tag="boot"):
    """The ledger was opened for the first time since the machine started."""

    version: Version
    image: Sha256 | None = None  # root hash of the verified system image, where there is one


class SealResult(_Strict, frozen=True, tag="seal-result"):
    """A process gave up network and disk and then tried to escape; it runs only if it failed."""

    result: Literal["sealed", "refused"]
    layers: tuple[Layer, ...]  # those in force
    landlock_abi: Annotated[int, msgspec.Meta(ge=0, le=100)]
    tried: Count  # escapes that the process attempted
    escaped: Count  # escapes that succeeded
    session: SessionId | None = None  # the daemon sets it for the worker of a session


class PolicyLoaded(_Strict, frozen=True, tag="policy-loaded"):
    """This policy applies from here on."""

    policy: Sha256
    preset: Literal["clinic", "studio", "embedded", "own"]
    session: SessionId | None = None  # the daemon sets it for the worker of a session


class ModelPackLoaded(_Strict, frozen=True, tag="model-pack-loaded"):
    """These models are used from here on. ``pack``: SHA-256 of the manifest."""

    pack: Sha256
    models: Count
    signature: Literal["valid", "absent"]
    session: SessionId | None = None  # the daemon sets it for the worker of a session


class LoginGranted(_Strict, frozen=True, tag="login-granted"):
    """A person logged in."""

    subject: Pseudonym
    method: Literal["fido2", "piv", "password"]


class LoginRefused(_Strict, frozen=True, tag="login-refused"):
    """A login failed, for the same reason ``times`` times within a minute.

    ``subject``: the person, where it is known.
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
        "error",
    ]
    subject: Pseudonym | None = None
    times: Annotated[int, msgspec.Meta(ge=1, le=MAX_INTEGER)] = 1


class TokenRemoved(_Strict, frozen=True, tag="token-removed"):
    """The token was removed; the session is locked."""

    session: SessionId
    subject: Pseudonym


class SessionOpened(_Strict, frozen=True, tag="session-opened"):
    """A workspace was made, under the policy that was loaded last."""

    session: SessionId
    subject: Pseudonym
    patient: Pseudonym | None = None


class SessionClosed(_Strict, frozen=True, tag="session-closed"):
    """Work in a session ended; its wipe follows.

    ``jobs`` and ``ms``, its age, are not set where they are no longer known: after a power cut.
    """

    session: SessionId
    reason: ClosingReason
    jobs: Count | None = None
    ms: Milliseconds | None = None


class SessionWiped(_Strict, frozen=True, tag="session-wiped"):
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


class SessionWipeFailed(_Strict, frozen=True, tag="session-wipe-failed"):
    """Data of the session may remain; no login succeeds until an operator resolves it."""

    session: SessionId
    step: WipeStep
    after: Count


class WorkspaceErased(_Strict, frozen=True, tag="workspace-erased"):
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


class MediaImported(_Strict, frozen=True, tag="media-imported"):
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


class JobStarted(_Strict, frozen=True, tag="job-started"):
    """A swap or a simulation started. ``job`` counts from 1 within its session."""

    session: SessionId
    job: Count
    engine: Engine
    media: Media
    pack: Sha256


class JobFinished(_Strict, frozen=True, tag="job-finished"):
    """A swap or a simulation ended with a result."""

    session: SessionId
    job: Count
    result: Sha256
    frames: Count
    faces: Count
    ms: Milliseconds


class JobRefused(_Strict, frozen=True, tag="job-refused"):
    """A swap or a simulation ended without a result."""

    session: SessionId
    job: Count
    reason: RefusalReason


class SimulationApplied(_Strict, frozen=True, tag="simulation-applied"):
    """A photo was changed by handles alone: no other person's picture had a part in it.

    ``photo``: the SHA-256 of the photo that was changed, as it was read. A ``HandleMoved`` of the
    same job names each handle.
    """

    session: SessionId
    job: Count
    photo: Sha256


class HandleMoved(_Strict, frozen=True, tag="handle-moved"):
    """A simulation moved a handle, by so many thousandths of its unit."""

    session: SessionId
    job: Count
    handle: HandleName
    thousandths: SignedCount


class DragsApplied(_Strict, frozen=True, tag="drags-applied"):
    """A simulation moved places that were dragged by hand; the longest by thousandths of mm."""

    session: SessionId
    job: Count
    drags: Count
    longest: Count


class AccuracyMeasured(_Strict, frozen=True, tag="accuracy-measured"):
    """A later photo showed what an operation achieved of a handle, in thousandths of its unit.

    ``wished``: what had been simulated. ``error``: of ``achieved``, one standard deviation. No hash
    of a photo goes with it: a job of the same numbers is all that it names.
    """

    session: SessionId
    job: Count
    handle: HandleName
    wished: SignedCount
    achieved: SignedCount
    error: Count


class SamePersonChecked(_Strict, frozen=True, tag="same-person-checked"):
    """The gate that compares source and target decided whether they are the same person."""

    session: SessionId
    job: Count
    outcome: Literal["same", "different", "waived"]
    likeness: Percent
    threshold: Percent


class HandedOver(_Strict, frozen=True, tag="handed-over"):
    """A caller of the session was given a picture. ``picture``: the SHA-256 of its ``size`` bytes.

    A preview is small; a result leaves only where the policy does not demand its release.
    """

    session: SessionId
    what: Literal["preview", "result"]
    picture: Sha256
    size: Count  # bytes


class ResultRefused(_Strict, frozen=True, tag="result-refused"):
    """A caller of the session asked for a result and did not get it."""

    session: SessionId
    result: Sha256
    reason: Literal["second-person"]


class ReleaseRequested(_Strict, frozen=True, tag="release-requested"):
    """The release of a result was requested. Reserved."""

    session: SessionId
    result: Sha256
    requester: Pseudonym


class ReleaseApproved(_Strict, frozen=True, tag="release-approved"):
    """A second person approved the release. Reserved."""

    session: SessionId
    result: Sha256
    approver: Pseudonym


class ReleaseRefused(_Strict, frozen=True, tag="release-refused"):
    """The release was refused. Reserved."""

    session: SessionId
    result: Sha256
    reason: Literal["second-person", "same-person", "policy", "label", "expired", "error"]
    approver: Pseudonym | None = None


class ReleaseBurned(_Strict, frozen=True, tag="release-burned"):
    """The result was released. ``disc``: SHA-256 of the medium, read back. Reserved."""

    session: SessionId
    result: Sha256
    medium: Medium
    disc: Sha256


class EscapeAttempt(_Strict, frozen=True, tag="escape-attempt"):
    """A sealed process tried something that a layer of the seal blocks."""

    layer: Layer
    what: Literal[
        "socket", "subprocess", "exec", "dlopen", "import", "file", "syscall", "packet", "device"
    ]
    times: Count
    session: SessionId | None = None


class EntryRefused(_Strict, frozen=True, tag="entry-refused"):
    """The daemon refused a process, ``times`` times so far for this ``reason``.

    ``malformed``: a request that it does not know. ``kind``: an event that this role may not log.
    ``session``: an event about another session, or one that was wiped. ``name``: the pseudonym of
    something that this role does not see. ``budget``: more than a session may log in a day.
    ``restriction``: an attempt to change what the connection was restricted to. It is logged at the
    first, second, fourth, eighth … time, and once more when the last connection of a session
    closes.
    """

    role: Role
    reason: Literal["malformed", "kind", "session", "name", "budget", "restriction"]
    times: Count
    session: SessionId | None = None


class DeviceRefused(_Strict, frozen=True, tag="device-refused"):
    """A USB device was plugged in that is not allowed. ``device``: what it says it is."""

    device: Literal["storage", "keyboard", "pointer", "hub", "network", "radio", "camera", "other"]


class LogRead(_Strict, frozen=True, tag="log-read"):
    """Entries of this log were shown. ``first`` and ``last``: their indices."""

    how: Literal["show", "search", "prove"]
    first: Count
    last: Count
    entries: Count


class LogExported(_Strict, frozen=True, tag="log-exported"):
    """Entries were exported. ``bundle``: SHA-256 of the bundle's ``SHA256SUMS``."""

    first: Count
    last: Count
    entries: Count
    bundle: Sha256


class ClockChanged(_Strict, frozen=True, tag="clock-changed"):
    """The wall clock moved by ``by_ms`` relative to the monotonic clock."""

    by_ms: SignedCount


class LogPruned(_Strict, frozen=True, tag="log-pruned"):
    """Entries below ``minimum`` were dropped; ``days``: the retention that allowed it."""

    minimum: Count
    days: Count


class CheckpointAnchored(_Strict, frozen=True, tag="checkpoint-anchored"):
    """The log of ``size`` entries with this ``root`` was attested outside the log.

    ``counter``: the value that the counter in the TPM is incremented to next.
    """

    size: Count
    root: Sha256
    anchor: Literal["tpm", "witness"]
    counter: Count | None = None


AnyEvent: TypeAlias = (
    Boot
    | SealResult
    | PolicyLoaded
    | ModelPackLoaded
    | LoginGranted
    | LoginRefused
    | TokenRemoved
    | SessionOpened
    | SessionClosed
    | SessionWiped
    | SessionWipeFailed
    | WorkspaceErased
    | MediaImported
    | JobStarted
    | JobFinished
    | JobRefused
    | SimulationApplied
    | HandleMoved
    | DragsApplied
    | AccuracyMeasured
    | SamePersonChecked
    | HandedOver
    | ResultRefused
    | ReleaseRequested
    | ReleaseApproved
    | ReleaseRefused
    | ReleaseBurned
    | EscapeAttempt
    | DeviceRefused
    | EntryRefused
    | LogRead
    | LogExported
    | ClockChanged
    | LogPruned
    | CheckpointAnchored
)

"""What can happen, as types without room for a text of one's own.

An event holds enumerations, counts, durations, hashes, random ids and keyed pseudonyms. A path, a
name, an address or an embedding has no field that would take it: every string is either one word
of a list that stands here or hexadecimal of a fixed length.

Who takes part is written as a pseudonym (``Pseudonym``, made by ``pseudonyms.py``); files that
come in are too, since the plain hash of a photo would prove that somebody had that photo. Results
carry their plain SHA-256, for that is what a release is checked against.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

# JSON numbers are doubles to RFC 8785: beyond this an integer would lose its last digits.
MAX_INTEGER = 2**53 - 1

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]
SignedCount: TypeAlias = Annotated[int, msgspec.Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]
Milliseconds: TypeAlias = Count
Percent: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=100)]
# \Z, not $, which would let a newline follow.
Sha256: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Pseudonym: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{32}\Z")]
"""HMAC-SHA-256 of what must not be named, cut to 128 bits."""
SessionId: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{16}\Z")]
"""64 random bits."""
Version: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,4}(\.[0-9]{1,4}){1,3}\Z")]

Role: TypeAlias = Literal["audit", "broker", "worker", "embedded", "test"]
"""Which process says so; the daemon knows it from the socket, not from the message."""

Engine: TypeAlias = Literal["mesh", "onnx"]
Layer: TypeAlias = Literal[
    "namespace", "seccomp", "landlock", "nftables", "guard", "rlimits", "telemetry"
]
ClosingReason: TypeAlias = Literal[
    "user", "idle", "token-removed", "time-limit", "power-loss", "crash", "ledger"
]
Media: TypeAlias = Literal["photo", "video"]
Medium: TypeAlias = Literal["disc", "usb", "folder"]
RefusalReason: TypeAlias = Literal[
    "input",
    "no-face",
    "model",
    "provider",
    "output",
    "policy",
    "seal",
    "not-same-person",
    "stopped",
    "bug",
]


class Event(msgspec.Struct, frozen=True, tag_field="kind", omit_defaults=True):
    """Root of all events. On the wire ``kind`` says which one it is."""


class _Strict(Event, frozen=True, forbid_unknown_fields=True):
    """Root of events that take no key but their own."""


class Boot(_Strict, frozen=True, tag="boot"):
    """The ledger is opened for the first time since the machine started."""

    version: Version
    image: Sha256 | None = None  # root hash of the verified system image, where there is one


class SealResult(_Strict, frozen=True, tag="seal-result"):
    """A process gave up network and disk, tried to get out, and runs only if it could not."""

    result: Literal["sealed", "refused"]
    layers: tuple[Layer, ...]  # those in force
    landlock_abi: Annotated[int, msgspec.Meta(ge=0, le=100)]
    tried: Count  # escapes that were attempted
    escaped: Count  # escapes that worked


class PolicyLoaded(_Strict, frozen=True, tag="policy-loaded"):
    """These rules hold from here on."""

    policy: Sha256
    preset: Literal["clinic", "studio", "embedded", "own"]


class ModelPackLoaded(_Strict, frozen=True, tag="model-pack-loaded"):
    """These models are used from here on. ``pack`` is the SHA-256 of the manifest."""

    pack: Sha256
    models: Count
    signature: Literal["valid", "absent"]


class LoginGranted(_Strict, frozen=True, tag="login-granted"):
    """A person came in."""

    subject: Pseudonym
    method: Literal["fido2", "piv", "password"]


class LoginRefused(_Strict, frozen=True, tag="login-refused"):
    """A person, known or not, was not let in."""

    reason: Literal[
        "no-token",
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


class TokenRemoved(_Strict, frozen=True, tag="token-removed"):
    """The token was pulled: the session is locked."""

    session: SessionId
    subject: Pseudonym


class SessionOpened(_Strict, frozen=True, tag="session-opened"):
    """A workspace was made, under the policy that was loaded last."""

    session: SessionId
    subject: Pseudonym
    patient: Pseudonym | None = None


class SessionClosed(_Strict, frozen=True, tag="session-closed"):
    """Work in a session ended; its wipe follows."""

    session: SessionId
    reason: ClosingReason
    jobs: Count
    ms: Milliseconds


class SessionWiped(_Strict, frozen=True, tag="session-wiped"):
    """The erasure record: nothing of the session can be read any more.

    ``key``: SHA-256 of the id of the volume key that was dropped. ``before`` and ``after``:
    planted canaries that a look through the raw storage found before and after.
    """

    session: SessionId
    key: Sha256
    method: Literal["luks-header-dropped", "memory-dropped", "power-loss"]
    before: Count
    after: Literal[0]
    ms: Milliseconds


class SessionWipeFailed(_Strict, frozen=True, tag="session-wipe-failed"):
    """Something of the session may be left; nobody is let in until it is dealt with."""

    session: SessionId
    step: Literal["kill", "unmount", "close", "header", "discard", "probe"]
    after: Count


class MediaImported(_Strict, frozen=True, tag="media-imported"):
    """A photo or video came in. ``item``: pseudonym of its bytes.

    ``consent``: of the reference of the consent of whoever it shows, where the policy asks for it.
    """

    session: SessionId
    item: Pseudonym
    role: Literal["source", "target", "reference"]
    media: Media
    size: Count  # bytes
    origin: Literal["disc", "usb", "camera", "folder"]
    consent: Pseudonym | None = None


class JobStarted(_Strict, frozen=True, tag="job-started"):
    """A swap begins. ``job`` counts from 1 within its session."""

    session: SessionId
    job: Count
    engine: Engine
    media: Media
    pack: Sha256


class JobFinished(_Strict, frozen=True, tag="job-finished"):
    """A swap ended with a result."""

    session: SessionId
    job: Count
    result: Sha256
    frames: Count
    faces: Count
    ms: Milliseconds


class JobRefused(_Strict, frozen=True, tag="job-refused"):
    """A swap ended without one."""

    session: SessionId
    job: Count
    reason: RefusalReason


class SamePersonChecked(_Strict, frozen=True, tag="same-person-checked"):
    """The gate that asks whether source and target are the same person."""

    session: SessionId
    job: Count
    outcome: Literal["same", "different", "waived"]
    likeness: Percent
    threshold: Percent


class ReleaseRequested(_Strict, frozen=True, tag="release-requested"):
    """Somebody wants to take a result out."""

    session: SessionId
    result: Sha256
    requester: Pseudonym


class ReleaseApproved(_Strict, frozen=True, tag="release-approved"):
    """A second person agreed."""

    session: SessionId
    result: Sha256
    approver: Pseudonym


class ReleaseRefused(_Strict, frozen=True, tag="release-refused"):
    """It stays inside."""

    session: SessionId
    result: Sha256
    reason: Literal["second-person", "same-person", "policy", "label", "expired", "error"]
    approver: Pseudonym | None = None


class ReleaseBurned(_Strict, frozen=True, tag="release-burned"):
    """It left. ``disc``: SHA-256 of what was written, read back."""

    session: SessionId
    result: Sha256
    medium: Medium
    disc: Sha256


class EscapeAttempt(_Strict, frozen=True, tag="escape-attempt"):
    """A wall was touched."""

    layer: Layer
    what: Literal[
        "socket", "subprocess", "exec", "dlopen", "import", "file", "syscall", "packet", "device"
    ]
    times: Count
    session: SessionId | None = None


class LogRead(_Strict, frozen=True, tag="log-read"):
    """Somebody looked into this log. ``first`` and ``last``: indices of what was shown."""

    how: Literal["show", "search", "prove"]
    first: Count
    last: Count
    entries: Count


class LogExported(_Strict, frozen=True, tag="log-exported"):
    """Entries were taken out. ``bundle``: SHA-256 of the list of what was (``SHA256SUMS``)."""

    first: Count
    last: Count
    entries: Count
    bundle: Sha256


class ClockChanged(_Strict, frozen=True, tag="clock-changed"):
    """The wall clock moved against the machine's own count by ``by_ms``."""

    by_ms: SignedCount


class LogPruned(_Strict, frozen=True, tag="log-pruned"):
    """Entries below ``minimum`` are no longer kept; ``days`` is the retention that allowed it."""

    minimum: Count
    days: Count


class CheckpointAnchored(_Strict, frozen=True, tag="checkpoint-anchored"):
    """The log of ``size`` entries with this ``root`` was vouched for outside of it.

    ``counter``: the number that the TPM counts up to next.
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
    | MediaImported
    | JobStarted
    | JobFinished
    | JobRefused
    | SamePersonChecked
    | ReleaseRequested
    | ReleaseApproved
    | ReleaseRefused
    | ReleaseBurned
    | EscapeAttempt
    | LogRead
    | LogExported
    | ClockChanged
    | LogPruned
    | CheckpointAnchored
)


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One event with its stamps, as it stands in the log.

    ``seq`` is its index in the log; ``at`` the wall clock in milliseconds since 1970 (UTC),
    ``mono`` milliseconds since the machine started, ``boot`` the first 32 bits of that start's id.
    ``v`` is not written while it is 1.
    """

    at: Count
    boot: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{8}\Z")]
    by: Role
    event: AnyEvent
    mono: Count
    seq: Count
    v: Literal[1] = 1

"""The interface ``io.faceappliance.Session``, which the broker offers."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from appliance.protocols import broker_description
from appliance.protocols.machine_view import Check, Health, InstalledPack, Person, Space

NAME = broker_description.NAME
DESCRIPTION = broker_description.DESCRIPTION

_Text = Annotated[str, msgspec.Meta(max_length=128)]
_Id = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{16}\Z")]
_Sha256 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
_Handle = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Root of all parameters: unknown keys are refused."""


class Open(_Strict, frozen=True):
    """Parameters of Open."""

    user: _Text
    pin: _Text
    project: _Text | None = None
    patient: _Text | None = None


class Reopen(_Strict, frozen=True):
    """Parameters of Reopen."""

    session: _Id
    user: _Text
    pin: _Text


class SessionRef(_Strict, frozen=True):
    """Parameters of the methods that take a session and nothing else."""

    handle: _Handle


class RequestRelease(_Strict, frozen=True):
    """Parameters of RequestRelease; ``item``: the number of a result."""

    handle: _Handle
    item: Annotated[int, msgspec.Meta(ge=1, le=(1 << 32) - 1)]
    sha256: _Sha256 | None = None


class LookAtRelease(_Strict, frozen=True):
    """Parameters of LookAtRelease; ``release``: the id of a request."""

    release: _Id
    user: _Text
    pin: _Text


class DeclineRelease(_Strict, frozen=True):
    """Parameters of DeclineRelease."""

    release: _Id
    user: _Text
    pin: _Text
    reason: Literal["wrong-person", "wrong-result", "consent", "quality", "other"]


class ApproveRelease(_Strict, frozen=True):
    """Parameters of ApproveRelease."""

    release: _Id
    user: _Text
    pin: _Text
    sha256: _Sha256


class LogIn(_Strict, frozen=True):
    """Parameters of Audit and Machine."""

    user: _Text
    pin: _Text


class TokenRemoved(_Strict, frozen=True):
    """Parameters of TokenRemoved; ``device`` as the kernel names it."""

    device: _Text


class DeviceRefused(_Strict, frozen=True):
    """Parameters of DeviceRefused; ``device``: what the device says it is."""

    device: Literal["storage", "keyboard", "pointer", "hub", "network", "radio", "camera", "other"]


class Opened(msgspec.Struct, frozen=True):
    """Answer of Open, Reopen and Attach. ``handle``: 32 random bytes, in hexadecimal."""

    session: str
    handle: str


class Erasure(msgspec.Struct, frozen=True):
    """The erasure record of one session. ``ms``: how long it took, in milliseconds."""

    session: str
    key: str
    before: int
    after: int
    ms: int
    clean: bool


class Closed(msgspec.Struct, frozen=True):
    """Answer of Close. ``proof``: a C2SP tlog-proof of the erasure, if it fits into a QR code."""

    erasure: Erasure
    proof: str | None


class Appliance(msgspec.Struct, frozen=True):
    """Answer of Appliance; see there in the description."""

    tokens: int
    ledger: bool
    blocked: bool
    free: int
    network: list[str] | None
    training: bool


class User(msgspec.Struct, frozen=True):
    """One who is registered; ``may``: the acts that the policy allows."""

    name: str
    roles: list[str]
    projects: list[str]
    may: list[str]


class Users(msgspec.Struct, frozen=True):
    """Answer of Users."""

    users: list[User]


class Status(msgspec.Struct, frozen=True):
    """Answer of Status; ``locks_in`` and ``ends_in`` in seconds."""

    state: str
    subject: str
    roles: list[str]
    project: str | None
    locks_in: int
    ends_in: int
    worker: bool
    network: list[str] | None


class WaitingRelease(msgspec.Struct, frozen=True):
    """A request that waits for a second person, for so many ``seconds`` more."""

    release: str
    item: int
    media: str
    size: int
    sha256: str
    seconds: int


class Waiting(msgspec.Struct, frozen=True):
    """Answer of Waiting."""

    requests: list[WaitingRelease]


class ReleaseStands(msgspec.Struct, frozen=True):
    """Answer of RequestRelease; ``size`` in bytes."""

    release: str
    seconds: int
    media: str
    size: int
    sha256: str


class Shown(msgspec.Struct, frozen=True):
    """Answer of LookAtRelease; ``size`` in bytes."""

    media: str
    size: int
    sha256: str


class Released(msgspec.Struct, frozen=True):
    """Answer of ApproveRelease."""

    number: int


class Burning(msgspec.Struct, frozen=True):
    """Answer of BurnReleases; all but ``done`` comes with the last one. ``size`` in bytes."""

    done: float
    numbers: list[int] | None = None
    sha256: str | None = None
    size: int | None = None


class SessionStatus(msgspec.Struct, frozen=True):
    """The state of one session, and whether it has a worker. ``session``: its id, for root only."""

    slot: str
    session: str | None
    state: str
    worker: bool


class Sessions(msgspec.Struct, frozen=True):
    """Answer of List."""

    sessions: list[SessionStatus]


class Machine(msgspec.Struct, frozen=True):
    """Answer of Machine; ``places``: for sessions; ``policy``: SHA-256 of the policy's values."""

    slots: list[SessionStatus]
    places: int
    policy: str
    own: list[str]
    space: list[Space]
    people: list[Person]
    health: Health | None
    checks: list[Check]
    packs: list[InstalledPack]
    version: str


class LoginRefused(msgspec.Struct, frozen=True):
    """Details of the error of this name."""

    reason: str
    wait_ms: int
    hint: str


class NoReleaser(msgspec.Struct, frozen=True):
    """Details of the error of this name."""

    hint: str


class ReleaseRefused(msgspec.Struct, frozen=True):
    """Details of the error of this name."""

    reason: str
    hint: str


class WrongState(msgspec.Struct, frozen=True):
    """Details of the error of this name."""

    state: str


class Failed(msgspec.Struct, frozen=True):
    """Details of the error of this name."""

    message: str
    hint: str


def error_name(name: str) -> str:
    """The full name of an error of this interface."""
    return f"{NAME}.{name}"

"""The messages of the audit socket: one JSON message per packet (AF_UNIX, SOCK_SEQPACKET)."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from appliance.audit.entries.events import (
    AnyEvent,
    Count,
    Pseudonym,
    Role,
    Sha256,
)
from appliance.audit.entries.pseudonyms import PseudonymKind

MAX_PACKET = 64 * 1024  # bytes
MAX_BATCH = 128  # events; their receipts fit one packet

RejectionReason: TypeAlias = Literal["malformed", "not-yours", "full", "failed"]
Restricted: TypeAlias = Literal["worker"]
"""Roles that a connection may be restricted to. A restriction cannot be lifted."""


class Append(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="append"):
    """Log these events; the answer is ``Appended``."""

    events: Annotated[list[AnyEvent], msgspec.Meta(min_length=1, max_length=MAX_BATCH)]


class Name(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="name"):
    """Ask for the pseudonym of ``value`` (base64 in JSON); the answer is ``NameGiven``."""

    kind: PseudonymKind
    value: Annotated[bytes, msgspec.Meta(max_length=4096)]


class Restrict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="restrict"):
    """Accept only events of ``role`` from now on; the answer is ``RestrictedTo``."""

    role: Restricted


class Appended(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="appended"):
    """The events are durable: the index of the first, and their leaf hashes in order."""

    first: Count
    leaves: list[Sha256]


class NameGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="name-given"):
    """The pseudonym."""

    pseudonym: Pseudonym


class RestrictedTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="restricted-to"):
    """The role that the connection has now."""

    role: Role


class Rejected(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="rejected"):
    """Nothing was logged."""

    reason: RejectionReason


Request: TypeAlias = Append | Name | Restrict
Reply: TypeAlias = Appended | NameGiven | RestrictedTo | Rejected

"""The messages of the audit socket: one JSON message per packet (AF_UNIX, SOCK_SEQPACKET)."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.fields import Count, Pseudonym, Role, SessionId, Sha256
from appliance.audit.entries.pseudonyms import PseudonymKind

MAX_PACKET = 64 * 1024  # bytes
MAX_BATCH = 128  # events; their receipts fit one packet
MAX_LISTED = 3000  # indexes, of up to 20 digits; they fit one packet

RejectionReason: TypeAlias = Literal["malformed", "not-yours", "exhausted", "full", "failed"]
Restricted: TypeAlias = Literal["worker", "releaser"]
"""Roles that a connection may be restricted to. A restriction cannot be lifted."""


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may be asked for in 24 hours: events, pseudonyms, and bytes of requests."""

    events: Count
    names: Count
    bytes: Count


WORKER_BUDGET = Budget(events=20_000, names=2_000, bytes=8 << 20)
"""The budget of a session. A worker logs 3 events and 2 pseudonyms at most for an import, a job or
a preview, and some 20 when it starts; ``tests/worker/test_budget.py`` counts them. So it suffices
for a preview every 5 seconds during 8 hours, with 200 imports and 200 jobs. A film is one job with
as many events as a photo. A simulation logs one event more for each of its handles and regions, and
fewer for its previews, so that 200 of them fit as well."""


class Append(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="append"):
    """Log these events; the answer is ``Appended``."""

    events: Annotated[list[AnyEvent], msgspec.Meta(min_length=1, max_length=MAX_BATCH)]


class Name(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="name"):
    """Ask for the pseudonym of ``value`` (base64 in JSON); the answer is ``NameGiven``."""

    kind: PseudonymKind
    value: Annotated[bytes, msgspec.Meta(max_length=4096)]


class Restrict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="restrict"):
    """Serve only ``role`` in ``session`` from now on; the answer is ``RestrictedTo``.

    A connection that is restricted already can only be given a smaller budget. All connections of
    a session share one budget, the smallest that any of them was given.
    """

    role: Restricted
    session: SessionId
    budget: Budget


class Prove(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="prove"):
    """Ask for the proof of an entry; the answer is ``Proved``.

    A command is given those of what its connection logged, a releaser those of its session. Both
    are sealed, and cannot read the ledger. The broker is given those of the erasures that its
    connection logged last.
    """

    index: Count


class ListEntries(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="list-entries"):
    """Ask for the entries of the session of a releaser, ``first`` and later ones.

    The answer is ``EntriesListed``, or a rejection if the daemon does not know all of them.
    """

    first: Count = 0


class Appended(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="appended"):
    """The events are durable: the index of the first, and their leaf hashes in order."""

    first: Count
    leaves: list[Sha256]


class NameGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="name-given"):
    """The pseudonym."""

    pseudonym: Pseudonym


class Proved(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="proved"):
    """A C2SP tlog-proof of one entry, and the log's public key."""

    proof: str
    vkey: str


class EntriesListed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="entries-listed"):
    """Where entries of the session are, in order: up to ``MAX_LISTED``; then there may be more."""

    indexes: Annotated[list[Count], msgspec.Meta(max_length=MAX_LISTED)]


class RestrictedTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="restricted-to"):
    """The role and the session that the connection has now."""

    role: Role
    session: SessionId


class Rejected(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="rejected"):
    """Nothing was logged."""

    reason: RejectionReason


Request: TypeAlias = Append | Name | Restrict | Prove | ListEntries
Reply: TypeAlias = Appended | NameGiven | RestrictedTo | Proved | EntriesListed | Rejected

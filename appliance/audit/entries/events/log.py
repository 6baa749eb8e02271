"""What happens to the ledger itself."""

from __future__ import annotations

from typing import Literal

from appliance.audit.entries.events.root import Strict
from appliance.audit.entries.fields import (
    Count,
    Pseudonym,
    Role,
    SessionId,
    Sha256,
    SignedCount,
)


class EntryRefused(Strict, frozen=True, tag="entry-refused"):
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


class LogRead(Strict, frozen=True, tag="log-read"):
    """Entries of this log were shown. ``first`` and ``last``: their indices."""

    how: Literal["show", "search", "prove"]
    first: Count
    last: Count
    entries: Count


class AuditViewed(Strict, frozen=True, tag="audit-viewed"):
    """A person was let in to look at this log."""

    subject: Pseudonym


class MachineViewed(Strict, frozen=True, tag="machine-viewed"):
    """A person was shown how the machine is: its checks, its storage, its people."""

    subject: Pseudonym


class LogExported(Strict, frozen=True, tag="log-exported"):
    """Entries were exported. ``bundle``: SHA-256 of the bundle's ``SHA256SUMS``.

    ``subject``: who did it, where the broker let that person in.
    """

    first: Count
    last: Count
    entries: Count
    bundle: Sha256
    subject: Pseudonym | None = None


class ClockChanged(Strict, frozen=True, tag="clock-changed"):
    """The wall clock moved by ``by_ms`` relative to the monotonic clock."""

    by_ms: SignedCount


class LogPruned(Strict, frozen=True, tag="log-pruned"):
    """Entries below ``minimum`` were dropped; ``days``: the retention that allowed it."""

    minimum: Count
    days: Count


class CheckpointAnchored(Strict, frozen=True, tag="checkpoint-anchored"):
    """The log of ``size`` entries with this ``root`` was attested outside the log.

    ``counter``: the value that the counter in the TPM is incremented to next.
    """

    size: Count
    root: Sha256
    anchor: Literal["tpm", "witness"]
    counter: Count | None = None


class LedgerRolledBack(Strict, frozen=True, tag="ledger-rolled-back"):
    """At a boot, this log was not the one that was last counted in the TPM.

    ``logged``: the value that the newest event of this log names, ``counted``: that of the counter;
    without it there is none. An older copy of the disk was put back, another log was put in its
    place, or the TPM is another one.
    """

    logged: Count | None = None
    counted: Count | None = None

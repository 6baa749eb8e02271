"""The interface ``io.faceappliance.Auditor``: what the ledger says, for the auditor's screen.

The broker asks a person with the role of an auditor for token and PIN, logs that somebody looks,
has the connection begun and hands it over. The process at its other end reads the public files of
the ledger and has neither a key nor a way to write to it. What it answers is codes: people,
patients and files are pseudonyms, and the screen has the words, in its language.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

NAME = "io.faceappliance.Auditor"

DESCRIPTION = """\
# What the ledger says. All times are milliseconds since 1970. An entry is named by its index.
interface io.faceappliance.Auditor

# A session. `first` and `last`: its first and last entry. `opened` is null where that was pruned,
# `closed` while it is open; `reason`: how it ended, one of user, idle, lock, token-removed,
# time-limit, power-loss, crash and ledger. `wiped`: clean; unproven, as no canary could be read
# before; failed; missing, where nothing says so though the session ended; or open. Then how many
# imports, finished jobs, simulations among them, copies that were released, and things that were
# refused there are.
type SessionSummary (
  session: string,
  first: int,
  last: int,
  begun: int,
  opened: ?int,
  closed: ?int,
  reason: ?string,
  wiped: string,
  subject: ?string,
  patient: ?string,
  imports: int,
  jobs: int,
  simulations: int,
  releases: int,
  refusals: int,
  training: bool
)

# An entry. `by`: the process that logged it. `event`: the kind of event, and `fields`: its fields,
# without those that are not set; the ledger has no free text. `group`: work, people, release, alarm
# or system. `failed`: whether it records a failure or a refusal.
type Entry (
  index: int,
  at: int,
  by: string,
  event: string,
  group: string,
  failed: bool,
  fields: [string]string
)

# What is wrong with the ledger. `problem`: key, checkpoint, minimum, tile, bundle, entry, sequence,
# clock-back, root, truncated, forked, anchor or tpm. `where`: a file of the ledger, or an entry.
type Finding (problem: string, where: string)

# Called by the broker, once and before all others, with one descriptor: a connection to the
# interface io.faceappliance.AuditDesk. `idle`: seconds without a call after which this ends.
method Begin(idle: int, training: bool) -> ()

# Sessions, the newest first. `after`: `first` of the last one of the page before. `more`: whether
# there are others.
method Sessions(after: ?int, limit: ?int) -> (sessions: []SessionSummary, entries: int, more: bool)

# The entries of a session, in their order. `after`: the index of the last one of the page before.
method Session(session: string, after: ?int) -> (entries: []Entry, more: bool)

# Logins, releases, jobs, devices and entries that were refused, the newest first.
method Refusals(after: ?int) -> (entries: []Entry, more: bool)

# How many entries there were on each day of the machine's clock in UTC, and how many of them are
# alarms; the newest first, a hundred at most. `day`: its first millisecond.
method Days() -> (days: []Day)

type Day (day: int, entries: int, sessions: int, alarms: int)

# Read the whole ledger and check it. To be called with `more`: each answer says how much is done,
# from 0 to 1, and the last one has the rest. `verdict`: sound, or damaged. `findings`: a hundred at
# most, of `problems`. `entries`: how many were read; `size`: how many the checkpoint covers;
# `pruned`: how many are gone as they were older than the policy keeps them. `fingerprint`: of that
# checkpoint, which anybody who has another copy of the ledger can compute: 16 groups of 4 hex
# digits. `key`: the same of the key that signs it. `at`: when its last entry was made. `anchored`:
# when a head of the ledger was last counted in the TPM or cosigned by a witness. `outside`: whether
# the checkpoint that is kept on another disk agrees: yes, no or unknown. `counter`: the same of the
# counter in the TPM.
method Verify() -> (done: float, report: ?Report)

type Report (
  verdict: string,
  findings: []Finding,
  problems: int,
  entries: int,
  size: int,
  pruned: int,
  fingerprint: []string,
  key: []string,
  since: int,
  at: int,
  anchored: ?int,
  outside: string,
  counter: string
)

# Burn entries to the blank disc in the drive, with a proof of each, as a folder that can be checked
# with the key of the ledger alone. Without `session`, `since` and `until` all of them. To be called
# with `more`: each answer says how much is done, from 0 to 1, and the last one has the rest:
# `entries` that are on the disc, `number`: the entry that records it, SHA-256 and size in bytes of
# the disc. Who hangs up meanwhile spoils the disc.
method Export(session: ?string, since: ?int, until: ?int) -> \
(done: float, entries: ?int, number: ?int, sha256: ?string, size: ?int)

# Begin was not called, or is called once more.
error NotBegun ()
# The ledger cannot be read now: `reason` is damaged, growing or unreadable.
error NoLedger (reason: string)
error NoSuchSession ()
# No disc was burned, or a spoiled one: `reason` is nothing, too-many, training, ledger, no-burner,
# busy, no-drive, not-blank, rewritable, too-small, folder or spoiled. `needed` and `free`: bytes.
error NotExported (reason: string, needed: ?int, free: ?int)
error Bug ()
"""

Index: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=(1 << 53) - 1)]
_SessionId = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{16}\Z")]

MOST = 100
"""Sessions or entries in an answer: it stays below 64 KiB."""

Wiped: TypeAlias = Literal["clean", "unproven", "failed", "missing", "open"]
Known: TypeAlias = Literal["yes", "no", "unknown"]
ExportReason: TypeAlias = Literal[
    "nothing",
    "too-many",
    "training",
    "ledger",
    "no-burner",
    "busy",
    "no-drive",
    "not-blank",
    "rewritable",
    "too-small",
    "folder",
    "spoiled",
]


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Root of all parameters: unknown keys are refused."""


class Begin(_Strict, frozen=True):
    """Parameters of Begin; ``idle`` in seconds."""

    idle: Annotated[int, msgspec.Meta(ge=1, le=86_400)]
    training: bool


class AskSessions(_Strict, frozen=True):
    """Parameters of Sessions."""

    after: Index | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST)] | None = None


class AskSession(_Strict, frozen=True):
    """Parameters of Session."""

    session: _SessionId
    after: Index | None = None


class AskRefusals(_Strict, frozen=True):
    """Parameters of Refusals."""

    after: Index | None = None


class Export(_Strict, frozen=True):
    """Parameters of Export; times in milliseconds since 1970, ``until`` itself not included."""

    session: _SessionId | None = None
    since: Index | None = None
    until: Index | None = None


class SessionSummary(msgspec.Struct, frozen=True):
    """One session in the answer of Sessions; times in milliseconds since 1970."""

    session: str
    first: int
    last: int
    begun: int
    opened: int | None
    closed: int | None
    reason: str | None
    wiped: Wiped
    subject: str | None
    patient: str | None
    imports: int
    jobs: int
    simulations: int
    releases: int
    refusals: int
    training: bool


class Sessions(msgspec.Struct, frozen=True):
    """Answer of Sessions; ``entries``: of the whole ledger."""

    sessions: list[SessionSummary]
    entries: int
    more: bool


class Entry(msgspec.Struct, frozen=True):
    """One entry in the answers of Session and Refusals; ``at`` in milliseconds since 1970."""

    index: int
    at: int
    by: str
    event: str
    group: str
    failed: bool
    fields: dict[str, str]


class Entries(msgspec.Struct, frozen=True):
    """Answer of Session and of Refusals."""

    entries: list[Entry]
    more: bool


class Day(msgspec.Struct, frozen=True):
    """One day in the answer of Days; ``day``: its first millisecond since 1970."""

    day: int
    entries: int
    sessions: int
    alarms: int


class Days(msgspec.Struct, frozen=True):
    """Answer of Days."""

    days: list[Day]


class Finding(msgspec.Struct, frozen=True):
    """One defect of the ledger."""

    problem: str
    where: str


class Report(msgspec.Struct, frozen=True):
    """What Verify found; times in milliseconds since 1970."""

    verdict: Literal["sound", "damaged"]
    findings: list[Finding]
    problems: int
    entries: int
    size: int
    pruned: int
    fingerprint: list[str]
    key: list[str]
    since: int
    at: int
    anchored: int | None
    outside: Known
    counter: Known


class Verifying(msgspec.Struct, frozen=True):
    """Answer of Verify; ``report`` comes with the last one."""

    done: float
    report: Report | None = None


class Exporting(msgspec.Struct, frozen=True):
    """Answer of Export; all but ``done`` comes with the last one. ``size`` in bytes."""

    done: float
    entries: int | None = None
    number: int | None = None
    sha256: str | None = None
    size: int | None = None


class NoLedger(msgspec.Struct, frozen=True):
    """Details of the error of this name."""

    reason: Literal["damaged", "growing", "unreadable"]


class NotExported(msgspec.Struct, frozen=True):
    """Details of the error of this name; sizes in bytes."""

    reason: ExportReason
    needed: int | None = None
    free: int | None = None


def error_name(name: str) -> str:
    """The full name of an error of this interface."""
    return f"{NAME}.{name}"

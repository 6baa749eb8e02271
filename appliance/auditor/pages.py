"""Pages of a ledger in the types of the protocol: codes and numbers, for a screen to word."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice

from appliance.audit.entries import canonical
from appliance.audit.entries.reader import LogLine, read_lines
from appliance.audit.export.labels import details, kind, labels
from appliance.audit.export.selection import lines_of_session
from appliance.audit.export.sessions import SessionSummary
from appliance.audit.tlog.reader import LedgerReader
from appliance.audit.tlog.tiles import WIDTH, Tile
from appliance.auditor.digest import Digest
from appliance.protocols import auditor_api as api

_MOST_DAYS = 100


def sessions_page(digest: Digest, after: int | None, limit: int) -> api.Sessions:
    """The sessions before the one whose first entry is ``after``, the newest first."""
    known = digest.sessions.all()
    end = len(known)
    if after is not None:
        end = bisect_left(known, after, key=lambda one: one.index)
    page = known[max(0, end - limit) : end]
    return api.Sessions(list(map(_session, reversed(page))), digest.size, end > limit)


def entries_page(lines: Iterable[LogLine], after: int | None) -> api.Entries:
    """The first ``lines`` after the entry ``after``."""
    rest = (line for line in lines if after is None or line.entry.seq > after)
    page = list(islice(rest, api.MOST + 1))
    return api.Entries([entry_of(line) for line in page[: api.MOST]], len(page) > api.MOST)


def refusals_page(digest: Digest, reader: LedgerReader, after: int | None) -> api.Entries:
    """The refusals before the entry ``after``, the newest first. Raises ``LedgerError``."""
    end = len(digest.refusals)
    if after is not None:
        end = bisect_left(digest.refusals, after)
    wanted = digest.refusals[max(0, end - api.MOST) : end]
    found = {line.entry.seq: line for line in _at(reader, wanted)}
    return api.Entries(
        [entry_of(found[index]) for index in reversed(wanted) if index in found], end > api.MOST
    )


def days(digest: Digest) -> api.Days:
    """The newest days first."""
    newest = sorted(digest.days.items(), reverse=True)[:_MOST_DAYS]
    return api.Days([api.Day(day, one.entries, one.sessions, one.alarms) for day, one in newest])


def lines_about(digest: Digest, reader: LedgerReader, session: str) -> list[LogLine]:
    """The entries that belong to ``session``; none if there is none. Raises ``LedgerError``."""
    summary = digest.sessions.find(session)
    if summary is None:
        return []
    head = reader.checkpoint(reader.verifier())
    between = read_lines(reader, head, summary.index)
    # Releases and the erasure name no session, and come before its last entry that does.
    return lines_of_session(list(islice(between, summary.last - summary.index + 1)), session)


def entry_of(line: LogLine) -> api.Entry:
    """An entry as codes."""
    entry = line.entry
    label = labels(entry.event)
    return api.Entry(
        index=entry.seq,
        at=entry.at,
        by=entry.by,
        event=kind(entry.event),
        group=label.group,
        failed=label.failed,
        fields=details(entry.event),
    )


def _session(one: SessionSummary) -> api.SessionSummary:
    return api.SessionSummary(
        session=one.session,
        first=one.index,
        last=one.last,
        begun=one.start,
        opened=one.opened,
        closed=one.closed,
        reason=one.reason or None,
        wiped=_wiped(one),
        subject=one.subject,
        patient=one.patient,
        imports=one.imported,
        jobs=one.finished,
        simulations=one.simulated,
        releases=one.released,
        refusals=one.alarms,
        training=one.training,
    )


def _wiped(one: SessionSummary) -> api.Wiped:
    if one.failed:
        return "failed"
    if one.erasure:
        return "clean" if one.proven else "unproven"
    return "open" if one.closed is None else "missing"


def _at(reader: LedgerReader, indices: Iterable[int]) -> Iterator[LogLine]:
    """The entries with these ``indices``, which ascend; those that were pruned are left out."""
    head, minimum = reader.checkpoint(reader.verifier()), reader.minimum()
    held, entries = -1, list[bytes]()
    for index in indices:
        tile = index // WIDTH
        if index < minimum:
            continue
        if tile != held:
            place = Tile(0, tile, min(WIDTH, head.size - tile * WIDTH))
            held, entries = tile, reader.entries(place)
        data = entries[index % WIDTH]
        yield LogLine(canonical.decode(data), data)

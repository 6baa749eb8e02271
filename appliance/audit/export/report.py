"""The report: one HTML file without a link to anywhere, to read and to print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape

from appliance.audit.entries import events
from appliance.audit.entries.reader import LogLine
from appliance.audit.export.labels import details, kind, labels
from appliance.audit.export.sessions import SessionSummary, summarise_sessions
from appliance.audit.export.style import COLOURS, CSS
from appliance.audit.export.timeline import timeline
from appliance.audit.verification.verify import Verification

_MOMENT = "%Y-%m-%d %H:%M:%S"
_NOTHING = "\N{EN DASH}"

LISTED = 2000
"""The list of all events ends here; the table beside the report has no end."""

_LEGEND = {
    "work": "Work",
    "people": "People and sessions",
    "release": "Releases",
    "alarm": "Refusals and alarms",
    "system": "System",
}
_LONG = 20  # hex digits; more than this is cut to its first 16


def html_report(lines: Sequence[LogLine], verification: Verification, vkey: str) -> str:
    """The HTML text for ``lines``, with what ``verification`` found in the whole log."""
    parts = [
        _head(lines, verification),
        _verdict(verification),
        _tally(lines),
        _timeline(lines),
        _sessions(summarise_sessions(lines)),
        _chosen("Refusals and alarms", lines, {"alarm"}, "None."),
        _chosen("Releases", lines, {"release"}, "Nothing left the appliance."),
        _rules(lines),
        _all(lines),
        _how_to_check(verification, vkey),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>Audit report</title><style>{CSS}</style></head>\n"
        f"<body>\n{''.join(parts)}</body></html>\n"
    )


def _head(lines: Sequence[LogLine], verification: Verification) -> str:
    period = "no entries"
    if lines:
        period = f"{_time(lines[0].entry.at)} to {_time(lines[-1].entry.at)} (UTC)"
    return (
        f"<header><h1>Audit report</h1><p>{period}</p>"
        f'<p class="soft">Log <span class="hex">{escape(verification.origin)}</span></p></header>\n'
    )


def _verdict(verification: Verification) -> str:
    if not verification.findings:
        since = (
            f"entries below {verification.minimum} were pruned; " if verification.minimum else ""
        )
        return (
            '<section class="verdict sound"><strong>The ledger is sound</strong>'
            f"{verification.entries:,} entries were read; {since}each is what was signed, none is "
            "missing, none was added.</section>\n"
        )
    listed = "".join(
        f"<li>{escape(finding.problem)}: {escape(finding.where)}</li>"
        for finding in verification.findings[:20]
    )
    return (
        '<section class="verdict unsound"><strong>The ledger is not sound</strong>'
        f"{len(verification.findings):,} findings:<ul>{listed}</ul></section>\n"
    )


def _tally(lines: Sequence[LogLine]) -> str:
    kinds = Counter(kind(line.entry.event) for line in lines)
    alarms = sum(labels(line.entry.event).group == "alarm" for line in lines)
    numbers = (
        ("Entries", len(lines), ""),
        ("Sessions", len(summarise_sessions(lines)), ""),
        ("Jobs finished", kinds["job-finished"], ""),
        ("Jobs refused", kinds["job-refused"], ""),
        ("Released", kinds["release-burned"], ""),
        ("Refusals, alarms", alarms, ' class="alarm"' if alarms else ""),
    )
    cells = "".join(
        f"<div{look}><dt>{label}</dt><dd>{number:,}</dd></div>" for label, number, look in numbers
    )
    return f'<dl class="tally">{cells}</dl>\n'


def _timeline(lines: Sequence[LogLine]) -> str:
    if not lines:
        return ""
    legend = "".join(
        f'<span><span class="dot" style="background:{colour}"></span>{_LEGEND[group]}</span>'
        for group, colour in COLOURS.items()
    )
    return (
        f'<h2>Timeline</h2><figure>{timeline(lines)}<figcaption class="legend">{legend}'
        "</figcaption></figure>\n"
    )


def _sessions(listed: Sequence[SessionSummary]) -> str:
    head = ("Session", "Opened", "Closed", "Erasure", "Finished", "Refused", "Released")
    rows = [
        (
            _hex(session.session),
            _time(session.opened or session.first),
            _closed(session),
            _erasure(session),
            str(session.finished),
            str(session.refused),
            str(session.released),
        )
        for session in listed
    ]
    return "<h2>Sessions</h2>" + _table(head, rows, "No session.", numbers=3)


def _closed(session: SessionSummary) -> str:
    if session.closed is None:
        return _NOTHING
    same_day = _day(session.closed) == _day(session.opened or session.first)
    at = _time(session.closed, "%H:%M:%S" if same_day else _MOMENT)
    return f"{at} <span class=soft>{session.reason}</span>"


def _erasure(session: SessionSummary) -> str:
    if session.failed:
        return f'<span class="bad">{session.erasure}</span>'
    if session.opened is not None and session.closed is not None and not session.erasure:
        return '<span class="bad">none recorded</span>'
    return session.erasure.removeprefix("luks-").replace("-", " ") or _NOTHING


def _chosen(title: str, lines: Iterable[LogLine], groups: set[str], none: str) -> str:
    rows = [_row(line) for line in lines if labels(line.entry.event).group in groups]
    return f"<h2>{title}</h2>" + _table(("Entry", "Time", "What", "By", "Details"), rows, none)


def _rules(lines: Iterable[LogLine]) -> str:
    loaded = (events.PolicyLoaded, events.ModelPackLoaded)
    seen: dict[str, tuple[str, ...]] = {}
    for line in lines:
        event = line.entry.event
        if isinstance(event, loaded):
            digest = event.policy if isinstance(event, events.PolicyLoaded) else event.pack
            what = "Policy" if isinstance(event, events.PolicyLoaded) else "Model pack"
            seen.setdefault(
                digest, (what, f'<span class="hex">{digest}</span>', _time(line.entry.at))
            )
    head = ("What", "SHA-256", "First loaded")
    return "<h2>Policies and models</h2>" + _table(head, list(seen.values()), "None was loaded.")


def _all(lines: Sequence[LogLine]) -> str:
    rows = [_row(line) for line in lines[:LISTED]]
    more = len(lines) - len(rows)
    rest = f'<p class="soft">{more:,} more are in events.csv.</p>' if more > 0 else ""
    head = ("Entry", "Time", "What", "By", "Details")
    return "<h2>All events</h2>" + _table(head, rows, "None.") + rest


def _how_to_check(verification: Verification, vkey: str) -> str:
    return (
        '<h2>How to check this</h2><div class="check">'
        f'<p>Public key <span class="hex">{escape(vkey)}</span></p>'
        f'<p>Root over {verification.size:,} entries <span class="hex">{verification.root}</span>'
        "</p><p>On a machine of your own, with the public key that you were given when the "
        "appliance was installed:</p><p><code>appliance-verify FOLDER --key VKEY</code></p>"
        "<p>It tells whether this folder is what the log gave out, and each entry what was signed. "
        "The proofs are C2SP tlog-proofs: any program for them will do.</p></div>\n"
    )


def _row(line: LogLine) -> tuple[str, ...]:
    entry, said = line.entry, labels(line.entry.event)
    dot = f'<span class="dot" style="background:{COLOURS[said.group]}"></span>'
    fields = ", ".join(
        f"<span class=soft>{escape(name)}</span> {_hex(value)}"
        for name, value in details(entry.event).items()
        if value
    )
    return (
        str(entry.seq),
        _time(entry.at),
        f'<span class="line">{dot}{said.title}</span>',
        entry.by,
        fields,
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], none: str, numbers: int = 0) -> str:
    if not rows:
        return f'<p class="soft">{none}</p>\n'
    first = len(head) - numbers

    def cell(tag: str, column: int, text: str) -> str:
        look = ' class="number"' if column >= first else ""
        return f"<{tag}{look}>{text}</{tag}>"

    lines = "".join(
        f"<tr>{''.join(cell('td', n, text) for n, text in enumerate(row))}</tr>\n" for row in rows
    )
    top = "".join(cell("th", n, text) for n, text in enumerate(head))
    return f"<table><thead><tr>{top}</tr></thead>\n<tbody>\n{lines}</tbody></table>\n"


def _hex(value: str) -> str:
    """A value of an event; of a long hash its beginning, which tells it from others."""
    if len(value) > _LONG and all(sign in "0123456789abcdef" for sign in value):
        return f'<span class="hex">{value[:16]}…</span>'
    return escape(value)


def _time(milliseconds: int, form: str = _MOMENT) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f'<span class="line">{moment.strftime(form)}</span>'


def _day(milliseconds: int) -> int:
    return milliseconds // 86_400_000

"""What an auditor sees, over a real auditor's process and a made ledger."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from appliance.audit.keys.ledger_keys import keys_folder_for
from appliance.kiosk.models import audit_sessions
from appliance.kiosk.models.audit import Audit, AuditState
from appliance.kiosk.models.audit_entries import line_of
from appliance.kiosk.models.times import DAY
from appliance.kiosk.visit.state import Screen
from appliance.kiosk.words.catalogue import LANGUAGES, words
from appliance.pipeline.simulation.handles import HANDLES
from appliance.protocols import auditor_api as api
from appliance.wire.client import Client
from appliance.wire.message import CallError
from tests.auditor.endings import SESSIONS, START, make_ledger
from tests.auditor.served import serving
from tests.kiosk.models.standins import Bench, StandInCaller, _Unread, acts


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_ledger(tmp_path_factory.mktemp("endings") / "ledger")


@pytest.fixture
def ledger(made_once: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "ledger"
    shutil.copytree(made_once, folder)
    shutil.copytree(keys_folder_for(made_once), keys_folder_for(folder))
    return folder


class Over(StandInCaller):
    """Calls of a real auditor's process."""

    def __init__(self, client: Client) -> None:
        self._client = cast(Any, client)


@pytest.fixture
def audit(bench: Bench, ledger: Path, tmp_path: Path) -> Iterator[Audit]:
    with serving(ledger, tmp_path) as client:
        bench.shared.services.auditor = lambda *_: Over(client)  # type: ignore[method-assign, assignment]
        made = Audit(bench.shared)
        made.line.open("emil", "1234", lambda: None, bench.shared.refuse)
        bench.at(Screen.AUDIT)
        yield made


def values_while(audit: Any, name: str, act: Callable[[], None]) -> list[Any]:
    """All values that something has meanwhile."""
    seen = []

    def listen(changed: str, value: Any) -> None:
        if changed == name:
            seen.append(value)

    audit.listener = listen
    act()
    return seen


def test_the_log_is_checked_with_progress(audit: Audit) -> None:
    seen = values_while(audit, "checking", lambda: acts(audit, "verify"))
    assert seen[0] == 0.0
    assert seen == [*sorted(seen[:-1]), -1.0]
    state = audit.state
    assert (state.verdict, state.problems, state.findings) == ("sound", 0, [])
    assert {len(group) for group in (*state.fingerprint, *state.key)} == {4}
    assert len(state.fingerprint) == len(state.key) == 16
    assert state.since.startswith("2026-05-28")
    assert (state.outside, state.counter) == ("yes", "unknown")
    assert state.anchored


def test_damage_is_named_with_the_entry(audit: Audit, ledger: Path) -> None:
    newest = max((one for one in (ledger / "tile/entries").rglob("*") if one.is_file()), key=str)
    data = newest.read_bytes().replace(SESSIONS["idle"].encode(), SESSIONS["lock"].encode())
    newest.chmod(0o600)
    newest.write_bytes(data)
    acts(audit, "verify")
    assert audit.state.verdict == "damaged"
    assert audit.state.findings[0].problem == "entry"
    assert audit.state.findings[0].entry > 0
    (ledger / "log.vkey").unlink()
    acts(audit, "verify")
    assert audit.state.findings[0].file


def test_sessions_lie_on_a_line_of_days(audit: Audit, bench: Bench) -> None:
    acts(audit, "turn_to", "sessions")
    assert bench.screen is Screen.AUDIT_SESSIONS
    state = audit.sessions.state
    assert [row.session for row in state.rows] == list(reversed([*SESSIONS.values()]))
    assert all(0.0 <= row.start <= row.end <= 1.0 for row in state.rows)
    assert [row.start for row in state.rows] == sorted(
        (row.start for row in state.rows), reverse=True
    )
    newest = state.rows[0]
    assert (newest.reason, newest.wiped, newest.minutes, newest.end) == ("", "open", -1, 1.0)
    assert {row.reason for row in state.rows} >= {"user", "idle", "crash", "power-loss"}
    assert [row.training for row in state.rows].count(True) == 1
    assert max(one.height for one in state.columns) == 1.0
    assert sum(one.alarms for one in state.columns) > 0
    assert all(0.0 <= one.start <= 1.0 - one.width / 2 for one in state.columns)
    assert state.ticks[0].at == 0.0
    assert len(state.ticks) <= 8


def test_sessions_come_in_pages(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_sessions, "PAGE", 4)
    model = audit.sessions
    acts(audit, "turn_to", "sessions")
    seen = [row.session for row in model.state.rows]
    while model.state.more:
        acts(model, "older")
        seen += [row.session for row in model.state.rows]
    assert seen == list(reversed([*SESSIONS.values()]))
    assert model.state.page == 3
    acts(model, "older")
    assert model.state.page == 3
    for _ in range(5):
        acts(model, "newer")
    assert model.state.page == 1
    assert [row.session for row in model.state.rows] == seen[:4]


def test_a_span_is_never_nothing() -> None:
    assert audit_sessions._span([], []) == (-6 * DAY, DAY)
    begin, end = audit_sessions._span([], [api.Day(20 * DAY, 1, 0, 0)])
    assert (begin, end) == (14 * DAY, 21 * DAY)
    assert len(audit_sessions.ticks_of(0, 400 * DAY)) == 8


def test_a_session_is_read_entry_by_entry(audit: Audit, bench: Bench) -> None:
    acts(audit, "turn_to", "sessions")
    acts(audit.sessions, "open", "f" * 16)
    assert bench.screen.value == "AuditSessions"
    acts(audit.sessions, "open", SESSIONS["user"])
    assert bench.screen is Screen.AUDIT_SESSION
    state = audit.entries.state
    kinds = [line.event for line in state.lines]
    assert {"session-opened", "handle-moved", "release-approved", "session-wiped"} <= {*kinds}
    assert [line.index for line in state.lines] == sorted(line.index for line in state.lines)
    acts(audit, "export_session")
    assert bench.screen.value == "AuditExport"
    assert audit.export.state.what == "session"
    assert audit.export.state.session == SESSIONS["user"]


def test_refusals_are_those_of_all_sessions(audit: Audit, bench: Bench) -> None:
    acts(audit, "turn_to", "refusals")
    assert bench.screen is Screen.AUDIT_REFUSALS
    lines = audit.entries.state.lines
    assert all(line.failed for line in lines)
    assert {"login-refused", "device-refused", "escape-attempt"} <= {one.event for one in lines}
    assert [line.index for line in lines] == sorted((line.index for line in lines), reverse=True)


def test_every_entry_of_the_ledger_has_words(audit: Audit) -> None:
    acts(audit, "turn_to", "sessions")
    lines = []
    for row in audit.sessions.state.rows:
        audit.entries.load_session(row.session)
        lines += audit.entries.state.lines
    acts(audit, "turn_to", "refusals")
    lines += audit.entries.state.lines
    needed = set()
    for line in lines:
        needed.add(f"event_{line.event}")
        needed |= {f"code_{code}" for code in line.codes}
        needed |= {f"field_{number.name}" for number in line.numbers}
        assert line.handle in {"", *HANDLES}
    for language in LANGUAGES:
        assert {one.replace("-", "_") for one in needed} <= words(language).keys()


def test_no_hash_is_shown_and_numbers_can_be_read() -> None:
    entry = api.Entry(
        7, START, "worker", "media-imported", "work", failed=False,
        fields={"session": "0" * 16, "item": "ab" * 32, "media": "photo", "size": "1234567",
                "consent": "ab" * 16},
    )  # fmt: skip
    line = line_of(entry)
    assert line.codes == ["photo"]
    assert [(one.name, one.value) for one in line.numbers] == [("size", "1,234,567")]
    assert line.at == "2026-05-28 20:26:40"
    moved = api.Entry(
        8, START, "worker", "handle-moved", "work", failed=False,
        fields={"handle": "hump", "thousandths": "-1500", "shows": "least"},
    )  # fmt: skip
    assert line_of(moved).numbers[0].value == "-1.5"
    assert (line_of(moved).handle, line_of(moved).codes) == ("hump", ["least"])


def test_pages_of_entries(bench: Bench) -> None:
    def page(wanted: Any) -> api.Entries:
        first = -1 if wanted.after is None else wanted.after
        entries = [
            api.Entry(first + 1 + n, START, "broker", "boot", "system", failed=False, fields={})
            for n in range(3)
        ]
        return api.Entries(entries, first < 3)

    bench.answers.by_method["Session"] = page
    audit = Audit(bench.shared)
    audit.line.open("emil", "1234", lambda: None, bench.shared.refuse)
    model = audit.entries
    model.load_session("0" * 16)
    acts(model, "forward")
    acts(model, "forward")
    acts(model, "forward")
    assert (model.state.page, model.state.lines[0].index, model.state.more) == (3, 6, False)
    acts(model, "backward")
    acts(model, "backward")
    acts(model, "backward")
    assert (model.state.page, model.state.lines[0].index) == (1, 0)


def test_an_export_says_how_far_it_is_and_what_is_on_the_disc(bench: Bench) -> None:
    bench.answers.by_method["Export"] = [
        api.Exporting(0.0), api.Exporting(0.5), api.Exporting(1.0, 42, 77, "ab" * 32, 9000)
    ]  # fmt: skip
    audit = Audit(bench.shared)
    audit.line.open("emil", "1234", lambda: None, bench.shared.refuse)
    acts(audit.export, "choose", "session")  # there is none
    assert audit.export.state.what == "all"
    seen = values_while(audit.export, "burning", lambda: acts(audit.export, "burn"))
    assert seen == [0.0, 0.5, 1.0, -1.0]
    state = audit.export.state
    assert (state.entries, state.number, state.sha256) == (42, 77, "ab" * 32)
    acts(audit.export, "choose", "month")
    assert audit.export.state.number == -1
    acts(audit.export, "burn")
    first, second = bench.answers.of("Export")
    assert (first.session, first.since) == (None, None)
    assert second.since > START


def test_why_there_is_no_disc(bench: Bench) -> None:
    bench.answers.by_method["Export"] = CallError(
        api.error_name("NotExported"), _json(api.NotExported("too-small", 9000, 4000))
    )
    audit = Audit(bench.shared)
    audit.line.open("emil", "1234", lambda: None, bench.shared.refuse)
    acts(audit.export, "burn")
    assert bench.refused == "not-exported-too-small"
    assert audit.export.state.burning < 0


def test_a_ledger_that_cannot_be_read(bench: Bench) -> None:
    bench.answers.by_method["Days"] = CallError(
        api.error_name("NoLedger"), _json(api.NoLedger("unreadable"))
    )
    audit = Audit(bench.shared)
    audit.line.open("emil", "1234", lambda: None, bench.shared.refuse)
    bench.at(Screen.AUDIT)
    acts(audit, "turn_to", "sessions")
    assert bench.refused == "no-ledger-unreadable"
    assert not audit.sessions.state.loading


def test_nothing_is_kept_of_what_was_read(audit: Audit) -> None:
    first = [one.state for one in (audit.entries, audit.export, audit.sessions)]
    acts(audit, "verify")
    acts(audit, "turn_to", "sessions")
    acts(audit.sessions, "open", SESSIONS["user"])
    acts(audit, "export_session")
    audit.forget()
    assert audit.state == AuditState()
    assert [one.state for one in (audit.entries, audit.export, audit.sessions)] == first
    assert not audit.line.is_open


def _json(details: Any) -> Any:
    return _Unread(msgspec.json.encode(details))

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from appliance.audit.entries import events
from appliance.protocols import auditor_api as api
from appliance.wire.client import Client
from appliance.wire.connection import MAX_MESSAGE
from appliance.wire.message import CallError, Empty, S
from tests.audit.synthetic import append_jobs, recorder_for
from tests.auditor.endings import ANNA, BERT, ENDINGS, RUTH, SESSIONS, TRAINING, digits
from tests.auditor.served import serving


def ask(client: Client, method: str, wanted: msgspec.Struct, gives: type[S]) -> S:
    return client.call(f"{api.NAME}.{method}", wanted, gives=gives)[0]


def sessions(client: Client, after: int | None = None, limit: int | None = None) -> api.Sessions:
    return ask(client, "Sessions", api.AskSessions(after, limit), api.Sessions)


def refusal(client: Client, method: str, wanted: msgspec.Struct) -> str:
    with pytest.raises(CallError) as caught:
        ask(client, method, wanted, Empty)
    return caught.value.error.rpartition(".")[2]


def test_sessions_come_newest_first_with_how_they_ended(client: Client) -> None:
    found = sessions(client).sessions
    assert [one.session for one in found] == list(SESSIONS.values())[::-1]
    assert {one.session: one.wiped for one in found} == {
        SESSIONS[ending]: wiped for ending, wiped in ENDINGS.items()
    }
    reasons = {ending: ending for ending in ENDINGS} | {
        "wipe-failed": "crash",
        "not-wiped": "crash",
    }
    assert {one.session: one.reason for one in found} == {
        SESSIONS[ending]: None if ending == "open" else reason for ending, reason in reasons.items()
    }


def test_a_session_says_who_and_how_much(client: Client) -> None:
    found = {one.session: one for one in sessions(client).sessions}[SESSIONS["user"]]
    assert (found.subject, found.patient) == (ANNA, digits("patient user", 32))
    counts = (found.imports, found.jobs, found.simulations, found.releases, found.refusals)
    assert counts == (1, 1, 1, 1, 3)
    assert found.opened is not None
    assert found.closed is not None
    assert found.begun == found.opened < found.closed


def test_training_is_said_to_be(client: Client) -> None:
    found = [one.session for one in sessions(client).sessions if one.training]
    assert found == [SESSIONS[TRAINING]]


def test_pages_of_sessions_join_without_gap_or_repetition(client: Client) -> None:
    whole = sessions(client).sessions
    page = sessions(client, limit=4)
    joined = page.sessions
    while page.more:
        page = sessions(client, page.sessions[-1].first, 4)
        assert len(page.sessions) <= 4
        joined += page.sessions
    assert joined == whole


def test_the_entries_of_a_session_hold_what_names_it_only_indirectly(client: Client) -> None:
    wanted = api.AskSession(SESSIONS["user"])
    entries = ask(client, "Session", wanted, api.Entries).entries
    kinds = [one.event for one in entries]
    assert kinds[0] == "session-opened"
    assert kinds[-1] == "session-wiped"
    for kind in ("release-signed", "release-burned", "workspace-erased"):
        assert kind in kinds
    moved = next(one for one in entries if one.event == "handle-moved")
    assert moved.fields["handle"] == "tip-rotation"
    assert moved.fields["thousandths"] == "6000"
    refused = [one.event for one in entries if one.failed]
    assert refused == ["simulation-refused", "job-refused", "release-refused"]


def test_refusals_come_newest_first(client: Client) -> None:
    found = ask(client, "Refusals", api.AskRefusals(), api.Entries).entries
    assert [one.index for one in found] == sorted((one.index for one in found), reverse=True)
    assert all(one.failed for one in found)
    assert found[-1].event == "login-refused"
    assert found[-1].fields == {"reason": "wrong-token", "subject": BERT, "times": "3"}
    assert {"device-refused", "escape-attempt", "session-wipe-failed"} <= {
        one.event for one in found
    }
    later = ask(client, "Refusals", api.AskRefusals(found[2].index), api.Entries).entries
    assert later == found[3:]


def test_days_are_counted(client: Client) -> None:
    found = ask(client, "Days", Empty(), api.Days).days
    assert [one.day for one in found] == sorted((one.day for one in found), reverse=True)
    assert sum(one.sessions for one in found) == len(ENDINGS)
    assert sum(one.entries for one in found) == sessions(client).entries


def test_what_is_logged_meanwhile_is_on_the_next_page(client: Client, ledger: Path) -> None:
    before = sessions(client)
    opened = events.SessionOpened("9" * 16, RUTH)
    recorder_for(ledger).record([("broker", opened)])
    after = sessions(client)
    assert after.sessions[0].session == "9" * 16
    assert after.sessions[1:] == before.sessions
    assert after.entries > before.entries


def test_the_longest_page_fits_a_message(client: Client, ledger: Path) -> None:
    append_jobs(ledger, 300)
    page = ask(client, "Session", api.AskSession("0123456789abcdef"), api.Entries)
    assert len(page.entries) == api.MOST
    seen = list(page.entries)
    while page.more:
        wanted = api.AskSession("0123456789abcdef", page.entries[-1].index)
        page = ask(client, "Session", wanted, api.Entries)
        seen += page.entries
    assert [one.fields["job"] for one in seen] == [str(n) for n in range(1, 301)]


def test_an_entry_of_the_greatest_size_fits_as_often_as_a_page_has_room() -> None:
    # An entry has 300 bytes at most (tests/audit/entries); here its fields alone do.
    longest = api.Entry(
        (1 << 53) - 1, 1 << 52, "releaser", "x" * 24, "release", True, {"a": "b" * 300}
    )
    page = api.Entries([longest] * api.MOST, True)
    assert len(msgspec.json.encode(page)) < MAX_MESSAGE - 256


def test_unknown_sessions_are_none(client: Client) -> None:
    assert refusal(client, "Session", api.AskSession("f" * 16)) == "NoSuchSession"


def test_nothing_is_shown_before_the_broker_began_it(ledger: Path, tmp_path: Path) -> None:
    with serving(ledger, tmp_path, begins=False) as stranger:
        for method, wanted in (
            ("Sessions", api.AskSessions()),
            ("Session", api.AskSession(SESSIONS["user"])),
            ("Refusals", api.AskRefusals()),
            ("Days", Empty()),
            ("Verify", Empty()),
            ("Export", api.Export()),
            ("Begin", api.Begin(600, False)),  # without the way back to the broker
        ):
            assert refusal(stranger, method, wanted) == "NotBegun"


def test_it_is_begun_once(client: Client) -> None:
    with pytest.raises(CallError, match="NotBegun"):
        client.call(f"{api.NAME}.Begin", api.Begin(600, False), gives=Empty, descriptors=[0])


def test_a_damaged_ledger_is_not_shown_as_if_it_were_whole(client: Client, ledger: Path) -> None:
    append_jobs(ledger, 300)
    tile = ledger / "tile/entries/000"
    data = bytearray(tile.read_bytes())
    data[-3] ^= 1
    tile.chmod(0o600)
    tile.write_bytes(data)
    assert refusal(client, "Refusals", api.AskRefusals()) == "NoLedger"

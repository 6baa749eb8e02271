"""The report says that something is not recorded, never that it did not happen."""

from __future__ import annotations

from pathlib import Path

from appliance.audit.entries import canonical, events
from appliance.audit.entries.entry import Entry
from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.reader import LogLine
from appliance.audit.export import pages
from appliance.audit.export.certificate.facts import erasure_certificate
from appliance.audit.export.report import LISTED, html_report
from appliance.audit.tlog.proofs import TlogProof
from appliance.audit.verification.verify import Verification
from appliance.keeper.protocol import UNKNOWN_KEY
from tests.audit.synthetic import RESULT, SESSION, job_event

VERIFICATION = Verification("test.example/log", 1, "", 1, 0, 0, 0, ())
PREVIEW = events.HandedOver(SESSION, "preview", RESULT, 4096)


def line(event: AnyEvent, seq: int = 0) -> LogLine:
    entry = Entry(1_795_532_360_443 + seq, "01234567", "worker", event, 1_906_336, seq)
    return LogLine(entry, canonical.encode(entry))


def report(*logged: AnyEvent) -> str:
    return html_report([line(event, n) for n, event in enumerate(logged)], VERIFICATION, "key")


def test_without_a_hand_over_the_report_claims_nothing() -> None:
    page = report(job_event(1))
    assert "Nothing left" not in page
    assert "neither show that a picture left the appliance nor that none did" in page
    assert "<dt>Handed over</dt><dd>not recorded</dd>" in page
    assert "<dt>Released</dt><dd>not recorded</dd>" in page


def test_a_hand_over_is_counted_and_listed() -> None:
    page = report(job_event(1), PREVIEW, PREVIEW)
    assert "<dt>Handed over</dt><dd>2</dd>" in page
    assert "neither show" not in page
    assert page.count("Handed over</span>") == 4  # in the list of hand-overs, and in that of all


def test_a_session_without_an_end_has_none_on_record() -> None:
    page = report(events.SessionOpened(SESSION, "a" * 32))
    assert '<span class="soft">not recorded</span></td><td>not recorded</td>' in page


def test_a_session_of_training_says_so() -> None:
    opened = events.SessionOpened(SESSION, "a" * 32, purpose="training")
    assert '<span class="bad">training</span>' in report(opened)
    assert ">training<" not in report(events.SessionOpened(SESSION, "a" * 32))


def test_an_empty_ledger_says_so_everywhere() -> None:
    assert html_report([], VERIFICATION, "key").count("Not recorded.") == 5


def test_a_long_list_ends_and_says_how_much_is_left() -> None:
    page = report(*[PREVIEW] * (LISTED + 7))
    assert page.count("7 more are in events.csv") == 2


def test_no_template_claims_that_something_did_not_happen() -> None:
    templates = list((Path(pages.__file__).parent / "templates").glob("*.j2"))
    assert len(templates) >= 3
    for template in templates:
        text = template.read_text()
        assert "Nothing" not in text
        assert '"None' not in text
        assert "\N{EN DASH}" not in text  # a dash would be read as none


def test_the_certificate_of_a_power_cut_claims_no_key_and_no_measurement() -> None:
    closed = line(events.SessionClosed(SESSION, "power-loss")).entry
    wiped = line(events.SessionWiped(SESSION, UNKNOWN_KEY, "power-loss", 0, 0, 7)).entry
    proof = TlogProof(b"", 0, (), b"")
    # A record of the same unknown key may be that of another session.
    other = line(events.WorkspaceErased(UNKNOWN_KEY, "memory-dropped", 4, 0, "whole", 7)).entry
    facts = {
        fact.name: fact.value for fact in erasure_certificate(closed, wiped, other, proof, "").facts
    }
    assert facts["Destroyed key"].startswith("Not recorded")
    assert facts["Verification"].startswith("Not recorded by the keeper")
    assert facts["Copies"].startswith("Not recorded here")
    known = line(events.SessionWiped(SESSION, "ab" * 32, "luks-header-dropped", 4, 0, 7)).entry
    sound = erasure_certificate(closed, known, None, proof, "").facts
    assert {fact.name: fact.value for fact in sound}["Destroyed key"] == "ab" * 32

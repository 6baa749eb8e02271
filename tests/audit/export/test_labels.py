"""Every kind of event can be exported, in every format."""

from __future__ import annotations

from typing import get_args

from fhir.resources.R4B.auditevent import AuditEvent
from hypothesis import given, settings

from appliance.audit.entries import canonical
from appliance.audit.entries.entry import Entry
from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.reader import LogLine
from appliance.audit.export.colours import COLOURS
from appliance.audit.export.fhir import audit_event
from appliance.audit.export.labels import _LABELS, details, kind, labels
from appliance.audit.export.report import html_report
from appliance.audit.export.table import csv_table
from appliance.audit.verification.verify import Verification
from tests.audit.entries.test_events import entries


def test_every_event_has_labels() -> None:
    assert _LABELS.keys() == set(get_args(AnyEvent))


def test_titles_tell_events_apart() -> None:
    titles = [label.title for label in _LABELS.values()]
    assert len(set(titles)) == len(titles)
    assert {label.group for label in _LABELS.values()} == COLOURS.keys()


@given(entries())
@settings(max_examples=300)
def test_every_event_can_be_exported(entry: Entry) -> None:
    line = LogLine(entry, canonical.encode(entry))
    resource = AuditEvent.model_validate_json(audit_event(line, "test.example/log"))
    assert (resource.outcome == "0") != labels(entry.event).failed
    table = csv_table([line]).decode()
    page = html_report([line], Verification("test.example/log", 1, "", 1, 0, 0, 0, ()), "key")
    assert labels(entry.event).title in page
    assert kind(entry.event) in table
    for value in details(entry.event).values():
        assert value in table

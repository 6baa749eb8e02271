"""Loads what a bundle takes, for a process that can import nothing once it is sealed."""

from __future__ import annotations

from appliance.audit.entries import canonical, events
from appliance.audit.entries.entry import Entry
from appliance.audit.entries.reader import LogLine
from appliance.audit.export.atna.message import audit_messages
from appliance.audit.export.bundle import packed_proofs
from appliance.audit.export.fhir import audit_event
from appliance.audit.export.report import html_report
from appliance.audit.export.table import csv_table
from appliance.audit.tlog.proofs import TlogProof
from appliance.audit.verification.verify import Verification

_ORIGIN = "preload.invalid/log"


def load_bundles() -> None:
    """Make each file of a bundle once, of an entry that is in no ledger. Before the seal."""
    entry = Entry(1, "0" * 8, "audit", events.Boot("0.0"), 1, 0)
    data = canonical.encode(entry)
    lines = [LogLine(entry, data)]
    html_report(lines, Verification(_ORIGIN, 1, "0" * 64, 0, 1, 1, 1, ()), "")
    csv_table(lines)
    audit_event(lines[0], _ORIGIN)
    audit_messages(lines, _ORIGIN)
    packed_proofs([TlogProof(data, 0, (), b"")])

"""An auditor's first screen: whether the log is whole. It is also the way to the others."""

from __future__ import annotations

from typing import Literal

import msgspec

from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.models.audit_entries import AuditEntries
from appliance.kiosk.models.audit_export import AuditExport
from appliance.kiosk.models.audit_line import AuditLine
from appliance.kiosk.models.audit_sessions import AuditSessions
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.models.times import minute
from appliance.kiosk.visit.state import Step
from appliance.protocols import auditor_api as api
from appliance.wire.message import Empty

Part = Literal["verify", "sessions", "refusals", "export"]

_MOST_FINDINGS = 20  # as many as somebody reads; their number is shown as well


class Finding(msgspec.Struct, frozen=True):
    """What is wrong, with the entry, or where that is below 0 with the file of the ledger."""

    problem: str
    entry: int = -1
    file: str = ""


class AuditState(msgspec.Struct, frozen=True):
    """``checking``: share done, or below 0. ``verdict``: nothing before the log was checked.

    ``fingerprint`` and ``key``: groups of four hex digits. ``since``, ``at``, ``anchored``: times.
    """

    checking: float = -1.0
    verdict: Literal["", "sound", "damaged"] = ""
    findings: list[Finding] = []
    problems: int = 0
    entries: int = 0
    pruned: int = 0
    fingerprint: list[str] = []
    key: list[str] = []
    since: str = ""
    at: str = ""
    anchored: str = ""
    outside: api.Known = "unknown"
    counter: api.Known = "unknown"


class Audit(Model[AuditState]):
    """``line`` ends with ``forget``, and so does all that the other screens of an auditor show."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(AuditState())
        self._shared = shared
        self.line = AuditLine(shared)
        self.entries = AuditEntries(shared, self.line)
        self.export = AuditExport(self.line)
        self.sessions = AuditSessions(shared, self.line, self._open)

    def forget(self) -> None:
        """Hang up, and drop what the log says."""
        self.line.close()
        for model in (self.entries, self.export, self.sessions):
            model.forget()
        self.show(**msgspec.structs.asdict(AuditState()))

    @action
    def verify(self) -> None:
        """Have all of the log read and checked."""
        if self.state.checking >= 0 or not self.line.is_open:
            return
        self._shared.place.dismiss()
        self.show(checking=0.0, verdict="", findings=[], problems=0, fingerprint=[], key=[])

        def each(answer: api.Verifying) -> None:
            self.show(checking=answer.done)
            if answer.report is not None:
                self._conclude(answer.report)

        def failed(_: Refusal) -> None:
            self.show(checking=-1.0)

        self.line.follow("Verify", Empty(), api.Verifying, each, failed)

    @action
    def turn_to(self, part: Part) -> None:
        """Look at another part."""
        self._shared.place.go(Step(part))
        if part == "sessions":
            self.sessions.load()
        elif part == "refusals":
            self.entries.load_refusals()

    @action
    def export_session(self) -> None:
        """Go to the export, of the session that is looked at."""
        self.export.of_session(self.entries.state.session)
        self._shared.place.go(Step.EXPORT)

    def _open(self, session: str) -> None:
        self.entries.load_session(session)
        self._shared.place.go(Step.SESSION)

    def _conclude(self, report: api.Report) -> None:
        found = report.findings[:_MOST_FINDINGS]
        self.show(
            checking=-1.0,
            verdict=report.verdict,
            findings=[_finding(one) for one in found],
            problems=report.problems,
            entries=report.entries,
            pruned=report.pruned,
            fingerprint=report.fingerprint,
            key=report.key,
            since=minute(report.since) if report.since else "",
            at=minute(report.at) if report.at else "",
            anchored="" if report.anchored is None else minute(report.anchored),
            outside=report.outside,
            counter=report.counter,
        )


def _finding(found: api.Finding) -> Finding:
    kind, _, number = found.where.partition(" ")
    if kind == "entry" and number.isdecimal():
        return Finding(found.problem, entry=int(number))
    return Finding(found.problem, file=found.where)

"""The log, or a part of it, burned to a disc."""

from __future__ import annotations

import time
from typing import Literal

import msgspec

from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.models.audit_line import AuditLine
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.times import DAY
from appliance.protocols import auditor_api as api

What = Literal["all", "month", "session"]

_MONTH = 31  # days


class AuditExportState(msgspec.Struct, frozen=True):
    """``session``: the one that was looked at last. ``burning``: share done, or below 0.

    ``number``: the entry that records the last export, or below 0; ``entries`` and ``sha256``: of
    its disc.
    """

    what: What = "all"
    session: str = ""
    burning: float = -1.0
    entries: int = 0
    number: int = -1
    sha256: str = ""


class AuditExport(Model[AuditExportState]):
    """One disc after the other."""

    def __init__(self, line: AuditLine) -> None:
        super().__init__(AuditExportState())
        self._line = line

    def forget(self) -> None:
        """Drop what was exported."""
        self.show(**msgspec.structs.asdict(AuditExportState()))

    def of_session(self, session: str) -> None:
        """Offer this session, and choose it."""
        if self.state.burning < 0 and session:
            self.show(session=session, what="session", number=-1, sha256="")

    @action
    def choose(self, what: What) -> None:
        """What is to go on the disc."""
        if self.state.burning < 0 and (what != "session" or self.state.session):
            self.show(what=what, number=-1, sha256="")

    @action
    def burn(self) -> None:
        """Have the disc burned."""
        if self.state.burning >= 0 or not self._line.is_open:
            return
        self.show(burning=0.0, number=-1, sha256="")

        def each(answer: api.Exporting) -> None:
            self.show(burning=answer.done)
            if answer.number is not None:
                self.show(
                    burning=-1.0,
                    number=answer.number,
                    entries=answer.entries or 0,
                    sha256=answer.sha256 or "",
                )

        def failed(_: Refusal) -> None:
            self.show(burning=-1.0)

        self._line.follow("Export", self._wanted(), api.Exporting, each, failed)

    def _wanted(self) -> api.Export:
        match self.state.what:
            case "session":
                return api.Export(session=self.state.session)
            case "month":
                return api.Export(since=max(0, time.time_ns() // 1_000_000 - _MONTH * DAY))
            case _:
                return api.Export()

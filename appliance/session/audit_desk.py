"""An auditor logs in to look at the ledger.

The broker has the auditor's process started, logs who looks, and hands over the connection to it.
It keeps the way back, by which that process asks for what it cannot do: to have an export logged,
and a connection to the burner. Once the broker hangs up on that, the process ends: when the token
is pulled, when the time is over, or when somebody logs in for another audit. There is one at a
time, as there is one screen.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any

from appliance.audit.entries import events
from appliance.diagnostics.process_log import log, report_bug
from appliance.errors import LedgerError, WireError
from appliance.protocols import audit_desk_api, auditor_api, broker_api
from appliance.protocols.broker_api import error_name
from appliance.session.admission import Admission, Admitted
from appliance.session.environment import Environment
from appliance.session.ledger_connection import Ledger
from appliance.session.settings import Settings
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError, Empty
from appliance.wire.service import Answer, Method, Request, Service

_LONGEST_START = 120.0  # seconds until an auditor serves: systemd starts it for the connection


@dataclass(frozen=True, slots=True)
class _Audit:
    """Who looks, until when (on the clock of the broker), and our end of the way back."""

    admitted: Admitted
    until: float
    way: socket.socket

    def hang_up(self) -> None:
        """The auditor ends with this, and so does the connection that was handed over."""
        with suppress(OSError):
            self.way.shutdown(socket.SHUT_RDWR)


class AuditDesk:
    """The method of the broker that is about audits. For several threads."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        environment: Environment,
        admission: Admission,
        tokens_of_others: Callable[[str], frozenset[str]],
    ) -> None:
        """``tokens_of_others``: those that are known to be of others than a user."""
        self._settings = settings
        self._ledger = ledger
        self._environment = environment
        self._admission = admission
        self._tokens_of_others = tokens_of_others
        self._audit: _Audit | None = None
        self._lock = Lock()

    def open(self, request: Request[broker_api.LogIn]) -> Answer:
        """Let an auditor in; the answer has the connection."""
        wanted = request.parameters
        others = self._tokens_of_others(wanted.user)
        admitted = self._admission.log_in(wanted.user, wanted.pin, others, act="audit")
        self.end()  # one that is being served keeps the next waiting
        ours, theirs = socket.socketpair()
        session = self._settings.policy.session
        until = self._environment.clock() + session.absolute_seconds
        audit = _Audit(admitted, until, ours)
        try:
            with theirs:
                connection = self._begun(theirs)
            with connection:
                self._ledger.append(events.AuditViewed(admitted.subject))
                self._serve(audit)
                return Answer(descriptors=(connection.detach(),))
        except BaseException:
            audit.hang_up()
            ours.close()
            raise

    def tick(self) -> None:
        """End the audit whose time is over, or whose token is gone; never waits."""
        with self._lock:
            audit = self._audit
        if audit is None:
            return
        pulled = audit.admitted.tokens - self._environment.tokens()
        if pulled or self._environment.clock() >= audit.until:
            audit.hang_up()

    def token_removed(self, device: str) -> None:
        """A token was pulled."""
        with self._lock:
            audit = self._audit
        if audit is not None and device in audit.admitted.tokens:
            audit.hang_up()

    def tokens_of_others(self, user: str) -> frozenset[str]:
        """The token of the person who looks, unless that is ``user``."""
        with self._lock:
            audit = self._audit
        known = audit is not None and audit.admitted.user != user
        return audit.admitted.tokens if audit is not None and known else frozenset()

    def end(self) -> None:
        """End the audit that there is."""
        with self._lock:
            audit, self._audit = self._audit, None
        if audit is not None:
            audit.hang_up()

    def _begun(self, way: socket.socket) -> socket.socket:
        """A connection to an auditor that was given ``way``. Raises ``CallError``."""
        policy = self._settings.policy
        begin = auditor_api.Begin(policy.session.idle_seconds, policy.training)
        try:
            connection = self._environment.connect_auditor()
        except WireError as missing:
            raise CallError(error_name("NoAuditor")) from missing
        try:
            Client(Connection(connection)).call(
                f"{auditor_api.NAME}.Begin",
                begin,
                gives=Empty,
                descriptors=[way.fileno()],
                timeout=_LONGEST_START,
            )
        except (CallError, WireError) as missing:
            connection.close()
            raise CallError(error_name("NoAuditor")) from missing
        return connection

    def _serve(self, audit: _Audit) -> None:
        """Answer the auditor from now on, until either end hangs up."""
        methods: dict[str, Method[Any]] = {
            "Burner": Method(Empty, self._burner),
            "Exporting": Method(
                audit_desk_api.Exporting, lambda request: self._exporting(audit, request)
            ),
        }
        service = Service(audit_desk_api.NAME, audit_desk_api.DESCRIPTION, methods, report_bug)

        def serve() -> None:
            service.serve(audit.way)
            with self._lock:
                if self._audit is audit:
                    self._audit = None
            log().info("audit ended")

        with self._lock:
            self._audit = audit
        Thread(target=serve, daemon=True).start()
        log().info("audit opened")

    def _burner(self, _request: Request[Empty]) -> Answer:
        if self._settings.policy.training:
            raise CallError(audit_desk_api.error_name("NoBurner"))
        try:
            burner = self._environment.connect_burner()
        except WireError as missing:
            raise CallError(audit_desk_api.error_name("NoBurner")) from missing
        return Answer(descriptors=(burner.detach(),))

    def _exporting(self, audit: _Audit, request: Request[audit_desk_api.Exporting]) -> Answer:
        wanted, subject = request.parameters, audit.admitted.subject
        event = events.LogExported(wanted.first, wanted.last, wanted.entries, wanted.sums, subject)
        try:
            return Answer(audit_desk_api.Logged(self._ledger.append(event)))
        except LedgerError as gone:
            raise CallError(audit_desk_api.error_name("NoLedger")) from gone

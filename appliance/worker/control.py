"""The broker's control of a worker: the session to serve, and the callers to serve it to."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any

from appliance.audit.entries import events
from appliance.audit.service.client import AuditClient
from appliance.diagnostics.journal import bind_session
from appliance.diagnostics.process_log import report_bug
from appliance.errors import WireError
from appliance.policy.policy import Policy
from appliance.protocols import worker_control_api as api
from appliance.seal.seal import SealReport
from appliance.wire.message import CallError, Empty
from appliance.wire.service import Answer, Method, Progress, Request, Service
from appliance.worker.engines import Engines
from appliance.worker.failures import errors_to_refusals
from appliance.worker.policy_gates import PolicyGates
from appliance.worker.release_methods import ReleaseMethods
from appliance.worker.sanitiser import MediaSanitiser
from appliance.worker.sealing import as_event
from appliance.worker.served_session import ServedSession
from appliance.worker.service import WorkerService
from appliance.worker.tripwires import report_touches
from appliance.worker.workspace import Workspace


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """What a worker has before it knows its session.

    ``seal`` is called once, before the first caller is served; it raises ``SealError``.
    """

    workspace: Workspace
    policy: Policy
    engines: Engines
    sanitiser: MediaSanitiser
    seal: Callable[[], SealReport]


class WorkerControl:
    """The methods of ``io.faceappliance.WorkerControl``."""

    def __init__(self, parts: WorkerParts) -> None:
        self._parts = parts
        self._lock = Lock()
        self._was_begun = False
        self._worker: WorkerService | None = None
        self._callers: Service | None = None
        self._releases: ReleaseMethods | None = None

    def serve(self, connection: socket.socket) -> None:
        """Obey the broker until it hangs up, or something is refused: the end of the worker."""
        self.service().serve(connection)

    def service(self) -> Service:
        """The interface for the one connection to the broker."""
        methods: dict[str, Method[Any]] = {
            "Begin": Method(api.Begin, self._begin, descriptors=1),
            "Serve": Method(Empty, self._serve, descriptors=1),
            "Forget": Method(Empty, self._forget),
            "Measure": Method(api.Measure, self._measure, descriptors=1),
            "Show": Method(api.Show, self._show, descriptors=1),
            "Release": Method(api.Release, self._release, descriptors=1),
        }
        return Service(api.NAME, api.DESCRIPTION, methods, report_bug, ends_on_error=True)

    def _begin(self, request: Request[api.Begin]) -> None:
        with self._lock:
            if self._was_begun:
                raise CallError(api.error_name("Busy"))
            self._was_begun = True
        parameters = request.parameters
        if not request.descriptors:
            raise CallError(api.error_name("NoDescriptor"))
        if parameters.policy != self._parts.policy.digest:
            raise CallError(api.error_name("OtherPolicy"))
        bind_session(parameters.session)
        ledger = AuditClient(request.descriptors.pop())
        with errors_to_refusals(api.error_name):
            sealed = self._parts.seal()
            self._parts.workspace.recover_existing()
            self._log_begin(ledger, sealed)
        gates = PolicyGates(self._parts.policy.gate, parameters.session, ledger)
        served = ServedSession(parameters.session, ledger, gates)
        report_touches(sealed.guard, served.session, ledger)
        worker = WorkerService(
            served,
            self._parts.workspace,
            self._parts.policy,
            self._parts.engines,
            self._parts.sanitiser,
        )
        self._worker, self._callers = worker, worker.service()
        self._releases = ReleaseMethods(served, self._parts.workspace)
        jobs = worker.jobs.now
        request.progress(api.Jobs(jobs))
        Thread(target=_report_jobs, args=(worker, jobs, request.progress), daemon=True).start()

    def _log_begin(self, ledger: AuditClient, sealed: SealReport) -> None:
        engines = self._parts.engines
        loaded = [
            events.ModelPackLoaded(pack.digest, len(pack.entries), "valid")
            for pack in [*engines.mesh.packs, *engines.packs.trusted.values()]
        ]
        policy = events.PolicyLoaded(self._parts.policy.digest, "own")
        ledger.append_all([as_event(sealed), policy, *loaded])

    def _serve(self, request: Request[Empty]) -> Answer:
        if self._callers is None:
            raise CallError(api.error_name("NotBegun"))
        if not request.descriptors:
            raise CallError(api.error_name("NoDescriptor"))
        # Family and type are given, not asked of the kernel: few system calls are left.
        caller = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=request.descriptors.pop())
        self._callers.take(caller)
        return Answer()

    def _forget(self, _: Request[Empty]) -> Answer:
        if self._worker is None:
            raise CallError(api.error_name("NotBegun"))
        self._worker.drop_caches()
        return Answer()

    def _measure(self, request: Request[api.Measure]) -> Answer:
        releases, descriptor = self._for_release(request)
        releases.measure(request.parameters, descriptor)
        return Answer()

    def _show(self, request: Request[api.Show]) -> Answer:
        releases, descriptor = self._for_release(request)
        releases.show(request.parameters, descriptor)
        return Answer()

    def _release(self, request: Request[api.Release]) -> Answer:
        releases, descriptor = self._for_release(request)
        releases.release(request.parameters, descriptor)
        return Answer()

    def _for_release(self, request: Request[Any]) -> tuple[ReleaseMethods, int]:
        if self._releases is None:
            raise CallError(api.error_name("NotBegun"))
        if not request.descriptors:
            raise CallError(api.error_name("NoDescriptor"))
        return self._releases, request.descriptors.pop()


def _report_jobs(worker: WorkerService, seen: int, report: Progress) -> None:
    with suppress(WireError):  # the broker hung up, and the worker ends
        while True:
            seen = worker.jobs.other_than(seen)
            report(api.Jobs(seen))

"""The methods of ``io.faceappliance.Releaser``, for the one connection to the broker."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import msgspec

from appliance.audit.service.client import AuditClient
from appliance.diagnostics.journal import bind_session
from appliance.diagnostics.process_log import log, report_bug
from appliance.errors import ApplianceError
from appliance.protocols import releaser_api as api
from appliance.protocols.releaser_api import error_name
from appliance.releaser.burning import Burning
from appliance.releaser.copying import CopyMaker
from appliance.releaser.outbox import NoOutboxError, Outbox
from appliance.releaser.receiving import NotTakenError
from appliance.seal.seal import SealReport
from appliance.wire.message import CallError, Empty
from appliance.wire.service import Answer, Method, Request, Service
from appliance.worker.sealing import as_event


class Releaser:
    """``maker``: gives what makes copies, and raises ``ReleaseError`` where there are no keys."""

    def __init__(
        self,
        outbox: Outbox,
        maker: Callable[[], tuple[CopyMaker, int]],
        burning: Callable[[CopyMaker], Burning],
        sealed: SealReport,
    ) -> None:
        """``maker`` also gives how many days its certificate has left. ``burning``: what burns."""
        self._outbox = outbox
        self._burning = burning
        self._maker = maker
        self._sealed = sealed

    def service(self) -> Service:
        """The interface for the one connection."""
        methods: dict[str, Method[Any]] = {
            "Ready": Method(Empty, self._ready),
            "Expect": Method(api.Expect, self._expect, descriptors=2),
            "Copies": Method(api.OfSession, self._copies),
            "Forget": Method(api.Forget, self._forget),
            "Burn": Method(api.Burn, self._burn, descriptors=2),
        }
        return Service(api.NAME, api.DESCRIPTION, methods, report_bug)

    def _ready(self, _: Request[Empty]) -> Answer:
        days = self._with_keys()[1]
        with _as_answers():
            self._outbox.check()
        return Answer(api.Ready(days))

    def _expect(self, request: Request[api.Expect]) -> Answer:
        bind_session(request.parameters.session)
        maker, _ = self._with_keys()
        with _taken(request) as (connection, ledger), _as_answers():
            ledger.append(as_event(self._sealed))
            maker.make(request.parameters, connection, ledger)
        return Answer()

    def _copies(self, request: Request[api.OfSession]) -> Answer:
        with _as_answers():
            self._outbox.check()
            records = self._outbox.records(request.parameters.session)
        return Answer(
            api.Copies([msgspec.convert(one, api.Copy, from_attributes=True) for one in records])
        )

    def _forget(self, request: Request[api.Forget]) -> Answer:
        wanted = request.parameters
        with _as_answers():
            self._outbox.check()
            return Answer(api.Forgotten(self._outbox.forget(wanted.session, wanted.number)))

    def _burn(self, request: Request[api.Burn]) -> Answer:
        bind_session(request.parameters.session)
        maker, _ = self._with_keys()

        def progress(done: float) -> None:
            request.progress(api.Burning(done))

        with _taken(request) as (connection, ledger), _as_answers():
            self._outbox.check()
            ledger.append(as_event(self._sealed))
            return Answer(
                self._burning(maker).burn(request.parameters, connection, ledger, progress)
            )

    def _with_keys(self) -> tuple[CopyMaker, int]:
        try:
            return self._maker()
        except ApplianceError as missing:
            raise CallError(error_name("NoKeys"), api.NoKeys(missing.hint)) from missing


@contextmanager
def _taken(request: Request[Any]) -> Iterator[tuple[socket.socket, AuditClient]]:
    """The two descriptors of a call: a connection, and one to the ledger."""
    if len(request.descriptors) != 2:
        raise CallError(error_name("NoDescriptor"))
    with ExitStack() as stack:
        ledger = stack.enter_context(closing(AuditClient(request.descriptors.pop())))
        # Family and type are given, not asked of the kernel: few system calls are left.
        descriptor = request.descriptors.pop()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=descriptor)
        yield stack.enter_context(connection), ledger


@contextmanager
def _as_answers() -> Iterator[None]:
    """Raise expected failures as ``CallError`` with the matching error of the interface."""
    try:
        yield
    except NoOutboxError as missing:
        raise CallError(error_name("NoOutbox")) from missing
    except NotTakenError as refused:
        log().warning("copy refused", exc_info=refused)
        raise CallError(error_name("NotTaken")) from refused
    except ApplianceError as failed:
        log().warning("copy refused", exc_info=failed)
        raise CallError(error_name("Failed"), api.Failed(failed.message, failed.hint)) from failed

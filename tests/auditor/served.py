"""The auditor over a made ledger, served in this process to whoever asks.

Tests of screens use ``serving``: it gives a client that a person was let in for.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

from appliance.audit import standalone
from appliance.audit.entries import events
from appliance.audit.keys.ledger_keys import ANCHOR, keys_folder_for
from appliance.auditor.service import Auditor, Place
from appliance.auditor.stage import Stage
from appliance.machine import boot_id
from appliance.protocols import audit_desk_api, auditor_api
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError, Empty
from appliance.wire.service import Answer, Method, Request, Service
from tests.audit.synthetic import recorder_for

IDLE = 600  # seconds
SUBJECT = "c" * 32


@dataclass
class StandInDesk:
    """The broker's end: logs exports in ``ledger``, and connects to ``burner``, if there is one."""

    ledger: Path
    burner: Service | None = None
    full: bool = False
    logged: list[audit_desk_api.Exporting] = field(default_factory=list)

    def serve(self) -> socket.socket:
        """A connection to it."""
        ours, theirs = socket.socketpair()
        methods: dict[str, Method[Any]] = {
            "Burner": Method(Empty, self._burner),
            "Exporting": Method(audit_desk_api.Exporting, self._exporting),
        }
        service = Service(audit_desk_api.NAME, audit_desk_api.DESCRIPTION, methods, lambda _: None)
        Thread(target=service.serve, args=(ours,), daemon=True).start()
        return theirs

    def _burner(self, _request: Request[Empty]) -> Answer:
        if self.burner is None:
            raise CallError(audit_desk_api.error_name("NoBurner"))
        ours, theirs = socket.socketpair()
        Thread(target=self.burner.serve, args=(theirs,), daemon=True).start()
        return Answer(descriptors=(ours.detach(),))

    def _exporting(self, request: Request[audit_desk_api.Exporting]) -> Answer:
        if self.full:
            raise CallError(audit_desk_api.error_name("NoLedger"))
        wanted = request.parameters
        self.logged.append(wanted)
        event = events.LogExported(wanted.first, wanted.last, wanted.entries, wanted.sums, SUBJECT)
        receipt = recorder_for(self.ledger).record([("broker", event)])[0]
        return Answer(audit_desk_api.Logged(receipt.index))


def place_of(ledger: Path, folder: Path) -> Place:
    """The place of ``ledger``; ``folder``: where discs are put together."""
    stage = Stage(folder)
    stage.prepare()
    return Place(
        ledger,
        keys_folder_for(ledger) / ANCHOR,
        stage,
        Path(standalone.__file__).read_bytes(),
        folder / "status.json",
        boot_id(),
        folder / "attested",
    )


@contextmanager
def serving(
    ledger: Path,
    folder: Path,
    *,
    burner: Service | None = None,
    training: bool = False,
    begins: bool = True,
    desk: StandInDesk | None = None,
) -> Iterator[Client]:
    """A client of an auditor that reads ``ledger``; ``folder``: for its discs."""
    auditor = Auditor(place_of(ledger, folder))
    ours, theirs = socket.socketpair()

    def serve() -> None:
        auditor.service().serve(theirs)
        auditor.close()

    thread = Thread(target=serve)
    thread.start()
    with ExitStack() as stack:
        stack.callback(thread.join)
        client = stack.enter_context(closing(Client(Connection(ours))))
        if begins:
            way = stack.enter_context((desk or StandInDesk(ledger, burner)).serve())
            client.call(
                f"{auditor_api.NAME}.Begin",
                auditor_api.Begin(IDLE, training),
                gives=Empty,
                descriptors=[way.fileno()],
            )
        yield client

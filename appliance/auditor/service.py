"""What the auditor answers: pages of the ledger, a verdict on it, a disc with a part of it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final

from appliance.audit.export import attested
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.reader import LedgerReader
from appliance.audit.verification.verify import OutsideCheckpoint
from appliance.auditor.desk import Desk
from appliance.auditor.digest import Digest
from appliance.auditor.export import Exporter, refused
from appliance.auditor.pages import (
    days,
    entries_page,
    lines_about,
    refusals_page,
    sessions_page,
)
from appliance.auditor.stage import Stage
from appliance.auditor.verdict import verdict
from appliance.diagnostics import machine_status
from appliance.diagnostics.machine_status import read_status
from appliance.diagnostics.process_log import report_bug
from appliance.errors import LedgerError
from appliance.protocols import auditor_api as api
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError, Empty
from appliance.wire.service import Answer, Method, Request, Service

PATIENCE: Final = 60.0
"""Seconds until Begin must have been called."""

_STEP: Final = 0.01  # of the work, between two answers


@dataclass(frozen=True, slots=True)
class Place:
    """Where the ledger is, where its last checkpoint is kept outside, and where discs are made.

    ``verifier``: the program that checks a bundle. ``status``: the file that the doctor leaves.
    ``boot``: the id of this start of the machine, which cannot be read once it is sealed.
    ``attested``: the folder of what the record of this boot left.
    """

    ledger: Path
    anchor: Path | None
    stage: Stage
    verifier: bytes
    status: Path = machine_status.FILE
    boot: str = ""
    attested: Path = attested.FOLDER


@dataclass(slots=True)
class _Begun:
    """What the broker said. ``idle``: seconds; ``desk``: the way back to it."""

    idle: float
    training: bool
    desk: Desk


class Auditor:
    """Serves one connection. ``begun`` is called with the way to the broker."""

    def __init__(
        self,
        place: Place,
        *,
        begun: Callable[[socket.socket], object] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._place = place
        self._on_begin = begun
        self._clock = clock
        self._wall = wall
        self._begun: _Begun | None = None
        self._digest = Digest()
        self._used = clock()
        self._working = False
        self._lock = Lock()

    def service(self) -> Service:
        """The interface; whom it serves, the permissions of its socket say."""
        methods: dict[str, Method[Any]] = {
            "Begin": Method(api.Begin, self._begin, descriptors=1),
            "Sessions": Method(api.AskSessions, self._sessions),
            "Session": Method(api.AskSession, self._session),
            "Refusals": Method(api.AskRefusals, self._refusals),
            "Days": Method(Empty, self._days),
            "Verify": Method(Empty, self._verify),
            "Export": Method(api.Export, self._export),
        }
        return Service(api.NAME, api.DESCRIPTION, methods, report_bug)

    def close(self) -> None:
        """Hang up on the broker."""
        if self._begun is not None:
            self._begun.desk.close()

    def is_idle(self) -> bool:
        """Whether nothing was asked for so long that this is to end."""
        with self._lock:
            patience = PATIENCE if self._begun is None else self._begun.idle
            return not self._working and self._clock() > self._used + patience

    def _begin(self, request: Request[api.Begin]) -> Answer:
        if self._begun is not None or len(request.descriptors) != 1:
            raise CallError(api.error_name("NotBegun"))
        descriptor = request.descriptors.pop()
        wanted = request.parameters
        # Family and type are given, not asked of the kernel: few system calls are left.
        way = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=descriptor)
        client = Client(Connection(way))
        with self._lock:
            self._begun = _Begun(wanted.idle, wanted.training, Desk(client))
            self._used = self._clock()
        self._on_begin(way)
        return Answer()

    def _sessions(self, request: Request[api.AskSessions]) -> Answer:
        wanted = request.parameters
        with self._at_work(request):
            return Answer(sessions_page(self._digest, wanted.after, wanted.limit or api.MOST))

    def _session(self, request: Request[api.AskSession]) -> Answer:
        wanted = request.parameters
        with self._at_work(request) as reader:
            lines = lines_about(self._digest, reader, wanted.session)
            if not lines:
                raise CallError(api.error_name("NoSuchSession"))
            return Answer(entries_page(lines, wanted.after))

    def _refusals(self, request: Request[api.AskRefusals]) -> Answer:
        with self._at_work(request) as reader:
            return Answer(refusals_page(self._digest, reader, request.parameters.after))

    def _days(self, request: Request[Empty]) -> Answer:
        with self._at_work(request):
            return Answer(days(self._digest))

    def _verify(self, request: Request[Empty]) -> Answer:
        progress = _in_steps(lambda done: request.progress(api.Verifying(done)))
        outside = self._outside()  # read before the head: an append writes the head first
        status = read_status(self._place.status)
        if status is not None and status.boot != self._place.boot:
            status = None  # of another start of the machine
        with self._at_work(request, reads=False):
            report = verdict(self._place.ledger, outside, status, progress)
        return Answer(api.Verifying(1.0, report))

    def _export(self, request: Request[api.Export]) -> Answer:
        progress = _in_steps(lambda done: request.progress(api.Exporting(done)))
        outside = self._outside()
        with self._at_work(request) as reader:
            begun = self._begun
            if begun is None or begun.training:
                raise refused("training")
            place = self._place
            exporter = Exporter(place.stage, begun.desk, place.verifier, self._wall, place.attested)
            return Answer(
                exporter.export(request.parameters, reader, self._digest, outside, progress)
            )

    def _outside(self) -> OutsideCheckpoint | None:
        anchor = self._place.anchor
        return None if anchor is None else OutsideCheckpoint.read(FileAnchor(anchor))

    @contextmanager
    def _at_work(self, request: Request[Any], *, reads: bool = True) -> Iterator[LedgerReader]:
        """A snapshot of the ledger, once the digest has all of it.

        Raises ``CallError`` if Begin was not called, or if the ledger cannot be read. Without
        ``reads`` it is not: what is damaged can be verified all the same.
        """
        if self._begun is None:
            raise CallError(api.error_name("NotBegun"))
        with self._lock:
            self._working = True
        try:
            reader = LedgerReader(self._place.ledger)
            if reads:
                reader = _snapshot(reader)
                self._digest.advance(reader)
            yield reader
        except LedgerError as error:
            raise CallError(api.error_name("NoLedger"), api.NoLedger("damaged")) from error
        finally:
            with self._lock:
                self._working = False
                self._used = self._clock()


def _snapshot(reader: LedgerReader) -> LedgerReader:
    try:
        return reader.snapshot()
    except LedgerError as error:
        raise CallError(api.error_name("NoLedger"), api.NoLedger("unreadable")) from error


def _in_steps(tell: Callable[[float], None]) -> Callable[[float], None]:
    """Tells how far it is, by the percent."""
    reported = 0.0

    def progress(done: float) -> None:
        nonlocal reported
        if done >= reported + _STEP:
            reported = done
            tell(min(1.0, done))

    return progress

"""How a copy that may leave is made of a result, in two processes.

A child that is discarded decodes the result, draws the label that people see, puts the number into
the pixels and encodes. This process adds the label for programs and the signature: it has the key,
and reads no more of the file than where its parts begin.
"""

from __future__ import annotations

import hashlib
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from appliance.audit.entries import events
from appliance.audit.service.client import AuditClient
from appliance.errors import ReleaseError
from appliance.files.output import OutputFile
from appliance.pipeline.media.photo.decode import MAX_PHOTO_BYTES
from appliance.protocols.releaser_api import Expect
from appliance.release.facts import ReleaseFacts
from appliance.release.keys import ReleaseKeys
from appliance.release.record import CopyKind, ReleaseRecord
from appliance.release.still import signed_still
from appliance.releaser.marking import MarkedFile, MarkRequest, StillKind
from appliance.releaser.outbox import Outbox
from appliance.releaser.receiving import receive
from appliance.worker.child_server import CrashedWork, RefusedWork
from appliance.worker.children import Children
from appliance.worker.tripwires import touches_as_events

MAX_SECONDS: Final = 1800
"""Seconds that a child may take, as long as the broker waits."""

_HEADS: dict[CopyKind, bytes] = {
    "jpeg": b"\xff\xd8\xff",
    "png": b"\x89PNG\r\n\x1a\n",
    "webp": b"RIFF",
    "tiff": b"II*\0",
}


@dataclass(frozen=True, slots=True)
class CopyMaker:
    """``producer``: the site's code in the label; ``stills``: the format of photos that leave.

    ``now``: milliseconds since 1970.
    """

    outbox: Outbox
    children: Children
    keys: ReleaseKeys
    producer: str
    stills: StillKind
    now: Callable[[], int] = lambda: time.time_ns() // 1_000_000

    def make(self, wanted: Expect, stream: socket.socket, ledger: AuditClient) -> ReleaseRecord:
        """Take a result out of ``stream``, and keep a copy of it; whatever fails, there is none.

        Raises ``ReleaseError``, ``OutputError``, or ``LedgerError`` if it cannot be logged.
        """
        facts = ReleaseFacts(wanted.number, wanted.engine, self.producer)
        self.outbox.check()
        with self.outbox.nameless() as marked:
            with self.outbox.nameless() as result:
                receive(stream, result, wanted.size, wanted.sha256)
                kind = self._mark(wanted, result, marked, ledger)
            signed = signed_still(_content(marked, kind), kind, facts, self.keys.signing)
        record = ReleaseRecord(
            number=wanted.number,
            engine=wanted.engine,
            media=wanted.media,
            kind=kind,
            result=wanted.sha256,
            copy=hashlib.sha256(signed).hexdigest(),
            size=len(signed),
            signed=self.now(),
        )
        with self.outbox.adding(wanted.session, record.number, kind) as pending:
            pending.file.write(signed)
            ledger.append(
                events.ReleaseSigned(record.number, record.copy, record.media, record.engine)
            )
            self.outbox.keep(wanted.session, pending, record)
        return record

    def _mark(
        self, wanted: Expect, source: OutputFile, sink: OutputFile, ledger: AuditClient
    ) -> StillKind:
        """Have a child mark a result; the format that it wrote. Raises ``ReleaseError``."""
        request = msgspec.json.encode(MarkRequest(wanted.number, wanted.media, self.stills))
        answer = self.children.run(request, source.fileno(), sink.fileno(), lambda: False)
        if answer.touches:
            ledger.append_all(touches_as_events(answer.touches, wanted.session))
        outcome = answer.outcome
        if isinstance(outcome, RefusedWork):
            raise ReleaseError(outcome.message, outcome.hint)
        if isinstance(outcome, CrashedWork):
            raise _crashed()
        try:
            said = msgspec.json.decode(outcome.said, type=MarkedFile)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _crashed() from error
        if said.kind not in (self.stills, "png"):
            raise _crashed()
        return said.kind


def _content(marked: OutputFile, kind: StillKind) -> bytes:
    """What the child wrote. Raises ``ReleaseError`` if it is not of the kind that it says."""
    size = marked.seek(0, os.SEEK_END)
    if not 0 < size <= MAX_PHOTO_BYTES:
        raise _crashed()
    marked.seek(0)
    content = marked.read(size) or b""
    if not content.startswith(_HEADS[kind]):
        raise _crashed()
    return content


def _crashed() -> ReleaseError:
    return ReleaseError(
        "The result broke the process that was to mark it; no copy was made.",
        "Make the result again, then ask for its release.",
    )

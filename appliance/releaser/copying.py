"""How a copy that may leave is made of a result, in two processes.

A child that is discarded decodes the result, draws the label that people see, puts the number into
the pixels and encodes. This process adds the label for programs and the signature: it has the key,
and reads no more of the file than where its parts begin.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final, cast

import msgspec

from appliance.audit.entries import events
from appliance.audit.service.client import AuditClient
from appliance.errors import ReleaseError
from appliance.files.digest import sha256_of
from appliance.files.output import OutputFile
from appliance.pipeline.media.photo.decode import MAX_PHOTO_BYTES
from appliance.protocols.releaser_api import Expect
from appliance.release.facts import ReleaseFacts
from appliance.release.keys import ReleaseKeys
from appliance.release.provenance.films import sign_film_in_place
from appliance.release.record import CopyKind, ReleaseRecord
from appliance.release.still import signed_still
from appliance.releaser.marking import MarkedFile, MarkRequest, StillKind
from appliance.releaser.outbox import Outbox
from appliance.releaser.receiving import receive
from appliance.worker.child_server import CrashedWork, RefusedWork
from appliance.worker.children import Children
from appliance.worker.tripwires import touches_as_events

MAX_SECONDS: Final = 4 * 3600
"""Seconds that a child may take, as long as the broker waits."""

# Where each format has which bytes.
_HEADS: dict[CopyKind, tuple[int, bytes]] = {
    "jpeg": (0, b"\xff\xd8\xff"),
    "png": (0, b"\x89PNG\r\n\x1a\n"),
    "webp": (8, b"WEBP"),
    "tiff": (0, b"II*\0"),
    "mp4": (4, b"ftyp"),
    "mov": (4, b"ftypqt  "),
}


@dataclass(frozen=True, slots=True)
class CopyMaker:
    """``producer``: the site's code in the label; ``stills``: the format of photos that leave.

    ``corner_mark``: whether films keep a mark in a corner. ``now``: milliseconds since 1970.
    """

    outbox: Outbox
    children: Children
    keys: ReleaseKeys
    producer: str
    stills: StillKind
    corner_mark: bool
    now: Callable[[], int] = lambda: time.time_ns() // 1_000_000

    def make(self, wanted: Expect, stream: socket.socket, ledger: AuditClient) -> ReleaseRecord:
        """Take a result out of ``stream``, and keep a copy of it; whatever fails, there is none.

        Raises ``ReleaseError``, ``OutputError``, or ``LedgerError`` if it cannot be logged.
        """
        self.outbox.check()
        with self.outbox.adding(wanted.session, wanted.number) as pending:
            kind = self._write(wanted, stream, pending.file, ledger)
            record = ReleaseRecord(
                number=wanted.number,
                engine=wanted.engine,
                media=wanted.media,
                kind=kind,
                result=wanted.sha256,
                copy=sha256_of(pending.file),
                size=pending.file.seek(0, os.SEEK_END),
                signed=self.now(),
            )
            ledger.append(
                events.ReleaseSigned(record.number, record.copy, record.media, record.engine)
            )
            self.outbox.keep(wanted.session, pending, record)
        return record

    def _write(
        self, wanted: Expect, stream: socket.socket, copy: OutputFile, ledger: AuditClient
    ) -> CopyKind:
        """Write the signed copy of what comes out of ``stream``; its format."""
        facts = ReleaseFacts(wanted.number, wanted.engine, self.producer)
        with self.outbox.nameless() as result:
            receive(stream, result, wanted.size, wanted.sha256)
            if wanted.media == "video":  # signed where it lies, however large it is
                film = self._mark(wanted, result, copy, ledger)
                if film not in ("mp4", "mov"):
                    raise _crashed()
                _check_head(copy, film)
                sign_film_in_place(cast(BinaryIO, copy), film, facts, self.keys.signing)
                return film
            with self.outbox.nameless() as marked:
                still = self._mark(wanted, result, marked, ledger)
                if still not in (self.stills, "png"):
                    raise _crashed()
                signed = signed_still(_content(marked, still), still, facts, self.keys.signing)
                copy.write(signed)
                return still

    def _mark(
        self, wanted: Expect, source: OutputFile, sink: OutputFile, ledger: AuditClient
    ) -> CopyKind:
        """Have a child mark a result; the format that it says. Raises ``ReleaseError``."""
        request = msgspec.json.encode(
            MarkRequest(
                wanted.number,
                wanted.engine,
                self.producer,
                wanted.media,
                self.stills,
                self.corner_mark,
            )
        )
        answer = self.children.run(request, source.fileno(), sink.fileno(), lambda: False)
        if answer.touches:
            ledger.append_all(touches_as_events(answer.touches, wanted.session))
        outcome = answer.outcome
        if isinstance(outcome, RefusedWork):
            raise ReleaseError(outcome.message, outcome.hint)
        if isinstance(outcome, CrashedWork):
            raise _crashed()
        try:
            return msgspec.json.decode(outcome.said, type=MarkedFile).kind
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _crashed() from error


def _content(marked: OutputFile, kind: StillKind) -> bytes:
    """What the child wrote. Raises ``ReleaseError`` if it is not of the kind that it says."""
    _check_head(marked, kind)
    size = marked.seek(0, os.SEEK_END)
    if size > MAX_PHOTO_BYTES:
        raise _crashed()
    marked.seek(0)
    return marked.read(size) or b""


def _check_head(marked: OutputFile, kind: CopyKind) -> None:
    """Raises ``ReleaseError`` unless a file begins as those of ``kind`` do."""
    at, head = _HEADS[kind]
    marked.seek(at)
    if marked.read(len(head)) != head:
        raise _crashed()


def _crashed() -> ReleaseError:
    return ReleaseError(
        "The result broke the process that was to mark it; no copy was made.",
        "Make the result again, then ask for its release.",
    )

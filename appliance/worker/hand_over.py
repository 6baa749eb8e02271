"""What leaves the worker: each hand-over is in the ledger before the caller has a byte of it."""

from __future__ import annotations

import hashlib
import io
import os
from typing import BinaryIO, Literal, cast

from appliance.audit.entries import events
from appliance.policy.policy import Export
from appliance.protocols import worker_api
from appliance.protocols.worker_api import error_name
from appliance.wire.message import CallError
from appliance.worker.pipes import Pipes
from appliance.worker.served_session import ServedSession
from appliance.worker.workspace import Item


class HandOver:
    """Hands previews and results of one session to callers, as far as the policy permits it."""

    def __init__(self, served: ServedSession, policy: Export) -> None:
        self._served = served
        self._policy = policy
        self._pipes = Pipes()

    def preview(self, picture: bytes) -> int:
        """A pipe with an encoded picture.

        Raises ``CallError`` if too many pipes are unread, and ``LedgerError``.
        """
        digest = hashlib.sha256(picture).digest()
        return self._send("preview", io.BytesIO(picture), digest, len(picture))

    def result(self, item: Item) -> tuple[worker_api.Result, int]:
        """What a result is, and a pipe with its file.

        Raises ``CallError`` if a second person has to release it, or if too many pipes are unread,
        and ``LedgerError``.
        """
        with item.path.open("rb") as file:
            digest, size = fingerprint(file)
        if self._policy.second_person:
            refused = events.ResultRefused(self._served.session, digest.hex(), "second-person")
            self._served.ledger.append(refused)
            raise CallError(error_name("NotReleased"))
        pipe = self._send("result", item.path.open("rb"), digest, size)
        return worker_api.Result(item.media, size, digest.hex()), pipe

    def _send(
        self, what: Literal["preview", "result"], source: BinaryIO, digest: bytes, size: int
    ) -> int:
        pipe = self._pipes.send(source)
        try:
            handed = events.HandedOver(self._served.session, what, digest.hex(), size)
            self._served.ledger.append(handed)
        except BaseException:
            os.close(pipe)
            raise
        return pipe


def fingerprint(file: BinaryIO) -> tuple[bytes, int]:
    """The SHA-256 (32 bytes) and the size in bytes of a file of ours."""
    file.seek(0)
    digest = hashlib.file_digest(cast(io.BufferedReader, file), "sha256").digest()
    return digest, file.tell()

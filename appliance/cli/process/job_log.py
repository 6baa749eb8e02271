"""Records the job of a command in the ledger of the user who runs it."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Literal, Self

from appliance.audit.entries.events import (
    AnyEvent,
    EscapeAttempt,
    JobFinished,
    JobRefused,
    JobStarted,
    ModelPackLoaded,
    PolicyLoaded,
    SealResult,
)
from appliance.audit.entries.fields import Engine, Media
from appliance.audit.entries.reasons import refusal_reason
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.errors import LedgerError
from appliance.files.output import OutputFile
from appliance.inference.pack import ModelPack
from appliance.pipeline.run import SwapReport
from appliance.policy.policy import EMBEDDED, Policy
from appliance.seal.seal import SealReport

_BLOCK = 1 << 20  # bytes
_JOB = 1  # a command is a session of one job


class JobLog:
    """One job, from before its process is sealed until its result is complete.

    Create it first: its audit daemon starts while libraries and models are loaded, and must be
    running before the seal. If the context is left by an exception, the job is logged as refused.
    Every method raises ``LedgerError`` if it cannot record; the command then gives no result.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._audit = EmbeddedAudit()
        self._session = secrets.token_hex(8)
        self._started = time.monotonic()
        self._seal: SealReport | None = None

    def __enter__(self) -> Self:
        """The job; it began with the constructor."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Log a refusal if there was one, and disconnect from the daemon."""
        with self._audit, suppress(LedgerError):  # the command reports its first error
            if error is not None and not isinstance(error, LedgerError):
                refused = JobRefused(self._session, _JOB, refusal_reason(error))
                self._audit.client.append_all([*self._escape_attempts(), refused])

    def started(
        self, packs: Sequence[ModelPack], seal: SealReport | None, engine: Engine, media: Media
    ) -> None:
        """Record that the process is sealed (``seal``) and about to read ``media``."""
        self._seal = seal
        preset: Literal["embedded", "own"] = "embedded" if self._policy is EMBEDDED else "own"
        events: list[AnyEvent] = [PolicyLoaded(self._policy.digest, preset)]
        events += [
            ModelPackLoaded(pack.digest, len(pack.entries), "valid" if pack.signer else "absent")
            for pack in packs
        ]
        if seal is not None:
            tried = len(seal.attempts)
            events.append(SealResult("sealed", seal.layers, seal.landlock_abi, tried, 0))
        events.append(JobStarted(self._session, _JOB, engine, media, packs[0].digest))
        self._audit.client.append_all(events)

    def finished(self, result: OutputFile, report: SwapReport) -> None:
        """Record that all of ``result`` is written; it has no name yet."""
        result.seek(0)
        digest = hashlib.sha256()
        while block := result.read(_BLOCK):
            digest.update(block)
        elapsed_ms = int((time.monotonic() - self._started) * 1000)
        done = JobFinished(
            self._session, _JOB, digest.hexdigest(), report.frames, report.faces_swapped, elapsed_ms
        )
        self._audit.client.append_all([*self._escape_attempts(), done])

    def _escape_attempts(self) -> list[AnyEvent]:
        """Attempts to break out that the guard has stopped since the seal."""
        if self._seal is None:
            return []
        return [
            EscapeAttempt("guard", touch, times, self._session)
            for touch, times in self._seal.guard.touches.items()
        ]

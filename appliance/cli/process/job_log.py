"""What a command does, told to the ledger of whoever runs it."""

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
    Engine,
    EscapeAttempt,
    JobFinished,
    JobRefused,
    JobStarted,
    Media,
    ModelPackLoaded,
    PolicyLoaded,
    SealResult,
)
from appliance.audit.entries.reasons import reason
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.errors import LedgerError
from appliance.inference.pack import ModelPack
from appliance.pipeline.media.output import OutputFile
from appliance.pipeline.run import SwapReport
from appliance.policy.policy import EMBEDDED, Policy
from appliance.seal.seal import SealReport

_BLOCK = 1 << 20  # bytes
_JOB = 1  # a command is a session of one job


class JobLog:
    """One job, from before its process is sealed until its result is whole.

    Make it first: its audit daemon gets ready while the libraries and models are loaded, and has
    to be there before the seal. Left by an exception, the job is logged as refused. Every method
    raises ``LedgerError``; then there is to be no result.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._audit = EmbeddedAudit()
        self._session = secrets.token_hex(8)
        self._started = time.monotonic()
        self._seal: SealReport | None = None

    def __enter__(self) -> Self:
        """Nothing more happens on entry."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Log a refusal if there was one, and hang up."""
        with self._audit, suppress(LedgerError):  # the command ends by the first error it had
            if error is not None and not isinstance(error, LedgerError):
                refused = JobRefused(self._session, _JOB, reason(error))
                self._audit.client.append_all([*self._touches(), refused])

    def started(
        self, packs: Sequence[ModelPack], seal: SealReport | None, engine: Engine, media: Media
    ) -> None:
        """The process is sealed (``None`` in tests) and about to look at somebody's media."""
        self._seal = seal
        preset: Literal["embedded", "own"] = "embedded" if self._policy is EMBEDDED else "own"
        told: list[AnyEvent] = [PolicyLoaded(self._policy.digest, preset)]
        told += [
            ModelPackLoaded(pack.digest, len(pack.entries), "valid" if pack.signer else "absent")
            for pack in packs
        ]
        if seal is not None:
            tried = len(seal.attempts)
            told.append(SealResult("sealed", seal.layers, seal.landlock_abi, tried, 0))
        told.append(JobStarted(self._session, _JOB, engine, media, packs[0].digest))
        self._audit.client.append_all(told)

    def finished(self, result: OutputFile, report: SwapReport) -> None:
        """All of ``result`` is written, and still without its name."""
        result.seek(0)
        digest = hashlib.sha256()
        while block := result.read(_BLOCK):
            digest.update(block)
        spent = int((time.monotonic() - self._started) * 1000)
        done = JobFinished(
            self._session, _JOB, digest.hexdigest(), report.frames, report.faces_swapped, spent
        )
        self._audit.client.append_all([*self._touches(), done])

    def _touches(self) -> list[AnyEvent]:
        """Whoever touched the tripwire since the seal."""
        if self._seal is None:
            return []
        return [
            EscapeAttempt("guard", touch, times, self._session)
            for touch, times in self._seal.guard.touches.items()
        ]

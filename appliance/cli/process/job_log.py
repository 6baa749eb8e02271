"""Records the job of a command in the ledger of the user who runs it."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Literal, Self

from appliance.audit.entries.events import (
    AccuracyMeasured,
    AnyEvent,
    DragsApplied,
    HandleMoved,
    JobFinished,
    JobRefused,
    JobStarted,
    ModelPackLoaded,
    PointsPlaced,
    PolicyLoaded,
    RegionChanged,
    ReleaseBegun,
    ReleaseSigned,
    SamePersonChecked,
    SealResult,
    SimulationApplied,
)
from appliance.audit.entries.fields import Engine, Media
from appliance.audit.entries.pseudonyms import PseudonymKind
from appliance.audit.entries.reasons import refusal_reason
from appliance.audit.entries.receipt import Receipt
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.audit.service.protocol import Proved
from appliance.errors import LedgerError
from appliance.files.digest import sha256_of
from appliance.files.output import OutputFile
from appliance.inference.pack import ModelPack
from appliance.pipeline.simulation.drawn_region import DrawnRegion
from appliance.pipeline.simulation.limits import Refusal
from appliance.policy.handles import HandleName
from appliance.policy.policy import EMBEDDED, Policy
from appliance.seal.guard import Touch
from appliance.seal.seal import SealReport
from appliance.worker.simulation_limits import refused_event
from appliance.worker.tripwires import touches_as_events


class JobLog:
    """One job, from before its process is sealed until its result is complete.

    A simulation of several photos is a job for each of them.

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
        self._pack = ""
        self._job = 1

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
                refused = JobRefused(self._session, self._job, refusal_reason(error))
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
        self._pack = packs[0].digest
        events.append(self._begun(engine, media))
        self._audit.client.append_all(events)

    def next_photo(self) -> None:
        """Record that the simulation goes on with the next photo, as a job of its own."""
        self._job += 1
        self._audit.client.append_all([self._begun("simulation", "photo")])

    def simulated(self, photo: str, handles: Mapping[HandleName, float]) -> Receipt:
        """Record that the photo whose file has the SHA-256 ``photo`` is moved by ``handles``.

        The receipt is that of the entry which names the photo; those of the handles follow it.
        """
        applied = SimulationApplied(self._session, self._job, photo)
        moved = [
            HandleMoved(self._session, self._job, name, round(1000 * value))
            for name, value in handles.items()
        ]
        return self._audit.client.append_all([applied, *moved])[0]

    def proof(self, receipt: Receipt) -> Proved:
        """The proof that the ledger holds the entry of ``receipt``, and the ledger's public key."""
        return self._audit.client.prove(receipt)

    def allow(self, refusal: Refusal | None) -> None:
        """Record why a simulation may not be, if it may not, and raise it as ``HandleError``."""
        if refusal is not None:
            event = refused_event(self._session, self._job, refusal)
            self._audit.client.append_all([event])
            raise refusal.error

    def placed(self, points: int, *, face: bool) -> None:
        """Record that the face is known by ``points`` set by hand, and whether one was found."""
        event = PointsPlaced(self._session, self._job, points, "found" if face else "not-found")
        self._audit.client.append_all([event])

    def dragged(self, drags: int, longest: float) -> None:
        """Record that places of the photo were dragged by hand, the ``longest`` by so many mm."""
        applied = DragsApplied(self._session, self._job, drags, round(1000 * longest))
        self._audit.client.append_all([applied])

    def changed_region(self, region: DrawnRegion, area: float) -> None:
        """Record that a region of the photo, of ``area`` mm², was changed."""
        changed = RegionChanged(self._session, self._job, region.mode, round(area), region.share)
        self._audit.client.append_all([changed])

    def same_person(self, likeness: float | None, threshold: float) -> None:
        """Record how alike two photos of the job are, a cosine; ``None`` if no face was found."""
        outcome: Literal["same", "different", "waived"] = "waived"
        if likeness is not None:
            outcome = "same" if likeness >= threshold else "different"
        percent = max(0, round(100 * (likeness or 0.0)))
        checked = SamePersonChecked(
            self._session, self._job, outcome, percent, round(100 * threshold)
        )
        self._audit.client.append_all([checked])

    def measured(self, figures: Sequence[tuple[HandleName, float, float, float]]) -> None:
        """Record what was achieved of handles: name, wished, achieved, its error, in its unit."""
        self._audit.client.append_all(
            [
                AccuracyMeasured(
                    self._session,
                    self._job,
                    name,
                    round(1000 * wished),
                    round(1000 * achieved),
                    round(1000 * error),
                )
                for name, wished, achieved, error in figures
            ]
        )

    @property
    def session(self) -> str:
        """The random name of this call in the ledger."""
        return self._session

    def append(self, *events: AnyEvent) -> int:
        """Record ``events``, all or none; the index of the first."""
        return self._audit.client.append_all(events)[0].index

    def pseudonym(self, kind: PseudonymKind, value: str) -> str:
        """The pseudonym of a person in this ledger."""
        return self._audit.client.pseudonym(kind, value.encode())

    def escaped(self, touches: Mapping[Touch, int]) -> None:
        """Record what a child of the command tried, by the tripwires that it touched."""
        if touches:
            self._audit.client.append_all(touches_as_events(touches, self._session))

    def release_begun(self, result: str, media: Media, engine: Engine) -> int:
        """Record that the file with the SHA-256 ``result`` is to leave; the release's number."""
        return self.append(ReleaseBegun(self._session, result, media, engine))

    def release_signed(self, number: int, copy: str, media: Media, engine: Engine) -> None:
        """Record that the file with the SHA-256 ``copy`` leaves as release ``number``."""
        signed = ReleaseSigned(number, copy, media, engine)
        self._audit.client.append_all([*self._escape_attempts(), signed])

    def concluded(self, summary: bytes, *, photos: int) -> None:
        """Record that a job ended whose result is no picture but a ``summary``."""
        self._done(hashlib.sha256(summary).hexdigest(), photos, photos)

    def finished(self, result: OutputFile, *, frames: int, faces: int) -> None:
        """Record that all of ``result`` is written; it has no name yet."""
        self._done(sha256_of(result), frames, faces)

    def _done(self, result: str, frames: int, faces: int) -> None:
        elapsed_ms = int((time.monotonic() - self._started) * 1000)
        done = JobFinished(self._session, self._job, result, frames, faces, elapsed_ms)
        self._audit.client.append_all([*self._escape_attempts(), done])

    def _begun(self, engine: Engine, media: Media) -> JobStarted:
        return JobStarted(self._session, self._job, engine, media, self._pack)

    def _escape_attempts(self) -> Sequence[AnyEvent]:
        """Attempts to break out that the guard has stopped since the seal."""
        if self._seal is None:
            return []
        return touches_as_events(self._seal.guard.touches, self._session)

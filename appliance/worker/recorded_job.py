"""A job of the session from its first line in the ledger to its last."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Protocol, TypeVar, cast

from appliance.audit.entries import events, fields
from appliance.files.output import PendingOutput
from appliance.worker.failures import job_refusal_reason
from appliance.worker.hand_over import fingerprint
from appliance.worker.served_session import ServedSession
from appliance.worker.workspace import Workspace


@dataclass(frozen=True, slots=True)
class StartedJob:
    """A job as the ledger has it: its number, what draws, of what, and the digest of the pack."""

    number: int
    engine: fields.Engine
    media: fields.Media
    pack: str


class _Counted(Protocol):
    """What the ledger has of a finished job."""

    @property
    def frames(self) -> int: ...

    @property
    def faces_swapped(self) -> int: ...


Done = TypeVar("Done", bound=_Counted)


@dataclass(frozen=True, slots=True)
class SimulatedPhoto:
    """A photo that was simulated.

    ``left_out``: why handles were not applied, by handle. ``share``: of the move that could be
    made. ``faces_swapped``: how many of its faces were changed.
    """

    left_out: dict[str, str]
    share: float
    faces_swapped: int = 1
    frames: int = 1


class JobRecorder:
    """Runs jobs; what one leaves is written whole and logged, or not at all."""

    def __init__(
        self, served: ServedSession, workspace: Workspace, check_cancelled: Callable[[], None]
    ) -> None:
        """``check_cancelled``: raises ``StopError`` once the job was cancelled."""
        self._served, self._workspace = served, workspace
        self._check_cancelled = check_cancelled

    def run(self, job: StartedJob, make: Callable[[BinaryIO], Done]) -> tuple[int, Done]:
        """The number of the result that ``make`` writes into what it is given, and its report."""
        served = self._served
        served.ledger.append(
            events.JobStarted(served.session, job.number, job.engine, job.media, job.pack)
        )
        number, result = self._workspace.reserve(job.media, job.engine)
        try:
            with PendingOutput(result.path) as output:
                done = self._made(job, make, cast(BinaryIO, output.file))
                output.commit()
        except Exception as stopped:
            served.ledger.append(
                events.JobRefused(served.session, job.number, job_refusal_reason(stopped))
            )
            raise
        self._workspace.commit(number, result)
        return number, done

    def _made(self, job: StartedJob, make: Callable[[BinaryIO], Done], sink: BinaryIO) -> Done:
        started = time.monotonic()
        done = make(sink)
        self._check_cancelled()
        digest, _ = fingerprint(sink)
        self._served.ledger.append(
            events.JobFinished(
                session=self._served.session,
                job=job.number,
                result=digest.hex(),
                frames=done.frames,
                faces=done.faces_swapped,
                ms=round((time.monotonic() - started) * 1000),
            )
        )
        return done

"""The worker's methods that simulate: within the policy, under one job at a time, logged."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from math import hypot
from threading import Lock
from typing import Any, BinaryIO, Literal, cast

from appliance.audit.entries import events
from appliance.audit.entries.events import AnyEvent
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.lettering import lettered
from appliance.pipeline.simulation.limits import Limits
from appliance.policy.handles import HandleName
from appliance.protocols import worker_api
from appliance.wire.message import Empty
from appliance.wire.service import Answer, Method, Request
from appliance.worker.failures import errors_to_refusals
from appliance.worker.hand_over import HandOver, fingerprint
from appliance.worker.job_count import JobCount
from appliance.worker.recorded_job import JobRecorder, SimulatedPhoto, StartedJob
from appliance.worker.served_session import ServedSession
from appliance.worker.simulation_limits import refused_event
from appliance.worker.simulations import Moved, Simulations
from appliance.worker.training_words import TrainingWords
from appliance.worker.workspace import Workspace


@dataclass(frozen=True, slots=True)
class SimulationMethods:
    """``Simulate``, its preview, points for it, what can be asked, and what the patient says to it.

    ``pack``: the digest of the pack whose networks find faces. ``one_job``: allows one at a time.
    ``one_picture``: held while a photo of full size is in memory.
    """

    served: ServedSession
    workspace: Workspace
    limits: Limits
    simulations: Simulations
    training: TrainingWords
    recorder: JobRecorder
    hand_over: HandOver
    jobs: JobCount
    pack: str
    one_job: Callable[[], AbstractContextManager[None]]
    one_picture: Lock

    def methods(self) -> dict[str, Method[Any]]:
        """By name."""
        return {
            "ProposePoints": Method(worker_api.ProposePoints, self._propose),
            "Reach": Method(worker_api.Subject, self._reach),
            "Agree": Method(worker_api.Agree, self._agree),
            "Simulate": Method(worker_api.Simulate, self._simulate),
            "PreviewSimulation": Method(worker_api.PreviewSimulation, self._preview),
        }

    def _propose(self, request: Request[worker_api.ProposePoints]) -> Answer:
        with errors_to_refusals():
            found = self.simulations.propose(request.parameters)
        places = {name: worker_api.Place(x, y) for name, (x, y) in found.points.places.items()}
        return Answer(worker_api.ProposedPoints(places, round(found.yaw, 1), found.network))

    def _reach(self, request: Request[worker_api.Subject]) -> Answer:
        with self.one_job(), errors_to_refusals():
            found = self.simulations.reach(request.parameters, self._allowed())
        lines = [
            worker_api.Line(*(round(float(one), 1) for one in line.ravel())) for line in found.lines
        ]
        yaw, scale = round(found.yaw, 1), round(found.scale, 4)
        return Answer(worker_api.Reach(dict(found.left_out), yaw, scale, lines))

    def _allowed(self) -> list[str]:
        """The handles that the site allows."""
        return [name for name in HANDLES if name in self.limits.handles]

    def _agree(self, request: Request[worker_api.Agree]) -> Answer:
        agreed = request.parameters
        item = self.workspace.item(agreed.item)
        with errors_to_refusals():
            self.served.ledger.append(
                events.PatientAgreed(self.served.session, len(agreed.sentences), item.pseudonym)
            )
        return Answer(Empty())

    def _simulate(self, request: Request[worker_api.Simulate]) -> Answer:
        wanted = request.parameters
        item = self.workspace.item(wanted.photo)
        with self.one_job(), errors_to_refusals():
            job = self.jobs.begin()

            def make(sink: BinaryIO) -> SimulatedPhoto:
                self._allow(wanted, job)
                with self.one_picture:
                    moved = self.simulations.simulate(wanted)
                    self._log(job, wanted, moved)
                    sink.write(self._picture(moved, "png"))
                    return SimulatedPhoto(dict(moved.left_out), moved.share)

            started = StartedJob(job, "simulation", item.media, self.pack)
            number, done = self.recorder.run(started, make)
        return Answer(worker_api.Simulated(job, number, done.left_out, done.share))

    def _preview(self, request: Request[worker_api.PreviewSimulation]) -> Answer:
        wanted = request.parameters
        with self.one_job(), errors_to_refusals():
            self._allow(wanted, self.jobs.now)
            moved = self.simulations.preview(wanted, wanted.side)
            pipe = self.hand_over.preview(self._picture(moved, "jpeg"))
        return Answer(worker_api.Previewed(dict(moved.left_out), moved.share), (pipe,))

    def _picture(self, moved: Moved, kind: Literal["png", "jpeg"]) -> bytes:
        return encode_photo(lettered(self.training.over(moved.photo)), kind)

    def _allow(self, wanted: worker_api.Simulate, job: int) -> None:
        """Log and raise, as ``HandleError``, what bounds and the site's policy do not allow."""
        drags = [hypot(drag.right, drag.down) for drag in wanted.drags]
        refusal = self.limits.refusal(wanted.handles, drags, len(wanted.regions))
        if refusal is not None:
            self.served.ledger.append(refused_event(self.served.session, job, refusal))
            raise refusal.error

    def _log(self, job: int, wanted: worker_api.Simulate, moved: Moved) -> None:
        """Record which photo is changed by what: no other person's picture has a part in it."""
        session, item = self.served.session, self.workspace.item(wanted.photo)
        with item.path.open("rb") as file:
            digest = fingerprint(file)[0].hex()
        logged: list[AnyEvent] = [events.SimulationApplied(session, job, digest, item.pseudonym)]
        logged += [
            events.HandleMoved(
                session, job, cast("HandleName", name), round(1000 * value), wanted.shows
            )
            for name, value in moved.values.items()
        ]
        if wanted.points:
            found = events.PointsPlaced(
                session, job, len(wanted.points), "found" if moved.network else "not-found"
            )
            logged.append(found)
        if wanted.drags:
            longest = max(hypot(drag.right, drag.down) for drag in wanted.drags)
            logged.append(
                events.DragsApplied(session, job, len(wanted.drags), round(1000 * longest))
            )
        logged += [
            events.RegionChanged(session, job, region.mode, round(area), region.share)
            for region, area in zip(wanted.regions, moved.areas, strict=True)
        ]
        self.served.ledger.append_all(logged)

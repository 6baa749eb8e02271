"""What a worker does when it is asked: items come in, jobs run one at a time, results go out."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Event, Lock
from typing import Any, BinaryIO, cast

from appliance.audit.entries import events
from appliance.audit.service.client import AuditClient
from appliance.diagnostics.process_log import report_bug
from appliance.errors import ApplianceError, NoFaceError
from appliance.pipeline.engine import Engine
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.media.output import PendingOutput
from appliance.pipeline.media.photo.canvas import PhotoCanvas
from appliance.pipeline.media.photo.decode import Photo, in_colours_of
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.pipeline.media.video.encoder import check_size
from appliance.pipeline.media.video.probe import probe
from appliance.pipeline.media.video.reader import FrameInfo
from appliance.pipeline.run import (
    Sitter,
    SwapOptions,
    SwapReport,
    check_enlarged,
    enlarge_photo,
    read_reference,
    read_source,
    swap_photo,
    swap_video,
)
from appliance.pipeline.selection import FaceChoice, Which
from appliance.policy.policy import Policy
from appliance.wire.message import Nothing, Refusal
from appliance.wire.service import Answer, Method, Progress, Request, Service
from appliance.worker import interface
from appliance.worker.engines import Engines
from appliance.worker.failures import StopError, errors_to_refusals, refusal_reason
from appliance.worker.interface import error
from appliance.worker.pipes import piped
from appliance.worker.policy_gates import PolicyGates
from appliance.worker.sanitiser import MediaSanitiser, fingerprint
from appliance.worker.single_entry_cache import SingleEntryCache
from appliance.worker.workspace import Item, Workspace

_PATIENCE = 60  # seconds that the first call may wait for the seal


@dataclass(frozen=True, slots=True)
class _Visit:
    """Whom the worker serves."""

    session: str
    ledger: AuditClient
    gates: PolicyGates


@dataclass(frozen=True, slots=True)
class _Job:
    """A swap that runs: its number, what is asked, with which engine, and whom to tell of it."""

    number: int
    asked: interface.Swap
    engine: Engine
    tell: Progress


@dataclass
class WorkerService:
    """The methods of ``io.faceappliance.Worker``, for several threads.

    ``seal`` is called once, before the first file comes in.
    """

    workspace: Workspace
    policy: Policy
    engines: Engines
    intake: MediaSanitiser
    seal: Callable[[], events.SealResult]
    _visit: _Visit | None = None
    _jobs: int = 0
    _serving: Event = field(default_factory=Event)
    _begun: Condition = field(default_factory=Condition)
    _intake_free: Lock = field(default_factory=Lock)
    _job_free: Lock = field(default_factory=Lock)
    _stop: Event = field(default_factory=Event)
    _sitters: SingleEntryCache[Sitter] = field(default_factory=SingleEntryCache)
    _sketches: SingleEntryCache[Photo] = field(default_factory=SingleEntryCache)

    def service(self) -> Service:
        """The interface on the worker's socket. Only the broker can connect to that."""
        methods: dict[str, Method[Any]] = {
            "Begin": Method(interface.Begin, self._begin),
            "Packs": Method(Nothing, self._packs),
            "Import": Method(interface.Import, self._import),
            "Inspect": Method(interface.Inspect, self._inspect),
            "Swap": Method(interface.Swap, self._swap),
            "Preview": Method(interface.Preview, self._preview),
            "Cancel": Method(Nothing, self._cancel),
            "Forget": Method(Nothing, self._forget),
            "Results": Method(Nothing, self._list),
            "Result": Method(interface.Item, self._result),
        }
        return Service(interface.NAME, interface.DESCRIPTION, methods, report_bug)

    def _begin(self, request: Request[interface.Begin]) -> Answer:
        if self._visit is not None or len(request.descriptors) != 1:
            raise Refusal(error("Busy"))
        asked = request.parameters
        if asked.policy != self.policy.digest:
            raise Refusal(error("OtherPolicy"))
        ledger = AuditClient(request.descriptors.pop())
        with errors_to_refusals():
            sealed = self.seal()
            self.workspace.take_up()
            packs = [*self.engines.mesh.packs, *self.engines.packs.trusted.values()]
            loaded = [
                events.ModelPackLoaded(pack.digest, len(pack.entries), "valid") for pack in packs
            ]
            ledger.append_all([sealed, events.PolicyLoaded(asked.policy, "own"), *loaded])
        self._visit = _Visit(
            asked.session, ledger, PolicyGates(self.policy.gate, asked.session, ledger)
        )
        self._serving.set()
        while True:
            request.progress(interface.Jobs(self._jobs))
            with self._begun:
                self._begun.wait()

    def _packs(self, request: Request[Nothing]) -> Answer:
        packs = self.engines.packs
        offered = [interface.Pack.of(name, pack) for name, pack in packs.trusted.items()]
        refused = [
            interface.Pack(name, refused=wrong.message, hint=wrong.hint)
            for name, wrong in packs.refused.items()
        ]
        return Answer(interface.Packs(offered + refused, self.engines.mesh.stages.provider))

    def _import(self, request: Request[interface.Import]) -> Answer:
        visit, asked = self._who(), request.parameters
        if not request.descriptors:
            raise Refusal(error("NoDescriptor"))
        source = request.descriptors[0]
        with errors_to_refusals(), self._intake_free, self.workspace.part() as (part, sink):
            consent = visit.gates.consent(asked.consent)
            digest, size = fingerprint(source)
            taken = self.intake.take(source, sink)
            visit.ledger.append(
                events.MediaImported(
                    session=visit.session,
                    item=visit.ledger.pseudonym("file", digest),
                    role=asked.role,
                    media=taken.media,
                    size=size,
                    origin="folder",
                    consent=consent,
                )
            )
            number = self.workspace.add_item(part, taken.media)
        return Answer(interface.Imported(number, taken.media, taken.width, taken.height))

    def _inspect(self, request: Request[interface.Inspect]) -> Answer:
        self._who()
        asked = request.parameters
        with errors_to_refusals():
            picture = self.workspace.picture(asked.item, asked.at)
            faces = self.engines.mesh.stages.faces(picture.canvas)
        return Answer(interface.Faces([_outline(face) for face in faces]))

    def _swap(self, request: Request[interface.Swap]) -> Answer:
        visit, asked = self._who(), request.parameters
        target = self.workspace.item(asked.target)
        with self._job(), errors_to_refusals():
            engine = self.engines.get(asked.packs, asked.wish, asked.upscale)
            job = _Job(self._count(), asked, engine, request.progress)
            kind: events.Engine = "onnx" if engine.generates else "mesh"
            visit.ledger.append(
                events.JobStarted(
                    visit.session, job.number, kind, target.media, engine.packs[0].digest
                )
            )
            number, result = self.workspace.place(target.media)
            try:
                done = self._make(visit, job, target, result)
            except (ApplianceError, StopError) as stopped:
                visit.ledger.append(
                    events.JobRefused(visit.session, job.number, refusal_reason(stopped))
                )
                raise
            self.workspace.keep(number, result)
        return Answer(interface.Progress(job.number, done.frames, done.frames, number))

    def _make(self, visit: _Visit, job: _Job, target: Item, result: Item) -> SwapReport:
        """Run the pipeline; the result is there whole and logged, or not at all."""
        started = time.monotonic()
        sitter = self._sitter(job.engine, job.asked)
        options = self._options(visit, job.engine, job.asked)
        with PendingOutput(result.path) as output:
            sink = cast(BinaryIO, output.file)
            if target.media == "photo":
                report = self._photo(job, sitter, options, sink)
            else:
                report = self._video(job, sitter, options, target, sink)
            visit.gates.same_person(job.number, sitter, report)
            self._go_on()
            digest, _ = fingerprint(output.file.fileno())
            visit.ledger.append(
                events.JobFinished(
                    session=visit.session,
                    job=job.number,
                    result=digest.hex(),
                    frames=report.frames,
                    faces=report.faces_swapped,
                    ms=round((time.monotonic() - started) * 1000),
                )
            )
            output.commit()
        return report

    def _photo(self, job: _Job, sitter: Sitter, options: SwapOptions, sink: BinaryIO) -> SwapReport:
        target = self.workspace.photo(job.asked.target)
        check_enlarged(target, job.asked.upscale)
        photo, report = swap_photo(job.engine.stages, sitter, target, options)
        self._go_on()
        if job.engine.upscaler:
            photo = enlarge_photo(photo, job.engine.upscaler)
        sink.write(encode_photo(photo, "png"))
        return report

    def _video(
        self, job: _Job, sitter: Sitter, options: SwapOptions, target: Item, sink: BinaryIO
    ) -> SwapReport:
        with target.path.open("rb") as opened:
            facts = probe(opened)
            opened.seek(0)
            check_size(facts.width * job.asked.upscale, facts.height * job.asked.upscale)

            def progress(info: FrameInfo) -> None:
                self._go_on()
                job.tell(interface.Progress(job.number, info.index + 1, facts.frames))

            report = swap_video(
                job.engine.stages,
                sitter,
                opened,
                sink,
                options,
                container=facts.container,
                progress=progress,
                upscaler=job.engine.upscaler,
            )
        if not report.faces_swapped and any(options.regions.values()):
            raise NoFaceError(
                "The chosen face was found in no frame of the target.",
                "Choose it by another word, or use a video that shows it upright.",
            )
        return report

    def _preview(self, request: Request[interface.Preview]) -> Answer:
        visit, asked = self._who(), request.parameters
        with self._job(), errors_to_refusals():
            engine = self.engines.get(asked.packs, asked.wish, 1)
            sitter = self._sitter(engine, asked)
            sketch = self._sketches.get(
                (asked.target, asked.at, asked.side),
                lambda: _small(self.workspace.picture(asked.target, asked.at), asked.side),
            )
            options = self._options(visit, engine, asked, likeness=self.policy.gate.same_person)
            shown, report = swap_photo(engine.stages, sitter, sketch, options)
            if self.policy.gate.same_person:  # a preview shows a face as much as a result does
                visit.gates.same_person(self._jobs, sitter, report)
            return Answer(descriptors=(piped(io.BytesIO(encode_photo(shown, "jpeg"))),))

    def _sitter(self, engine: Engine, asked: interface.Swap) -> Sitter:
        return self._sitters.get(
            (tuple(asked.packs), tuple(asked.sources)),
            lambda: read_source(engine.stages, [*map(self.workspace.photo, asked.sources)]),
        )

    def _options(
        self, visit: _Visit, engine: Engine, asked: interface.Swap, *, likeness: bool = True
    ) -> SwapOptions:
        visit.gates.choice(asked.choice)
        reference = None
        if asked.like is not None:
            reference = read_reference(engine.stages, self.workspace.photo(asked.like))
        return SwapOptions(FaceChoice(Which(asked.choice), reference), asked.regions, likeness)

    def _cancel(self, request: Request[Nothing]) -> Answer:
        running = self._job_free.locked()
        if running:
            self._stop.set()
        return Answer(interface.Stopped(running))

    def _forget(self, request: Request[Nothing]) -> Answer:
        self._sitters.forget()
        self._sketches.forget()
        return Answer()

    def _list(self, request: Request[Nothing]) -> Answer:
        return Answer(interface.Results(self.workspace.results()))

    def _result(self, request: Request[interface.Item]) -> Answer:
        self._who()
        item = self.workspace.result(request.parameters.item)
        size = item.path.stat().st_size
        answer = interface.Result(item.media, size, _digest(item.path).hex())
        return Answer(answer, (piped(item.path.open("rb")),))

    def _who(self) -> _Visit:
        """Whom the worker serves. A person may be quicker than the seal: they wait for it."""
        if not self._serving.wait(_PATIENCE) or self._visit is None:
            raise Refusal(error("NotBegun"))
        return self._visit

    def _count(self) -> int:
        with self._begun:
            self._jobs += 1
            self._begun.notify_all()
            return self._jobs

    def _go_on(self) -> None:
        """Raises ``StopError`` once somebody has cancelled."""
        if self._stop.is_set():
            raise StopError

    @contextmanager
    def _job(self) -> Iterator[None]:
        """One job at a time."""
        if not self._job_free.acquire(blocking=False):
            raise Refusal(error("Busy"))
        self._stop.clear()
        try:
            yield
        finally:
            self._job_free.release()


def _outline(face: Face) -> interface.Face:
    low, high = face.points.min(axis=0), face.points.max(axis=0)
    (x, y), (width, height) = map(float, low), map(float, high - low)
    return interface.Face(x, y, width, height, face.score)


def _small(photo: Photo, side: int) -> Photo:
    return Photo(PhotoCanvas(in_colours_of(photo, Photo(photo.pixels)).pixels).thumbnail(side))


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return fingerprint(file.fileno())[0]

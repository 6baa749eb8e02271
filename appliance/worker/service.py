"""The worker's methods: import items, run one job at a time, deliver results."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Event, Lock
from typing import Any, BinaryIO, cast

import msgspec

from appliance.audit.entries import events
from appliance.audit.service.client import AuditClient
from appliance.diagnostics.journal import bind_session
from appliance.diagnostics.process_log import report_bug
from appliance.errors import ApplianceError, NoFaceError
from appliance.files.output import PendingOutput
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.generator_engine.options import GeneratorOptions
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.canvas import PhotoCanvas
from appliance.pipeline.media.photo.decode import Photo, in_colours_of
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.pipeline.media.video.encoder import check_size
from appliance.pipeline.media.video.probe import probe
from appliance.pipeline.media.video.reader import FrameInfo
from appliance.pipeline.run import (
    SourceIdentity,
    SwapOptions,
    SwapReport,
    check_enlarged,
    enlarge_photo,
    read_reference,
    read_source,
    swap_photo,
    swap_video,
)
from appliance.pipeline.selection import FaceRule, FaceSelection
from appliance.policy.policy import Policy
from appliance.protocols import worker_api
from appliance.protocols.worker_api import error_name
from appliance.wire.message import CallError, Empty
from appliance.wire.service import Answer, Method, Progress, Request, Service
from appliance.worker.engines import Engines
from appliance.worker.failures import StopError, errors_to_refusals, job_refusal_reason
from appliance.worker.packs import offered
from appliance.worker.pipes import piped
from appliance.worker.policy_gates import PolicyGates
from appliance.worker.sanitiser import MediaSanitiser, fingerprint
from appliance.worker.single_entry_cache import SingleEntryCache
from appliance.worker.workspace import Item, Workspace

_SEAL_TIMEOUT = 60  # seconds that a call waits for the process to be sealed


@dataclass(frozen=True, slots=True)
class _Served:
    """The session that the worker serves: its id, its ledger and the gates of the policy."""

    session: str
    ledger: AuditClient
    gates: PolicyGates


@dataclass(frozen=True, slots=True)
class _Job:
    """A running swap. ``report`` sends its progress to the caller."""

    number: int
    parameters: worker_api.Swap
    engine: Pipeline
    report: Progress


class WorkerService:
    """The methods of ``io.faceappliance.Worker``, for several threads."""

    def __init__(
        self,
        workspace: Workspace,
        policy: Policy,
        engines: Engines,
        sanitiser: MediaSanitiser,
        seal: Callable[[], events.SealResult],
    ) -> None:
        """``seal`` is called once, before the first file is imported."""
        self._workspace = workspace
        self._policy = policy
        self._engines = engines
        self._sanitiser = sanitiser
        self._seal = seal
        self._served: _Served | None = None
        self._jobs = 0
        self._serving = Event()
        self._job_begun = Condition()
        self._sanitiser_free = Lock()
        self._job_free = Lock()
        self._cancelled = Event()
        self._sources: SingleEntryCache[SourceIdentity] = SingleEntryCache()
        self._thumbnails: SingleEntryCache[Photo] = SingleEntryCache()

    def service(self) -> Service:
        """The interface for the worker's socket, to which only the broker can connect."""
        methods: dict[str, Method[Any]] = {
            "Begin": Method(worker_api.Begin, self._begin),
            "Packs": Method(Empty, self._packs),
            "Import": Method(worker_api.Import, self._import),
            "Inspect": Method(worker_api.Inspect, self._inspect),
            "Swap": Method(worker_api.Swap, self._swap),
            "Preview": Method(worker_api.Preview, self._preview),
            "Cancel": Method(Empty, self._cancel),
            "Forget": Method(Empty, self._forget),
            "Results": Method(Empty, self._list),
            "Result": Method(worker_api.Item, self._result),
        }
        return Service(worker_api.NAME, worker_api.DESCRIPTION, methods, report_bug)

    def _begin(self, request: Request[worker_api.Begin]) -> Answer:
        if self._served is not None or len(request.descriptors) != 1:
            raise CallError(error_name("Busy"))
        parameters = request.parameters
        if parameters.policy != self._policy.digest:
            raise CallError(error_name("OtherPolicy"))
        bind_session(parameters.session)
        ledger = AuditClient(request.descriptors.pop())
        with errors_to_refusals():
            sealed = self._seal()
            self._workspace.recover_existing()
            packs = [*self._engines.mesh.packs, *self._engines.packs.trusted.values()]
            loaded = [
                events.ModelPackLoaded(pack.digest, len(pack.entries), "valid") for pack in packs
            ]
            ledger.append_all([sealed, events.PolicyLoaded(parameters.policy, "own"), *loaded])
        self._served = _Served(
            parameters.session, ledger, PolicyGates(self._policy.gate, parameters.session, ledger)
        )
        self._serving.set()
        while True:
            request.progress(worker_api.Jobs(self._jobs))
            with self._job_begun:
                self._job_begun.wait()

    def _packs(self, request: Request[Empty]) -> Answer:
        packs = self._engines.packs
        trusted = [offered(name, pack) for name, pack in packs.trusted.items()]
        refused = [
            worker_api.Pack(name, refused=wrong.message, hint=wrong.hint)
            for name, wrong in packs.refused.items()
        ]
        return Answer(worker_api.Packs(trusted + refused, self._engines.mesh.engine.provider))

    def _import(self, request: Request[worker_api.Import]) -> Answer:
        served, parameters = self._require_session(), request.parameters
        if not request.descriptors:
            raise CallError(error_name("NoDescriptor"))
        source = request.descriptors[0]
        with (
            errors_to_refusals(),
            self._sanitiser_free,
            self._workspace.temporary() as (temporary, sink),
        ):
            consent = served.gates.consent(parameters.consent)
            digest, size = fingerprint(source)
            imported = self._sanitiser.rewrite(source, sink)
            served.ledger.append(
                events.MediaImported(
                    session=served.session,
                    item=served.ledger.pseudonym("file", digest),
                    role=parameters.role,
                    media=imported.media,
                    size=size,
                    origin="folder",
                    consent=consent,
                )
            )
            number = self._workspace.add_item(temporary, imported.media)
        return Answer(worker_api.Imported(number, imported.media, imported.width, imported.height))

    def _inspect(self, request: Request[worker_api.Inspect]) -> Answer:
        self._require_session()
        parameters = request.parameters
        with errors_to_refusals():
            picture = self._workspace.picture(parameters.item, parameters.at)
            faces = self._engines.mesh.analyser.faces(picture.canvas)
        return Answer(worker_api.Faces([_outline(face) for face in faces]))

    def _swap(self, request: Request[worker_api.Swap]) -> Answer:
        served, parameters = self._require_session(), request.parameters
        target = self._workspace.item(parameters.target)
        with self._job(), errors_to_refusals():
            engine = self._engines.get(
                parameters.packs, _options_of(parameters.generator_options), parameters.upscale
            )
            job = _Job(self._next_job(), parameters, engine, request.progress)
            kind: events.Engine = "onnx" if engine.generates else "mesh"
            served.ledger.append(
                events.JobStarted(
                    served.session, job.number, kind, target.media, engine.packs[0].digest
                )
            )
            number, result = self._workspace.reserve(target.media)
            try:
                done = self._make(served, job, target, result)
            except (ApplianceError, StopError) as stopped:
                served.ledger.append(
                    events.JobRefused(served.session, job.number, job_refusal_reason(stopped))
                )
                raise
            self._workspace.commit(number, result)
        return Answer(worker_api.Progress(job.number, done.frames, done.frames, number))

    def _make(self, served: _Served, job: _Job, target: Item, result: Item) -> SwapReport:
        """Run the pipeline. The result is written whole and logged, or not at all."""
        started = time.monotonic()
        source = self._source(job.engine, job.parameters)
        options = self._options(served, job.engine, job.parameters)
        with PendingOutput(result.path) as output:
            sink = cast(BinaryIO, output.file)
            if target.media == "photo":
                report = self._photo(job, source, options, sink)
            else:
                report = self._video(job, source, options, target, sink)
            served.gates.same_person(job.number, source, report)
            self._check_cancelled()
            digest, _ = fingerprint(output.file.fileno())
            served.ledger.append(
                events.JobFinished(
                    session=served.session,
                    job=job.number,
                    result=digest.hex(),
                    frames=report.frames,
                    faces=report.faces_swapped,
                    ms=round((time.monotonic() - started) * 1000),
                )
            )
            output.commit()
        return report

    def _photo(
        self, job: _Job, source: SourceIdentity, options: SwapOptions, sink: BinaryIO
    ) -> SwapReport:
        target = self._workspace.photo(job.parameters.target)
        check_enlarged(target, job.parameters.upscale)
        photo, report = swap_photo(job.engine, source, target, options)
        self._check_cancelled()
        if job.engine.upscaler:
            photo = enlarge_photo(photo, job.engine.upscaler)
        sink.write(encode_photo(photo, "png"))
        return report

    def _video(
        self, job: _Job, source: SourceIdentity, options: SwapOptions, target: Item, sink: BinaryIO
    ) -> SwapReport:
        with target.path.open("rb") as opened:
            facts = probe(opened)
            opened.seek(0)
            check_size(facts.width * job.parameters.upscale, facts.height * job.parameters.upscale)

            def progress(info: FrameInfo) -> None:
                self._check_cancelled()
                job.report(worker_api.Progress(job.number, info.index + 1, facts.frames))

            report = swap_video(
                job.engine,
                source,
                opened,
                sink,
                options,
                container=facts.container,
                progress=progress,
            )
        if not report.faces_swapped and any(options.regions.values()):
            raise NoFaceError(
                "The chosen face was not found in any frame of the target.",
                "Choose another face, or use a video that shows it upright.",
            )
        return report

    def _preview(self, request: Request[worker_api.Preview]) -> Answer:
        served, parameters = self._require_session(), request.parameters
        with self._job(), errors_to_refusals():
            engine = self._engines.get(
                parameters.packs, _options_of(parameters.generator_options), 1
            )
            source = self._source(engine, parameters)
            thumbnail = self._thumbnails.get(
                (parameters.target, parameters.at, parameters.side),
                lambda: _thumbnail(
                    self._workspace.picture(parameters.target, parameters.at), parameters.side
                ),
            )
            options = self._options(served, engine, parameters, likeness=False)
            preview, report = swap_photo(engine, source, thumbnail, options)
            if self._policy.gate.same_person:  # a preview shows a face as much as a result does
                served.gates.same_person(self._jobs, source, report)
            return Answer(descriptors=(piped(io.BytesIO(encode_photo(preview, "jpeg"))),))

    def _source(self, engine: Pipeline, parameters: worker_api.Swap) -> SourceIdentity:
        return self._sources.get(
            (tuple(parameters.packs), parameters.generator_options, tuple(parameters.sources)),
            lambda: read_source(engine, [*map(self._workspace.photo, parameters.sources)]),
        )

    def _options(
        self,
        served: _Served,
        engine: Pipeline,
        parameters: worker_api.Swap,
        *,
        likeness: bool = True,
    ) -> SwapOptions:
        served.gates.choice(parameters.choice)
        reference = None
        if parameters.like is not None:
            reference = read_reference(engine.analyser, self._workspace.photo(parameters.like))
        selection = FaceSelection(FaceRule(parameters.choice), reference)
        threshold = served.gates.same_person_from
        return SwapOptions(selection, parameters.regions, likeness and threshold is None, threshold)

    def _cancel(self, request: Request[Empty]) -> Answer:
        running = self._job_free.locked()
        if running:
            self._cancelled.set()
        return Answer(worker_api.Stopped(running))

    def _forget(self, request: Request[Empty]) -> Answer:
        self._sources.clear()
        self._thumbnails.clear()
        return Answer()

    def _list(self, request: Request[Empty]) -> Answer:
        return Answer(worker_api.Results(self._workspace.results()))

    def _result(self, request: Request[worker_api.Item]) -> Answer:
        self._require_session()
        item = self._workspace.result(request.parameters.item)
        size = item.path.stat().st_size
        answer = worker_api.Result(item.media, size, _digest(item.path).hex())
        return Answer(answer, (piped(item.path.open("rb")),))

    def _require_session(self) -> _Served:
        """The served session; waits for the seal and raises ``CallError`` if that fails."""
        if not self._serving.wait(_SEAL_TIMEOUT) or self._served is None:
            raise CallError(error_name("NotBegun"))
        bind_session(self._served.session)
        return self._served

    def _next_job(self) -> int:
        """Number a job that begins, and wake the call of Begin that reports it."""
        with self._job_begun:
            self._jobs += 1
            self._job_begun.notify_all()
            return self._jobs

    def _check_cancelled(self) -> None:
        """Raises ``StopError`` once the job was cancelled."""
        if self._cancelled.is_set():
            raise StopError

    @contextmanager
    def _job(self) -> Iterator[None]:
        """Allow one job at a time. Raises ``CallError`` while another runs."""
        if not self._job_free.acquire(blocking=False):
            raise CallError(error_name("Busy"))
        self._cancelled.clear()
        try:
            yield
        finally:
            self._job_free.release()


def _outline(face: Face) -> worker_api.Face:
    low, high = face.points.min(axis=0), face.points.max(axis=0)
    (x, y), (width, height) = map(float, low), map(float, high - low)
    return worker_api.Face(x, y, width, height, face.score)


def _thumbnail(photo: Photo, side: int) -> Photo:
    return Photo(PhotoCanvas(in_colours_of(photo, Photo(photo.pixels)).pixels).thumbnail(side))


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return fingerprint(file.fileno())[0]


def _options_of(wanted: worker_api.GeneratorOptions) -> GeneratorOptions:
    """The options of a message as the pipeline takes them."""
    return msgspec.convert(wanted, GeneratorOptions, from_attributes=True)

"""The worker's methods: import items, run one job at a time, deliver results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Lock
from typing import Any, BinaryIO

import msgspec

from appliance.audit.entries import events, fields
from appliance.diagnostics.process_log import report_bug
from appliance.errors import NoFaceError
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.generator_engine.options import GeneratorOptions
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.kind import written_as
from appliance.pipeline.media.photo.decode import Photo, in_colours_of
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.pipeline.media.video.encoder import OWN_CODECS, WORKING_COPY, check_size
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
from appliance.pipeline.series.check import check_series
from appliance.pipeline.series.seen_photo import SeenPhoto, SeriesEye
from appliance.policy.policy import Policy
from appliance.protocols import worker_api
from appliance.protocols.worker_api import error_name
from appliance.seal.guard import Touch
from appliance.wire.message import CallError, Empty
from appliance.wire.service import Answer, Method, Progress, Request, Service
from appliance.worker.assessed import as_answer
from appliance.worker.engines import Engines
from appliance.worker.failures import StopError, errors_to_refusals
from appliance.worker.hand_over import HandOver
from appliance.worker.intake import Intake
from appliance.worker.item_methods import ItemMethods
from appliance.worker.job_count import JobCount
from appliance.worker.offered_handles import as_answer as as_handles
from appliance.worker.packs import offered
from appliance.worker.recent_cache import RecentCache
from appliance.worker.recorded_job import JobRecorder, StartedJob
from appliance.worker.sanitiser import MediaSanitiser
from appliance.worker.served_session import ServedSession
from appliance.worker.simulation_limits import limits_of
from appliance.worker.simulation_methods import SimulationMethods
from appliance.worker.simulations import Simulations
from appliance.worker.training_words import TrainingWords
from appliance.worker.tripwires import touches_as_events
from appliance.worker.view_methods import ViewMethods
from appliance.worker.workspace import Item, Workspace


@dataclass(frozen=True, slots=True)
class _Job:
    """A running swap. ``report`` sends its progress to the caller."""

    number: int
    parameters: worker_api.Swap
    engine: Pipeline
    report: Progress


class WorkerService:
    """The methods of ``io.faceappliance.Worker`` in one session, for several threads."""

    def __init__(
        self,
        served: ServedSession,
        workspace: Workspace,
        policy: Policy,
        engines: Engines,
        sanitiser: MediaSanitiser,
    ) -> None:
        """The process is sealed and the ledger knows it: there is no other way to a service."""
        self._served = served
        self._workspace = workspace
        self._policy = policy
        self._engines = engines
        self._training = TrainingWords(policy.training)
        self._intake = Intake(workspace, sanitiser, self._report)
        self._hand_over = HandOver(served, policy.export)
        self.jobs = JobCount()
        self._recorder = JobRecorder(served, workspace, self._check_cancelled)
        self._job_free = Lock()
        self._cancelled = Event()
        self._one_picture = Lock()  # held while a picture is in memory: it may fill half of that
        self._sources: RecentCache[SourceIdentity] = RecentCache()
        self._thumbnails: RecentCache[Photo] = RecentCache()
        self._simulations = Simulations(workspace, engines.mesh.analyser, self._one_picture)
        self._items = ItemMethods(served, workspace, self._job, self.drop_caches)
        limits = limits_of(policy.simulation)
        self._viewing = ViewMethods(
            workspace,
            as_handles(limits, policy.gate),
            self._training,
            self._hand_over,
            self._one_picture,
        )
        self._simulating = SimulationMethods(
            served,
            workspace,
            limits,
            self._simulations,
            self._training,
            self._recorder,
            self._hand_over,
            self.jobs,
            engines.mesh.packs[0].digest,
            self._job,
            self._one_picture,
        )

    def service(self) -> Service:
        """The interface for the callers to whom the broker gave a connection."""
        methods: dict[str, Method[Any]] = {
            "Packs": Method(Empty, self._packs),
            "Import": Method(worker_api.Import, self._import, descriptors=1),
            "Inspect": Method(worker_api.Inspect, self._inspect),
            "Assess": Method(worker_api.Assess, self._assess),
            "Swap": Method(worker_api.Swap, self._swap),
            "Preview": Method(worker_api.Preview, self._preview),
            **self._simulating.methods(),
            **self._viewing.methods(),
            **self._items.methods(),
            "Cancel": Method(Empty, self._cancel),
            "Results": Method(Empty, self._list),
            "Result": Method(worker_api.Item, self._result),
        }
        return Service(worker_api.NAME, worker_api.DESCRIPTION, methods, report_bug)

    def drop_caches(self) -> None:
        """Forget faces and small pictures of imported items. The items themselves stay."""
        self._sources.clear()
        self._thumbnails.clear()
        self._simulations.clear()

    def _packs(self, request: Request[Empty]) -> Answer:
        packs = self._engines.packs
        trusted = [offered(name, pack) for name, pack in packs.trusted.items()]
        refused = [
            worker_api.Pack(name, refused=wrong.message, hint=wrong.hint)
            for name, wrong in packs.refused.items()
        ]
        return Answer(worker_api.Packs(trusted + refused, self._engines.mesh.engine.provider))

    def _import(self, request: Request[worker_api.Import]) -> Answer:
        served, parameters = self._served, request.parameters
        if not request.descriptors:
            raise CallError(error_name("NoDescriptor"))
        with errors_to_refusals():
            consent = served.gates.consent(parameters.consent)
            with self._intake.receive(request.descriptors[0], parameters.size) as received:
                imported = received.media
                pseudonym = served.ledger.pseudonym("file", received.digest)
                served.ledger.append(
                    events.MediaImported(
                        session=served.session,
                        item=pseudonym,
                        role=parameters.role,
                        media=imported.media,
                        size=received.size,
                        origin=parameters.origin,
                        consent=consent,
                    )
                )
                number = self._workspace.add_item(received.path, imported.media, pseudonym)
        return Answer(worker_api.Imported(number, imported.media, imported.width, imported.height))

    def _inspect(self, request: Request[worker_api.Inspect]) -> Answer:
        parameters = request.parameters
        with errors_to_refusals(), self._one_picture:
            canvas = self._workspace.picture(parameters.item, parameters.at).canvas
            faces = self._engines.mesh.analyser.faces(canvas)
            del canvas
        return Answer(worker_api.Faces([_outline(face) for face in faces]))

    def _assess(self, request: Request[worker_api.Assess]) -> Answer:
        seen: list[SeenPhoto] = []
        with self._job(), errors_to_refusals():
            eye = SeriesEye.of(self._engines.mesh)
            for number in request.parameters.items:
                self._check_cancelled()
                with self._one_picture:
                    photo = self._workspace.photo(number)
                    seen.append(eye.look(in_colours_of(photo, Photo(photo.pixels)).canvas))
                    del photo
                request.progress(worker_api.Assessed(len(seen)))
        return Answer(as_answer(check_series(seen)))

    def _swap(self, request: Request[worker_api.Swap]) -> Answer:
        served, parameters = self._served, request.parameters
        target = self._workspace.item(parameters.target)
        with self._job(), errors_to_refusals():
            engine = self._engines.get(
                parameters.packs, _options_of(parameters.generator_options), parameters.upscale
            )
            job = _Job(self.jobs.begin(), parameters, engine, request.progress)
            kind: fields.Engine = "onnx" if engine.generates else "mesh"

            def make(sink: BinaryIO) -> SwapReport:
                return self._make(served, job, target, sink)

            started = StartedJob(job.number, kind, target.media, engine.packs[0].digest)
            number, done = self._recorder.run(started, make)
        return Answer(worker_api.Progress(job.number, done.frames, done.frames, number))

    def _make(self, served: ServedSession, job: _Job, target: Item, sink: BinaryIO) -> SwapReport:
        source = self._source(job.engine, job.parameters)
        options = self._options(served, job.engine, job.parameters)
        if target.media == "photo":
            report = self._photo(job, source, options, sink)
        else:
            report = self._video(job, source, options, target, sink)
        served.gates.same_person(job.number, source, report)
        return report

    def _photo(
        self, job: _Job, source: SourceIdentity, options: SwapOptions, sink: BinaryIO
    ) -> SwapReport:
        with self._one_picture:
            target = self._workspace.photo(job.parameters.target)
            check_enlarged(target, job.parameters.upscale)
            photo, report = swap_photo(job.engine, source, target, options)
            del target
            self._check_cancelled()
            if job.engine.upscaler:
                photo = enlarge_photo(photo, job.engine.upscaler)
            sink.write(encode_photo(self._training.over(photo), "png"))
            del photo
        return report

    def _video(
        self, job: _Job, source: SourceIdentity, options: SwapOptions, target: Item, sink: BinaryIO
    ) -> SwapReport:
        with target.path.open("rb") as opened:
            facts = probe(opened, only_codecs=OWN_CODECS)
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
                container=written_as(facts.container),
                settings=WORKING_COPY,
                progress=progress,
                finish=self._training.over_frame,
                only_codecs=OWN_CODECS,
            )
        if not report.faces_swapped and any(options.regions.values()):
            raise NoFaceError(
                "The chosen face was not found in any frame of the target.",
                "Choose another face, or use a video that shows it upright.",
            )
        return report

    def _preview(self, request: Request[worker_api.Preview]) -> Answer:
        served, parameters = self._served, request.parameters
        with self._job(), errors_to_refusals():
            engine = self._engines.get(
                parameters.packs, _options_of(parameters.generator_options), 1
            )
            source = self._source(engine, parameters)
            thumbnail = self._thumbnails.get(
                (parameters.target, parameters.at, parameters.side),
                lambda: self._thumbnail(parameters),
            )
            options = self._options(served, engine, parameters, likeness=False)
            with _naming_its_size(thumbnail, parameters.side):
                preview, report = swap_photo(engine, source, thumbnail, options)
            if self._policy.gate.same_person:  # a preview shows a face as much as a result does
                served.gates.same_person(self.jobs.now, source, report)
            pipe = self._hand_over.preview(encode_photo(self._training.over(preview), "jpeg"))
            return Answer(descriptors=(pipe,))

    def _source(self, engine: Pipeline, parameters: worker_api.Swap) -> SourceIdentity:
        return self._sources.get(
            (tuple(parameters.packs), parameters.generator_options, tuple(parameters.sources)),
            lambda: self._read_source(engine, parameters.sources),
        )

    def _read_source(self, engine: Pipeline, numbers: Sequence[int]) -> SourceIdentity:
        with self._one_picture:
            return read_source(engine, map(self._workspace.photo, numbers))

    def _thumbnail(self, parameters: worker_api.Preview) -> Photo:
        with self._one_picture:
            photo = self._workspace.picture(parameters.target, parameters.at)
            in_srgb = in_colours_of(photo, Photo(photo.pixels))
            return Photo(in_srgb.canvas.thumbnail(parameters.side))

    def _options(
        self,
        served: ServedSession,
        engine: Pipeline,
        parameters: worker_api.Swap,
        *,
        likeness: bool = True,
    ) -> SwapOptions:
        served.gates.choice(parameters.choice)
        reference = None
        if parameters.like is not None:
            with self._one_picture:
                photo = self._workspace.photo(parameters.like)
                reference = read_reference(engine.analyser, photo)
                del photo
        selection = FaceSelection(FaceRule(parameters.choice), reference)
        threshold = served.gates.same_person_from
        return SwapOptions(selection, parameters.regions, likeness and threshold is None, threshold)

    def _cancel(self, request: Request[Empty]) -> Answer:
        running = self._job_free.locked()
        if running:
            self._cancelled.set()
        importing = self._intake.stop()
        return Answer(worker_api.Stopped(running or importing))

    def _list(self, request: Request[Empty]) -> Answer:
        return Answer(worker_api.Results(self._workspace.results()))

    def _result(self, request: Request[worker_api.Item]) -> Answer:
        item = self._workspace.result(request.parameters.item)
        with errors_to_refusals():
            answer, pipe = self._hand_over.result(item)
        return Answer(answer, (pipe,))

    def _report(self, touches: Mapping[Touch, int]) -> None:
        """Log the tripwires that a child of the sanitiser touched."""
        served = self._served
        served.ledger.append_all(touches_as_events(touches, served.session))

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


@contextmanager
def _naming_its_size(thumbnail: Photo, side: int) -> Iterator[None]:
    """Raises ``NoFaceError`` that blames the size of a preview, if that may be the reason."""
    try:
        yield
    except NoFaceError as missing:
        if max(thumbnail.pixels.shape[:2]) < side:
            raise
        raise NoFaceError(
            "The chosen face does not show in a preview of this size.",
            "Ask for a larger preview, or for the result: that is searched at its full size.",
        ) from missing


def _outline(face: Face) -> worker_api.Face:
    low, high = face.points.min(axis=0), face.points.max(axis=0)
    (x, y), (width, height) = map(float, low), map(float, high - low)
    return worker_api.Face(x, y, width, height, face.score)


def _options_of(wanted: worker_api.GeneratorOptions) -> GeneratorOptions:
    """The options of a message as the pipeline takes them."""
    return msgspec.convert(wanted, GeneratorOptions, from_attributes=True)

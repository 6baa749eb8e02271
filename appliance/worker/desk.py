"""What a worker does when it is asked: items come in, jobs run one at a time, results go out."""

from __future__ import annotations

import io
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Event, Lock, Thread
from typing import Any, BinaryIO, Literal, cast

from appliance.audit import events
from appliance.audit.client import AuditClient
from appliance.errors import (
    ApplianceError,
    InputError,
    LedgerError,
    ModelError,
    NoFaceError,
    NotSamePersonError,
    OutputError,
    ProviderError,
)
from appliance.pipeline.choose import FaceChoice, Which
from appliance.pipeline.face import Face
from appliance.pipeline.media.facts import probe
from appliance.pipeline.media.output import PendingOutput
from appliance.pipeline.media.photo import Photo, in_colours_of, read_photo
from appliance.pipeline.media.photo_canvas import PhotoCanvas
from appliance.pipeline.media.photo_encoding import encode_photo
from appliance.pipeline.media.reader import FrameInfo
from appliance.pipeline.run import SwapOptions, read_source, swap_photo, swap_video
from appliance.pipeline.stages import Stages
from appliance.policy.policy import Policy
from appliance.wire.message import Nothing, Refusal
from appliance.wire.service import Answer, Method, Progress, Request, Service
from appliance.worker import interface
from appliance.worker.intake import Intake, fingerprint
from appliance.worker.interface import error

_CHUNK = 1 << 20
_PATIENCE = 60  # seconds that the first call may wait for the seal


@dataclass(frozen=True, slots=True)
class _Item:
    """A file in the workspace, written by our own encoders."""

    path: Path
    media: interface.Media


@dataclass(frozen=True, slots=True)
class _Visit:
    """Whom the worker serves."""

    session: str
    ledger: AuditClient


@dataclass(frozen=True, slots=True)
class _Job:
    """A swap that runs: for whom, its number, and whom to tell how far it is."""

    visit: _Visit
    number: int
    tell: Progress


class StopError(Exception):
    """The job was cancelled."""


@dataclass
class Desk:
    """The methods of ``io.faceappliance.Worker``, for several threads.

    ``workspace``: the session's folder. ``pack``: SHA-256 of the models' manifest. ``seal`` is
    called once, before the first file comes in.
    """

    workspace: Path
    policy: Policy
    stages: Stages
    pack: str
    intake: Intake
    seal: Callable[[], events.SealResult]
    _visit: _Visit | None = None
    _items: dict[int, _Item] = field(default_factory=dict)
    _results: dict[int, _Item] = field(default_factory=dict)
    _jobs: int = 0
    _serving: Event = field(default_factory=Event)
    _begun: Condition = field(default_factory=Condition)
    _intake_free: Lock = field(default_factory=Lock)
    _job_free: Lock = field(default_factory=Lock)
    _stop: Event = field(default_factory=Event)

    def service(self) -> Service:
        """The interface on the worker's socket. Only the broker can connect to that."""
        methods: dict[str, Method[Any]] = {
            "Begin": Method(interface.Begin, self._begin),
            "Import": Method(interface.Import, self._import),
            "Inspect": Method(interface.Item, self._inspect),
            "Swap": Method(interface.Swap, self._swap),
            "Preview": Method(interface.Preview, self._preview),
            "Cancel": Method(Nothing, self._cancel),
            "Results": Method(Nothing, self._list),
            "Result": Method(interface.Item, self._result),
        }
        return Service(interface.NAME, interface.DESCRIPTION, methods)

    def _begin(self, request: Request[interface.Begin]) -> Answer:
        if self._visit is not None or len(request.descriptors) != 1:
            raise Refusal(error("Busy"))
        if request.parameters.policy != self.policy.digest:
            raise Refusal(error("OtherPolicy"))
        ledger = AuditClient(request.descriptors.pop())
        with _told():
            sealed = self.seal()
            self._take_up()
            ledger.append_all([sealed, events.PolicyLoaded(request.parameters.policy, "own")])
        self._visit = _Visit(request.parameters.session, ledger)
        self._serving.set()
        while True:
            request.progress(interface.Jobs(self._jobs))
            with self._begun:
                self._begun.wait()

    def _take_up(self) -> None:
        """The files of a worker before this one, which died; what it had not finished goes."""
        for path in sorted(self.workspace.iterdir()):
            number, _, rest = path.name.partition(".")
            if path.name == ".canaries" or path.is_dir():
                continue
            if rest not in ("item.photo", "item.video", "result.photo", "result.video"):
                path.unlink()
                continue
            kind, _, media = rest.partition(".")
            item = _Item(path, "photo" if media == "photo" else "video")
            (self._items if kind == "item" else self._results)[int(number)] = item

    def _import(self, request: Request[interface.Import]) -> Answer:
        visit = self._who()
        if not request.descriptors:
            raise Refusal(error("NoDescriptor"))
        source = request.descriptors[0]
        with _told(), self._intake_free:
            number = self._next()
            digest, size = fingerprint(source)
            name = f".{secrets.token_hex(8)}.part"
            part = self.workspace / name
            sink = os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
            try:
                taken = self.intake.take(source, sink)
                path = self.workspace / f"{number}.item.{taken.media}"
                visit.ledger.append(
                    events.MediaImported(
                        session=visit.session,
                        item=visit.ledger.pseudonym("file", digest),
                        role=request.parameters.role,
                        media=taken.media,
                        size=size,
                        origin="folder",
                    )
                )
                part.rename(path)
            finally:
                os.close(sink)
                part.unlink(missing_ok=True)
            self._items[number] = _Item(path, taken.media)
        return Answer(interface.Imported(number, taken.media, taken.width, taken.height))

    def _inspect(self, request: Request[interface.Item]) -> Answer:
        self._who()
        with _told():
            photo = self._photo(request.parameters.item)
            faces = self.stages.faces(photo.canvas)
        return Answer(interface.Faces([_outline(face) for face in faces]))

    def _swap(self, request: Request[interface.Swap]) -> Answer:
        visit = self._who()
        asked = request.parameters
        target = self._item(asked.target)
        with self._job(), _told():
            job = self._count()
            started = time.monotonic()
            visit.ledger.append(
                events.JobStarted(visit.session, job, "mesh", target.media, self.pack)
            )
            number = self._next()
            path = self.workspace / f"{number}.result.{target.media}"
            try:
                done = self._make(_Job(visit, job, request.progress), asked, target, path)
            except (ApplianceError, StopError) as stopped:
                visit.ledger.append(events.JobRefused(visit.session, job, _reason(stopped)))
                raise
            digest = _digest(path)
            visit.ledger.append(
                events.JobFinished(
                    session=visit.session,
                    job=job,
                    result=digest.hex(),
                    frames=done.frames,
                    faces=done.faces,
                    ms=round((time.monotonic() - started) * 1000),
                )
            )
            self._results[number] = _Item(path, target.media)
        return Answer(interface.Progress(job, done.frames, done.frames, number))

    def _make(
        self,
        job: _Job,
        asked: interface.Swap,
        target: _Item,
        path: Path,
    ) -> _Made:
        """Run the pipeline; the result is there whole, or not at all."""
        sitter = read_source(self.stages, [self._photo(number) for number in asked.sources])
        options = self._options(asked)
        with PendingOutput(path) as output, target.path.open("rb") as opened:
            if target.media == "photo":
                photo, report = swap_photo(self.stages, sitter, read_photo(opened.read()), options)
                output.file.write(encode_photo(photo, "png"))
            else:
                facts = probe(opened)
                opened.seek(0)

                def progress(info: FrameInfo) -> None:
                    if self._stop.is_set():
                        raise StopError
                    job.tell(interface.Progress(job.number, info.index + 1, facts.frames))

                report = swap_video(
                    self.stages,
                    sitter,
                    opened,
                    cast(BinaryIO, output.file),
                    options,
                    container=facts.container,
                    progress=progress,
                )
            self._gate(job.visit, job.number, report.similarity_before)
            output.commit()
        return _Made(report.frames, report.faces_swapped)

    def _gate(self, visit: _Visit, job: int, likeness: float | None) -> None:
        """Let no result through that shows another person's face, where the policy says so."""
        gate = self.policy.gate
        same = likeness is not None and likeness >= gate.likeness
        outcome: Literal["same", "different", "waived"] = "same" if same else "different"
        visit.ledger.append(
            events.SamePersonChecked(
                session=visit.session,
                job=job,
                outcome=outcome if gate.same_person else "waived",
                likeness=round(100 * min(1.0, max(0.0, likeness or 0.0))),
                threshold=round(100 * gate.likeness),
            )
        )
        if gate.same_person and not same:
            raise NotSamePersonError(
                "Source and target do not show the same person.",
                "Use photos of the patient only; the policy of this site allows no others.",
            )

    def _preview(self, request: Request[interface.Preview]) -> Answer:
        visit = self._who()
        asked = request.parameters
        with self._job(), _told():
            sitter = read_source(self.stages, [self._photo(number) for number in asked.sources])
            small = _small(self._photo(asked.target), asked.side)
            shown, report = swap_photo(self.stages, sitter, small, self._options(asked))
            if self.policy.gate.same_person:  # a preview shows a face as much as a result does
                self._gate(visit, self._jobs, report.similarity_before)
            return Answer(descriptors=(_piped(io.BytesIO(encode_photo(shown, "jpeg"))),))

    def _options(self, asked: interface.Swap) -> SwapOptions:
        if self.policy.gate.same_person and asked.choice == "all":
            raise NotSamePersonError(
                "Of several faces only one can be the patient's.",
                "Choose one face: largest, left or right.",
            )
        return SwapOptions(FaceChoice(Which(asked.choice)), asked.regions)

    def _cancel(self, request: Request[Nothing]) -> Answer:
        running = self._job_free.locked()
        if running:
            self._stop.set()
        return Answer(interface.Stopped(running))

    def _list(self, request: Request[Nothing]) -> Answer:
        return Answer(interface.Results(sorted(self._results)))

    def _result(self, request: Request[interface.Item]) -> Answer:
        self._who()
        item = self._results.get(request.parameters.item)
        if item is None:
            raise Refusal(error("NoSuchItem"))
        size = item.path.stat().st_size
        answer = interface.Result(item.media, size, _digest(item.path).hex())
        return Answer(answer, (_piped(item.path.open("rb")),))

    def _who(self) -> _Visit:
        """Whom the worker serves. A person may be quicker than the seal: they wait for it."""
        if not self._serving.wait(_PATIENCE) or self._visit is None:
            raise Refusal(error("NotBegun"))
        return self._visit

    def _item(self, number: int) -> _Item:
        item = self._items.get(number)
        if item is None:
            raise Refusal(error("NoSuchItem"))
        return item

    def _photo(self, number: int) -> Photo:
        item = self._item(number)
        if item.media != "photo":
            raise InputError("This is a video, not a photo.", "Use a photo here.")
        return read_photo(item.path.read_bytes())

    def _next(self) -> int:
        return max((0, *self._items, *self._results)) + 1

    def _count(self) -> int:
        with self._begun:
            self._jobs += 1
            self._begun.notify_all()
            return self._jobs

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


@dataclass(frozen=True, slots=True)
class _Made:
    frames: int
    faces: int


_REASONS: tuple[tuple[type[Exception], events.Refusal], ...] = (
    (StopError, "stopped"),
    (InputError, "input"),
    (NoFaceError, "no-face"),
    (NotSamePersonError, "not-same-person"),
    (ModelError, "model"),
    (ProviderError, "provider"),
    (OutputError, "output"),
)


def _reason(stopped: Exception) -> events.Refusal:
    return next((name for kind, name in _REASONS if isinstance(stopped, kind)), "bug")


@contextmanager
def _told() -> Iterator[None]:
    """What goes wrong inside is an answer to the caller."""
    try:
        yield
    except StopError as stopped:
        raise Refusal(error("Stopped")) from stopped
    except LedgerError:
        # What cannot be logged must not go on; the broker sees the end of this process.
        os._exit(LedgerError.exit_code)
    except ApplianceError as wrong:
        details = interface.Failed(_reason(wrong), wrong.message, wrong.hint)
        raise Refusal(error("Failed"), details) from wrong
    except OSError as wrong:
        # The path in it goes no further.
        details = interface.Failed(
            "output",
            f"The workspace cannot be used ({os.strerror(wrong.errno or 0)}).",
            "Take out what is finished, then close the session or use smaller files.",
        )
        raise Refusal(error("Failed"), details) from wrong


def _outline(face: Face) -> interface.Face:
    low, high = face.points.min(axis=0), face.points.max(axis=0)
    (x, y), (width, height) = map(float, low), map(float, high - low)
    return interface.Face(x, y, width, height, face.score)


def _small(photo: Photo, side: int) -> Photo:
    return Photo(PhotoCanvas(in_colours_of(photo, Photo(photo.pixels)).pixels).thumbnail(side))


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return fingerprint(file.fileno())[0]


def _piped(source: BinaryIO) -> int:
    """A pipe that gives what ``source`` holds.

    Not the file itself: whoever held that would keep the workspace from closing.
    """
    reader, writer = os.pipe2(os.O_CLOEXEC)
    Thread(target=_pour, args=(source, writer), daemon=True).start()
    return reader


def _pour(source: BinaryIO, writer: int) -> None:
    with suppress(BrokenPipeError), source, os.fdopen(writer, "wb") as pipe:
        while chunk := source.read(_CHUNK):
            pipe.write(chunk)

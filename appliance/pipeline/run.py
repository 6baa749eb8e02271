"""The stages joined: sources and a target in, the edited photo or video and a report out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import BinaryIO

import numpy as np

from appliance.errors import NoFaceError, OutputError
from appliance.inference.session import Tensor
from appliance.pipeline.choose import FaceChoice, Which
from appliance.pipeline.edit import FaceEditor
from appliance.pipeline.face import Face, Float, Image
from appliance.pipeline.fit import Fit
from appliance.pipeline.generation import GeneratorShot
from appliance.pipeline.identify import similarity
from appliance.pipeline.mask import Usual
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.media.encoder import ContainerName, EncoderSettings
from appliance.pipeline.media.photo import MAX_PIXELS, Photo, in_colours_of
from appliance.pipeline.media.reader import FrameInfo
from appliance.pipeline.media.transcode import Transcoded, transcode
from appliance.pipeline.media.video_canvas import VideoCanvas
from appliance.pipeline.regions import FACE, strengths
from appliance.pipeline.remember import Remembering
from appliance.pipeline.shot import Begin, MeshShot
from appliance.pipeline.source import Source
from appliance.pipeline.stages import Stages
from appliance.pipeline.track import Tracker
from appliance.pipeline.upscale import Upscaler

PORTRAIT_ROOM = 0.5  # around a source's face, in its own size: what the widest alignment shows
LIKENESS_INTERVAL = 150  # frames between measurements of the likeness in a video


@dataclass(frozen=True, slots=True)
class SwapOptions:
    """What a run is to do.

    ``regions``: strength 0-1 by region, see :mod:`appliance.pipeline.regions`. ``likeness``:
    whether to measure it before and after; it costs a photo about half as much as the swap.
    """

    choice: FaceChoice = field(default_factory=FaceChoice)
    regions: Mapping[str, float] = field(default_factory=lambda: {FACE: 1.0})
    likeness: bool = True


@dataclass(frozen=True, slots=True)
class Sitter:
    """The person whose identity is applied.

    ``embedding``: unit, (128,), the mean of the photos'. ``agreement``: the least SFace cosine
    between two of the photos, 1 of one alone. ``described``: as a generator takes them.
    """

    source: Source
    embedding: Float
    agreement: float = 1.0
    described: Tensor | None = None

    def begin(self, stages: Stages, strength: Float, *, video: bool) -> Begin:
        """What changes a face into theirs, by ``strength``, (478,) 0-1 at each mesh point."""
        if stages.generation is not None and self.described is not None:
            generation, described = stages.generation, self.described
            return lambda: GeneratorShot(generation, stages.face, described, strength)
        editor = FaceEditor(stages, stages.video if video else stages.still)
        return lambda: MeshShot(editor, Fit(self.source, strength), Usual() if video else None)


@dataclass(frozen=True, slots=True)
class SwapReport:
    """What was done, by which ``engine``.

    ``similarity_before`` and ``…_after``: mean SFace cosine of the target's face to the source's,
    over the faces that were measured; ``None`` where none was. ``least_alike``: of each person who
    was changed the best such cosine before, and of these the least. ``seconds``: by stage.
    """

    frames: int
    frames_swapped: int
    faces_swapped: int
    similarity_before: float | None
    similarity_after: float | None
    least_alike: float | None
    engine: str
    provider: str
    seconds: Mapping[str, float]
    transcoded: Transcoded | None = None


def read_source(stages: Stages, photos: Sequence[Photo]) -> Sitter:
    """One person's photos; of each the largest face is taken.

    Raises NoFaceError naming the photo, counted from 1, that shows none.
    """
    views, portraits, embeddings = [], [], []
    for number, photo in enumerate(photos, start=1):
        canvas = in_colours_of(photo, Photo(photo.pixels)).canvas
        faces = stages.faces(canvas)
        if not faces:
            raise NoFaceError(
                f"No face was found in source photo {number}.",
                "Use a photo that shows it from the front, upright, at least 60 pixels wide.",
            )
        views.append(stages.cut_out(canvas, faces[0]))
        portraits.append(stages.cut_out(canvas, faces[0], PORTRAIT_ROOM))
        embeddings.append(stages.embedding(canvas, faces[0]))
    mean = np.mean(embeddings, axis=0)
    described = stages.generation.describe(portraits) if stages.generation else None
    agreement = min(similarity(one, other) for one in embeddings for other in embeddings)
    return Sitter(stages.reader.read(views), mean / np.linalg.norm(mean), agreement, described)


def read_reference(stages: Stages, photo: Photo) -> Float:
    """Who is meant by ``Which.LIKE``: the unit embedding of the photo's largest face.

    Raises NoFaceError.
    """
    canvas = in_colours_of(photo, Photo(photo.pixels)).canvas
    faces = stages.faces(canvas)
    if not faces:
        hint = "Use a photo that shows the face upright and from the front."
        raise NoFaceError("No face was found in the reference photo.", hint)
    return stages.embedding(canvas, faces[0])


def swap_photo(
    stages: Stages, sitter: Sitter, target: Photo, options: SwapOptions
) -> tuple[Photo, SwapReport]:
    """The target with the chosen faces swapped; ``target`` itself is not changed.

    Raises NoFaceError where the chosen face is not there.
    """
    started = time.monotonic()
    result = replace(target, pixels=target.pixels.copy())
    canvas = result.canvas
    faces = _chosen(stages, canvas, options.choice)
    strength = strengths(stages.face, options.regions)
    likeness = _Likeness(stages, sitter, wanted=options.likeness)
    if strength.any():
        begin = sitter.begin(stages, strength, video=False)
        for number, face in enumerate(faces):
            likeness.before(canvas, face, number)
            begin().edit(canvas, face)
            likeness.after(canvas, face)
    swapped = len(faces) if strength.any() else 0
    before, after, least = likeness.found()
    return result, SwapReport(
        frames=1,
        frames_swapped=int(swapped > 0),
        faces_swapped=swapped,
        similarity_before=before,
        similarity_after=after,
        least_alike=least,
        engine=stages.engine,
        provider=stages.provider,
        seconds={"swap": time.monotonic() - started},
    )


def swap_video(
    stages: Stages,
    sitter: Sitter,
    source: BinaryIO,
    sink: BinaryIO,
    options: SwapOptions,
    *,
    container: ContainerName,
    settings: EncoderSettings | None = None,
    progress: Callable[[FrameInfo], None] | None = None,
    upscaler: Upscaler | None = None,
) -> SwapReport:
    """Swap the chosen faces of every frame of ``source`` into ``sink``, then enlarge it.

    Frames without the chosen face pass unchanged. See :func:`transcode` for files and errors.
    """
    run = _VideoRun(stages, sitter, options)
    done = transcode(
        source,
        sink,
        run.edit,
        container=container,
        settings=settings,
        progress=progress,
        enlarger=upscaler,
    )
    return run.report(done)


class _VideoRun:
    """What a video's frames have in common."""

    def __init__(self, stages: Stages, sitter: Sitter, options: SwapOptions) -> None:
        strength = strengths(stages.face, options.regions)
        self._stages = stages
        self._idle = not strength.any()
        begin = sitter.begin(stages, strength, video=True)
        self._tracker = Tracker(stages, options.choice, begin)
        self._likeness = _Likeness(stages, sitter, wanted=options.likeness)
        self._frames_swapped = 0
        self._faces_swapped = 0

    def edit(self, canvas: VideoCanvas, info: FrameInfo) -> None:
        """One frame, in place."""
        if self._idle:
            return
        frame = Remembering(canvas)
        tracks = self._tracker.update(frame, float(info.seconds))
        for track, face in tracks:
            measured = track.frames % LIKENESS_INTERVAL == 1
            if measured:
                self._likeness.before(frame, face, track.number)
            track.shot.edit(frame, face)
            if measured:
                self._likeness.after(frame, face)
        self._faces_swapped += len(tracks)
        self._frames_swapped += bool(tracks)

    def report(self, done: Transcoded) -> SwapReport:
        """After the last frame."""
        before, after, least = self._likeness.found()
        return SwapReport(
            frames=done.frames,
            frames_swapped=self._frames_swapped,
            faces_swapped=self._faces_swapped,
            similarity_before=before,
            similarity_after=after,
            least_alike=least,
            engine=self._stages.engine,
            provider=self._stages.provider,
            seconds={
                "decode": done.decode.wall,
                "swap": done.edit.wall,
                "enlarge": done.enlarge.wall,
                "encode": done.encode.wall,
                "whole": done.wall,
            },
            transcoded=done,
        )


class _Likeness:
    """How alike targets are to the source, before and after; measured beside the main work."""

    def __init__(self, stages: Stages, sitter: Sitter, *, wanted: bool) -> None:
        self._stages = stages
        self._sitter = sitter
        self._wanted = wanted
        self._worker = ThreadPoolExecutor(max_workers=1)
        self._before: dict[int, list[Future[float]]] = {}
        self._after: list[Future[float]] = []

    def before(self, canvas: Canvas, face: Face, person: int) -> None:
        """Measure a face about to be changed. ``person``: a number for each that is followed."""
        self._measure(canvas, face, self._before.setdefault(person, []))

    def after(self, canvas: Canvas, face: Face) -> None:
        """Measure it once changed."""
        self._measure(canvas, face, self._after)

    def _measure(self, canvas: Canvas, face: Face, results: list[Future[float]]) -> None:
        if self._wanted:
            cut_out = self._stages.cut_out(canvas, face)  # a copy: the canvas will change
            results.append(self._worker.submit(self._similarity, *cut_out))

    def _similarity(self, image: Image, face: Face) -> float:
        return similarity(self._sitter.embedding, self._stages.recogniser.embed(image, face))

    def found(self) -> tuple[float | None, float | None, float | None]:
        """The means before and after, and the least before; ``None`` where nothing was measured.

        Nothing can be added any more.
        """
        people = [[future.result() for future in futures] for futures in self._before.values()]
        after = [future.result() for future in self._after]
        self._worker.shutdown()
        least = min((max(person) for person in people if person), default=None)
        return _mean(list(chain.from_iterable(people))), _mean(after), least


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _chosen(stages: Stages, canvas: Canvas, choice: FaceChoice) -> list[Face]:
    faces = stages.faces(canvas)
    if not faces:
        raise NoFaceError(
            "No face was found in the target.",
            "Use a picture that shows the face upright and at least 40 pixels wide.",
        )
    embeddings = None
    if choice.which is Which.LIKE:
        embeddings = [stages.embedding(canvas, face) for face in faces]
    chosen = [faces[index] for index in choice.choose(faces, embeddings)]
    if not chosen:
        raise NoFaceError(
            "No face in the target is like the reference.",
            "Choose it by another word, for instance --faces left, or give a clearer reference.",
        )
    return chosen


def check_enlarged(photo: Photo, scale: int) -> None:
    """Raises OutputError where ``scale`` times the photo is more than a photo may be."""
    height, width = photo.pixels.shape[:2]
    if height * width * scale**2 > MAX_PIXELS:
        limit = MAX_PIXELS // 1_000_000
        hint = "Enlarge it less, or scale the target down first."
        raise OutputError(f"The result would have more than {limit} megapixels.", hint)


def enlarge_photo(photo: Photo, upscaler: Upscaler) -> Photo:
    """The photo at the upscaler's scale, 8 bits a channel; transparency is enlarged alike."""
    rgb = in_colours_of(photo, photo)
    alpha = None
    if rgb.alpha is not None:
        alpha = np.repeat(np.repeat(rgb.alpha, upscaler.scale, 0), upscaler.scale, 1)
    return replace(rgb, pixels=upscaler.enlarge(np.asarray(rgb.pixels, np.uint8)), alpha=alpha)

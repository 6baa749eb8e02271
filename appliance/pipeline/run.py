"""The stages joined: sources and a target in, the edited photo or video and a report out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

import numpy as np

from appliance.errors import NoFaceError, OutputError
from appliance.inference.session import Tensor
from appliance.inference.together import alone
from appliance.pipeline.analysis.analyser import Stages
from appliance.pipeline.analysis.likeness import Likeness
from appliance.pipeline.appearance.visibility import Usual
from appliance.pipeline.face_model.face import Face, Float
from appliance.pipeline.face_model.regions import FACE, strengths
from appliance.pipeline.generator_engine.generation import GeneratorShot
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.media.kind import VideoKind
from appliance.pipeline.media.photo.decode import MAX_PIXELS, Photo, in_colours_of
from appliance.pipeline.media.video.encoder import EncoderSettings
from appliance.pipeline.media.video.reader import FrameInfo
from appliance.pipeline.media.video.transcode import TranscodeReport, transcode
from appliance.pipeline.mesh_engine.editor import FaceEditor
from appliance.pipeline.mesh_engine.fit import Fit
from appliance.pipeline.mesh_engine.source import Source
from appliance.pipeline.networks.recogniser import similarity
from appliance.pipeline.networks.upscaler import Upscaler
from appliance.pipeline.selection import FaceChoice, Which
from appliance.pipeline.shot import Begin, MeshShot
from appliance.pipeline.video.frame_editor import FrameEditor, VideoEditor
from appliance.pipeline.video.tracker import Tracker

PORTRAIT_ROOM = 0.5  # around a source's face, in its own size: what the widest alignment shows


@dataclass(frozen=True, slots=True)
class SwapOptions:
    """What a run is to do.

    ``regions``: strength 0-1 by region, see :mod:`appliance.pipeline.face_model.regions`.
    ``likeness``: whether to measure it before and after; it costs a photo about half as much as
    the swap.
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
    transcoded: TranscodeReport | None = None


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
    likeness = Likeness(stages, sitter.embedding, wanted=options.likeness)
    if strength.any():
        begin = sitter.begin(stages, strength, video=False)
        for number, face in enumerate(faces):
            likeness.before(canvas, face, number)
            alone(begin().edit(canvas, face))
            likeness.after(canvas, face)
    swapped = len(faces) if strength.any() else 0
    alike = likeness.found()
    return result, SwapReport(
        frames=1,
        frames_swapped=int(swapped > 0),
        faces_swapped=swapped,
        similarity_before=alike.before,
        similarity_after=alike.after,
        least_alike=alike.least,
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
    container: VideoKind,
    settings: EncoderSettings | None = None,
    progress: Callable[[FrameInfo], None] | None = None,
    upscaler: Upscaler | None = None,
    editor: VideoEditor | None = None,
) -> SwapReport:
    """Swap the chosen faces of every frame of ``source`` into ``sink``, then enlarge it.

    ``editor``: who changes the frames in this process's place, with the same sources and options.
    Frames without the chosen face pass unchanged. See :func:`transcode` for files and errors.
    """
    editor = editor or frame_editor(stages, sitter, options)
    done = transcode(
        source,
        sink,
        editor.edit,
        deferred=editor.deferred,
        container=container,
        settings=settings,
        progress=progress,
        enlarger=upscaler,
    )
    return video_report(stages, editor, done)


def frame_editor(stages: Stages, sitter: Sitter, options: SwapOptions) -> FrameEditor:
    """What is done to the frames of one video."""
    strength = strengths(stages.face, options.regions)
    tracker = None
    if strength.any():
        tracker = Tracker(stages, options.choice, sitter.begin(stages, strength, video=True))
    likeness = Likeness(stages, sitter.embedding, wanted=options.likeness)
    return FrameEditor(tracker, likeness, stages.generation.batch if stages.generation else 1)


def video_report(stages: Stages, editor: VideoEditor, done: TranscodeReport) -> SwapReport:
    """After the last frame."""
    alike = editor.similarity()
    return SwapReport(
        frames=done.frames,
        frames_swapped=editor.frames_swapped,
        faces_swapped=editor.faces_swapped,
        similarity_before=alike.before,
        similarity_after=alike.after,
        least_alike=alike.least,
        engine=stages.engine,
        provider=stages.provider,
        seconds={
            "decode": done.decode.wall,
            "swap": done.edit.wall,
            "enlarge": done.enlarge.wall,
            "encode": done.encode.wall,
            "whole": done.wall,
        },
        transcoded=done,
    )


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

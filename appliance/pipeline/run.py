"""Sources and a target in, the edited photo or video and a report out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

import numpy as np

from appliance.errors import NoFaceError, OutputError
from appliance.inference.batch_scheduler import run_one
from appliance.pipeline.analysis.analyser import FaceAnalyser, FoundFaces
from appliance.pipeline.analysis.likeness import SimilarityMeter, with_watch
from appliance.pipeline.analysis.same_person import SamePersonWatch
from appliance.pipeline.analysis.tiles import SMALLEST_FACE
from appliance.pipeline.engine import PreparedSource
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.regions import WHOLE_FACE, point_strengths
from appliance.pipeline.hands.mask import hand_mask
from appliance.pipeline.hands.shielded_canvas import edited_behind
from appliance.pipeline.hands.watch import HandWatch
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.media.conversion import Conversion
from appliance.pipeline.media.kind import VideoKind
from appliance.pipeline.media.photo.decode import MAX_PIXELS, Photo, in_colours_of
from appliance.pipeline.media.video.encoder import EncoderSettings
from appliance.pipeline.media.video.reader import FrameInfo
from appliance.pipeline.media.video.transcode import EditFrame, TranscodeReport, transcode
from appliance.pipeline.networks.recogniser import similarity, unit
from appliance.pipeline.networks.upscaler import Upscaler
from appliance.pipeline.selection import (
    ALONE,
    COUNTS,
    FaceRule,
    FaceSelection,
    WhichFace,
    one_person,
)
from appliance.pipeline.video.frame_editor import FrameEditor, VideoEditor
from appliance.pipeline.video.tracker import Tracker
from appliance.pipeline.video.turn_fade import TurnFades


@dataclass(frozen=True, slots=True)
class SwapOptions:
    """What a run is to do.

    ``regions``: strength 0-1 by region, see :mod:`appliance.pipeline.face_model.regions`.
    ``likeness``: whether to measure the similarity before and after; it costs a photo about half
    as much as the swap. ``same_person_from``: the cosine from which a target's face is the
    source's; if it is given, each face is watched before it is changed, see
    :mod:`appliance.pipeline.analysis.same_person`.
    """

    selection: FaceSelection = field(default_factory=FaceSelection)
    regions: Mapping[str, float] = field(default_factory=lambda: {WHOLE_FACE: 1.0})
    likeness: bool = True
    same_person_from: float | None = None


@dataclass(frozen=True, slots=True)
class SourceIdentity:
    """The person whose identity is applied.

    ``prepared``: as the engine takes them. ``embedding``: unit, (128,), the mean of the photos'.
    ``agreement``: the smallest SFace cosine between two of the photos; 1 for a single photo.
    """

    prepared: PreparedSource
    embedding: Float
    agreement: float = 1.0


@dataclass(frozen=True, slots=True)
class SwapReport:
    """What was done, by which ``engine``.

    ``similarity_before`` and ``…_after``: mean SFace cosine of the target's faces to the source's,
    over those that were measured; ``None`` where none was. ``least_alike``: the lowest such cosine
    before, as the watch counts them if there was one. ``faces_watched``: of ``faces_swapped``, how
    many the watch looked at. ``seconds``: by stage. ``converted``: what the result has in another
    form than the target. ``dropped``: what a photo held besides its pixels. ``faces_found``: in a
    photo that was searched for all faces. ``faces_unclear``: further places there that may show
    one, too small or unclear. ``faces_turned``: left because they are turned too far from the
    camera, summed over ``frames_turned`` frames.
    """

    frames: int
    frames_swapped: int
    faces_swapped: int
    similarity_before: float | None
    similarity_after: float | None
    least_alike: float | None
    faces_watched: int
    engine: str
    provider: str
    seconds: Mapping[str, float]
    transcoded: TranscodeReport | None = None
    converted: tuple[Conversion, ...] = ()
    dropped: tuple[str, ...] = ()
    faces_found: int | None = None
    faces_unclear: int = 0
    frames_turned: int = 0
    faces_turned: int = 0


def read_source(
    pipeline: Pipeline,
    photos: Iterable[Photo],
    which: WhichFace | None = None,
    hint: str = ALONE,
) -> SourceIdentity:
    """One person, from one face of each photo. Of ``photos`` one at a time is kept.

    ``which``: the face that is meant in each photo that shows several; ``hint``: what an error
    says about choosing. Raises NoFaceError naming the photo, counted from 1, in which no face was
    found, or several of which none was chosen.
    """
    analyser, engine = pipeline.analyser, pipeline.engine
    cut_outs: list[tuple[Image, Face]] = []
    embeddings: list[Float] = []
    for photo in photos:  # not by enumerate, which holds on to the one before
        canvas = in_colours_of(photo, Photo(photo.pixels)).canvas
        del photo
        name = f"source photo {len(embeddings) + 1}"
        faces = _to_choose_from(analyser, canvas, which)
        if not faces:
            raise NoFaceError(
                f"No face was found in {name}.",
                "Use a photo that shows it from the front, upright, at least 60 pixels wide.",
            )
        face = one_person(faces, which, name, hint)
        cut_outs.append(analyser.cut_out(canvas, face, engine.source_margin))
        embeddings.append(analyser.embedding(canvas, face))
        del canvas
    agreement = min(similarity(one, other) for one in embeddings for other in embeddings)
    return SourceIdentity(engine.prepare(cut_outs), unit(np.mean(embeddings, axis=0)), agreement)


def read_reference(
    analyser: FaceAnalyser, photo: Photo, which: WhichFace | None = None, hint: str = ALONE
) -> Float:
    """Who ``FaceRule.LIKE`` selects: the unit embedding, (128,), of the photo's one face.

    ``which``: the one that is meant, where the photo shows several; ``hint``: what an error says
    about choosing. Raises NoFaceError where no face was found, or several of which none was chosen.
    """
    canvas = in_colours_of(photo, Photo(photo.pixels)).canvas
    return analyser.embedding(
        canvas, face_of_one(analyser, canvas, "the reference photo", which, hint)
    )


def face_of_one(
    analyser: FaceAnalyser,
    canvas: Canvas,
    name: str,
    which: WhichFace | None = None,
    hint: str = ALONE,
) -> Face:
    """The face of the one person whom a photo, called ``name``, is to show.

    Raises NoFaceError where no face was found, or several of which none was chosen.
    """
    faces = _to_choose_from(analyser, canvas, which)
    if not faces:
        frontal = "Use a photo that shows the face upright and from the front."
        raise NoFaceError(f"No face was found in {name}.", frontal)
    return one_person(faces, which, name, hint)


def _to_choose_from(
    analyser: FaceAnalyser, canvas: Canvas, which: WhichFace | None
) -> tuple[Face, ...]:
    """The faces of a photo, largest first: all if a number counts them, else those that count."""
    if isinstance(which, int):
        return analyser.faces(canvas)
    return analyser.faces_of(canvas, COUNTS)


def swap_photo(
    pipeline: Pipeline, source: SourceIdentity, target: Photo, options: SwapOptions
) -> tuple[Photo, SwapReport]:
    """The target with the selected faces swapped; ``target`` itself is not changed.

    Raises NoFaceError where no face is selected, or all that are are turned too far.
    """
    started = time.monotonic()
    result = replace(target, pixels=target.pixels.copy())
    canvas = result.canvas
    analyser = pipeline.analyser
    found = _search(analyser, canvas, options.selection.rule)
    selected = _selected(analyser, canvas, options.selection, found.faces)
    faces = _towards_camera(pipeline, selected)
    strength = point_strengths(analyser.canonical, options.regions)
    meter = SimilarityMeter(analyser, source.embedding, wanted=options.likeness)
    watch = _watch(pipeline, source, options)
    swapped = 0
    if strength.any():
        start_shot = source.prepared.shots(strength, video=False)
        for number, face in enumerate(faces):
            if watch is not None and not all(watch.look(canvas, [(number, face)], 0.0)):
                continue
            meter.before(canvas, face)
            hands = hand_mask(canvas, face, pipeline.hands.search(canvas, face))
            run_one(edited_behind(hands, start_shot(), canvas, face))
            meter.after(canvas, face)
            swapped += 1
    measured = with_watch(meter.report(), watch)
    return result, SwapReport(
        frames=1,
        frames_swapped=int(swapped > 0),
        faces_swapped=swapped,
        similarity_before=measured.before,
        similarity_after=measured.after,
        least_alike=measured.least,
        faces_watched=measured.watched,
        engine=pipeline.engine.name,
        provider=pipeline.engine.provider,
        seconds={"swap": time.monotonic() - started},
        dropped=target.dropped,
        faces_found=len(found.pairs) if found.is_complete else None,
        faces_unclear=found.unclear,
        frames_turned=int(len(faces) < len(selected)),
        faces_turned=len(selected) - len(faces),
    )


def swap_video(
    pipeline: Pipeline,
    person: SourceIdentity,
    source: BinaryIO,
    sink: BinaryIO,
    options: SwapOptions,
    *,
    container: VideoKind,
    settings: EncoderSettings | None = None,
    progress: Callable[[FrameInfo], None] | None = None,
    editor: VideoEditor | None = None,
    finish: EditFrame | None = None,
    only_codecs: Mapping[VideoKind, str] | None = None,
) -> SwapReport:
    """Swap the selected faces of every frame of ``source`` into ``sink``.

    The pipeline's upscaler, if it has one, enlarges the frames. ``editor``: what edits the frames
    instead of this process, with the same person and options. Frames without a selected face pass
    unchanged. See :func:`transcode` for files, ``finish`` and errors.
    """
    editor = editor or frame_editor(pipeline, person, options)
    done = transcode(
        source,
        sink,
        editor.edit,
        deferred=editor.deferred,
        container=container,
        settings=settings,
        progress=progress,
        enlarger=pipeline.upscaler,
        finish=finish,
        only_codecs=only_codecs,
    )
    return video_report(pipeline, editor, done)


def frame_editor(pipeline: Pipeline, source: SourceIdentity, options: SwapOptions) -> FrameEditor:
    """What edits the frames of one video."""
    analyser = pipeline.analyser
    strength = point_strengths(analyser.canonical, options.regions)
    tracker = None
    if strength.any():
        start_shot = source.prepared.shots(strength, video=True)
        tracker = Tracker(analyser, options.selection, start_shot)
    meter = SimilarityMeter(analyser, source.embedding, wanted=options.likeness)
    return FrameEditor(
        tracker,
        meter,
        pipeline.engine.batch,
        _watch(pipeline, source, options),
        fades=TurnFades(analyser.pose_estimator, pipeline.engine.turn_limits),
        hands=HandWatch(pipeline.hands),
    )


def _watch(
    pipeline: Pipeline, source: SourceIdentity, options: SwapOptions
) -> SamePersonWatch | None:
    if options.same_person_from is None:
        return None
    recogniser = pipeline.analyser.recogniser
    return SamePersonWatch(recogniser, source.embedding, options.same_person_from)


def video_report(pipeline: Pipeline, editor: VideoEditor, done: TranscodeReport) -> SwapReport:
    """What was done to a video, after its last frame."""
    found = editor.similarity()
    return SwapReport(
        frames=done.frames,
        frames_swapped=editor.frames_swapped,
        faces_swapped=editor.faces_swapped,
        similarity_before=found.before,
        similarity_after=found.after,
        least_alike=found.least,
        faces_watched=found.watched,
        engine=pipeline.engine.name,
        provider=pipeline.engine.provider,
        seconds={
            "decode": done.decode.wall,
            "swap": done.edit.wall,
            "enlarge": done.enlarge.wall,
            "encode": done.encode.wall,
            "whole": done.wall,
        },
        transcoded=done,
        converted=done.converted,
        frames_turned=editor.frames_turned,
        faces_turned=editor.faces_turned,
    )


def _search(analyser: FaceAnalyser, canvas: Canvas, rule: FaceRule) -> FoundFaces:
    """The faces of a photo; the largest alone needs no search for small ones."""
    found = analyser.find(canvas, small=rule is not FaceRule.LARGEST)
    if not found.pairs and rule is FaceRule.LARGEST:
        found = analyser.find(canvas)
    if not found.pairs:
        raise NoFaceError(
            "No face was found in the target.",
            f"Use a picture that shows the face upright and at least {SMALLEST_FACE} pixels wide.",
        )
    return found


def _selected(
    analyser: FaceAnalyser, canvas: Canvas, selection: FaceSelection, faces: Sequence[Face]
) -> list[Face]:
    embeddings = None
    if selection.rule is FaceRule.LIKE:
        embeddings = [analyser.embedding(canvas, face) for face in faces]
    selected = [faces[index] for index in selection.select(faces, embeddings)]
    if not selected:
        raise NoFaceError(
            "No face in the target is like the reference.",
            "Choose it by another word, for instance --faces left, or give a clearer reference.",
        )
    return selected


def _towards_camera(pipeline: Pipeline, faces: Sequence[Face]) -> list[Face]:
    """Those of a photo's selected ``faces`` that the engine can draw."""
    limits, pose_estimator = pipeline.engine.turn_limits, pipeline.analyser.pose_estimator
    kept = [face for face in faces if limits.allow(face, pose_estimator)]
    if not kept:
        raise NoFaceError(
            "The face in the target is turned too far from the camera.",
            "Use a picture that shows it turned by less than 55 degrees to the side, or 45 up or"
            " down.",
        )
    return kept


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

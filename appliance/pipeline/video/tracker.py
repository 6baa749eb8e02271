"""Faces through the frames of a video: found now and then, followed in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from appliance.pipeline.analysis.analyser import LEAST_SCORE, Stages
from appliance.pipeline.face_model.boxes import MOTION, face_box
from appliance.pipeline.face_model.face import (
    Detection,
    Face,
    Float,
    Image,
)
from appliance.pipeline.face_model.topology import eye_distance
from appliance.pipeline.imaging.geometry import shrunk
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.selection import FaceChoice, Which, extent
from appliance.pipeline.shot import Begin, Shot
from appliance.pipeline.video.stabiliser import CropView, LandmarkStabiliser

DETECTION_INTERVAL = 15  # frames between looks for new faces while others are followed
VIEW_EYE_DISTANCE = 75.0  # pixels: as the mesh network's crop has it; more is not needed
CUT_SIZE = 48  # longest side of the picture in which cuts are looked for
CUT_CHANGE = 0.11  # mean change of brightness, 0-1, from one frame to the next, that is a cut


@dataclass(slots=True)
class FaceTrack:
    """One face through one shot, with all that is learnt of it on the way.

    ``number``: counted from 1 through the video.
    """

    number: int
    raw: Face
    shot: Shot
    steadier: LandmarkStabiliser
    frames: int = 0

    def advance(self, sight: Observation, seconds: float) -> Face:
        """Take the next frame's sight of the face; returns it without jitter."""
        self.raw = sight.face
        self.frames += 1
        return self.steadier.steady(sight.face, sight.view, seconds)


@dataclass(frozen=True, slots=True)
class Observation:
    """A track's face in one frame, as the mesh network sees it, and the cut-out that shows it."""

    track: FaceTrack
    face: Face
    view: CropView


class Tracker:
    """Keeps the chosen faces of a video. ``begin`` starts the shot of a new track."""

    def __init__(self, stages: Stages, choice: FaceChoice, begin: Begin) -> None:
        self._stages = stages
        self._choice = choice
        self._begin = begin
        self._tracks: list[FaceTrack] = []
        self._begun = 0
        self._last_small: Image | None = None
        self._last_seconds = 0.0
        self._until_detection = 0

    def update(self, canvas: Canvas, seconds: float) -> list[tuple[FaceTrack, Face]]:
        """The chosen faces of the next frame, shown at ``seconds``, each without jitter."""
        passed = seconds - self._last_seconds
        self._last_seconds = seconds
        if self._is_cut(canvas):
            self._tracks.clear()
        seen = [sight for track in self._tracks if (sight := self._follow(canvas, track))]
        lost = len(seen) < len(self._tracks)
        if lost or not seen or self._until_detection <= 0:
            seen += self._find(canvas, [sight.face for sight in seen])
            self._until_detection = DETECTION_INTERVAL
        self._until_detection -= 1
        self._tracks = [sight.track for sight in seen]
        return [(sight.track, sight.track.advance(sight, passed)) for sight in seen]

    def resume(self, faces: Sequence[Face]) -> None:
        """Follow these, the chosen ones of a frame just before the next."""
        self._tracks = [self._new_track(face) for face in faces]

    @property
    def followed(self) -> list[Face]:
        """The faces of the last frame, as the mesh network saw them."""
        return [track.raw for track in self._tracks]

    def _is_cut(self, canvas: Canvas) -> bool:
        small = canvas.brightness(CUT_SIZE)
        last, self._last_small = self._last_small, small
        return last is not None and float(cv2.absdiff(small, last).mean()) / 255 > CUT_CHANGE

    def _follow(self, canvas: Canvas, track: FaceTrack) -> Observation | None:
        view = _view(canvas, track.raw, MOTION)
        if view is None:
            return None
        face = view.outside(self._stages.aligner.follow(view.image, view.inside(track.raw)))
        if face.score < LEAST_SCORE or track.steadier.is_another(face, view):
            return None
        return Observation(track, face, view)

    def _find(self, canvas: Canvas, known: list[Face]) -> list[Observation]:
        """Chosen faces that are not followed yet."""
        if known and self._choice.which is not Which.ALL:
            return []
        fresh = [found for found in self._stages.locate(canvas) if not _is_known(found, known)]
        meshes = [self._stages.mesh(canvas, found) for found in fresh]
        faces = [face for face in meshes if face is not None]
        embeddings = None
        if self._choice.which is Which.LIKE:
            embeddings = [self._stages.embedding(canvas, face) for face in faces]
        sights = []
        for index in self._choice.choose(faces, embeddings):
            view = _view(canvas, faces[index], MOTION)
            if view is not None:
                sights.append(Observation(self._new_track(faces[index]), faces[index], view))
        return sights

    def _new_track(self, face: Face) -> FaceTrack:
        self._begun += 1
        return FaceTrack(self._begun, face, self._begin(), LandmarkStabiliser(self._stages.face))


def _view(canvas: Canvas, face: Face, margin: float) -> CropView | None:
    box = face_box(face, canvas, margin)
    if box is None:
        return None
    factor = max(1, int(eye_distance(face.points) / VIEW_EYE_DISTANCE))
    return CropView(shrunk(canvas.read(box), factor), np.array([box.x, box.y], np.float32), factor)


def _is_known(detection: Detection, faces: list[Face]) -> bool:
    return any(is_face_at(face, detection.centre) for face in faces)


def is_face_at(face: Face, centre: Float) -> bool:
    """Whether what has its ``centre``, (2,), there in the same frame is this face."""
    off = np.linalg.norm(face.points.mean(axis=0) - centre)
    return bool(off < 0.5 * extent(face))

"""Faces through the frames of a video: found now and then, followed in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from appliance.pipeline.choose import FaceChoice, Which, extent
from appliance.pipeline.face import Detection, Face, Float, Image
from appliance.pipeline.fit import Fit
from appliance.pipeline.mask import Usual
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.region import MOTION, face_box
from appliance.pipeline.stages import LEAST_SCORE, Stages
from appliance.pipeline.steady import OneEuro
from appliance.pipeline.topology import eye_distance

DETECTION_INTERVAL = 15  # frames between looks for new faces while others are followed
CUT_SIZE = 48  # longest side of the picture in which cuts are looked for
CUT_CHANGE = 0.11  # mean change of brightness, 0-1, from one frame to the next, that is a cut


@dataclass(slots=True)
class Track:
    """One face through one shot, with all that is learnt of it on the way."""

    raw: Face
    fit: Fit
    usual: Usual = field(default_factory=Usual)
    person: Float | None = None
    frames: int = 0
    _filter: OneEuro = field(default_factory=OneEuro)

    def advance(self, face: Face, seconds: float) -> Face:
        """Take the next frame's face; returns it without jitter."""
        self.raw = face
        self.frames += 1
        unit = eye_distance(face.points)
        return Face(self._filter.smooth(face.mesh / unit, seconds) * unit, face.score)


class Tracker:
    """Keeps the chosen faces of a video. ``new_fit`` makes what a new track starts with."""

    def __init__(self, stages: Stages, choice: FaceChoice, new_fit: Callable[[], Fit]) -> None:
        self._stages = stages
        self._choice = choice
        self._new_fit = new_fit
        self._tracks: list[Track] = []
        self._last_small: Image | None = None
        self._last_seconds = 0.0
        self._until_detection = 0

    def update(self, canvas: Canvas, seconds: float) -> list[tuple[Track, Face]]:
        """The chosen faces of the next frame, shown at ``seconds``, each without jitter."""
        passed = seconds - self._last_seconds
        self._last_seconds = seconds
        if self._is_cut(canvas):
            self._tracks.clear()
        followed = [(track, self._follow(canvas, track)) for track in self._tracks]
        alive = [(track, face) for track, face in followed if face is not None]
        self._tracks = [track for track, _ in alive]
        if len(alive) < len(followed) or not alive or self._until_detection <= 0:
            alive += self._find(canvas, [face for _, face in alive])
            self._until_detection = DETECTION_INTERVAL
        self._until_detection -= 1
        return [(track, track.advance(face, passed)) for track, face in alive]

    def _is_cut(self, canvas: Canvas) -> bool:
        small = cv2.cvtColor(canvas.thumbnail(CUT_SIZE), cv2.COLOR_RGB2GRAY)
        last, self._last_small = self._last_small, np.asarray(small, np.uint8)
        return last is not None and float(cv2.absdiff(small, last).mean()) / 255 > CUT_CHANGE

    def _follow(self, canvas: Canvas, track: Track) -> Face | None:
        box = face_box(track.raw, canvas, MOTION)
        if box is None:
            return None
        local = track.raw.moved(-box.x, -box.y)
        face = self._stages.aligner.follow(canvas.read(box), local)
        return face.moved(box.x, box.y) if face.score >= LEAST_SCORE else None

    def _find(self, canvas: Canvas, known: list[Face]) -> list[tuple[Track, Face]]:
        """Tracks for chosen faces that are not followed yet."""
        everyone = self._choice.which in (Which.ALL, Which.LIKE)
        if known and not everyone:
            return []
        detections = self._stages.locate(canvas)
        fresh = [found for found in detections if not _is_known(found, known)]
        meshes = [self._stages.mesh(canvas, found) for found in fresh]
        faces = [face for face in meshes if face is not None]
        embeddings = None
        if self._choice.which is Which.LIKE:
            if known:
                return []
            embeddings = [self._stages.embedding(canvas, face) for face in faces]
        started = []
        for index in self._choice.choose(faces, embeddings):
            track = Track(faces[index], self._new_fit())
            self._tracks.append(track)
            started.append((track, faces[index]))
        return started


def _is_known(detection: Detection, faces: list[Face]) -> bool:
    return any(
        np.linalg.norm(face.points.mean(axis=0) - detection.centre) < 0.5 * extent(face)
        for face in faces
    )

"""Faces through the frames of a video: detected now and then, tracked in between.

A frame of more than ``FRAME_TILE`` pixels a side is searched as a whole and in *tiles*: in all of
them where a shot begins, in one at a time within a shot, so that no frame costs more than that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from appliance.pipeline.analysis.analyser import MIN_MESH_SCORE, FaceAnalyser
from appliance.pipeline.analysis.tiles import FRAME_TILE, tiles
from appliance.pipeline.engine import Shot, StartShot
from appliance.pipeline.face_model.boxes import MOTION, face_box
from appliance.pipeline.face_model.face import Detection, Face
from appliance.pipeline.face_model.topology import eye_distance
from appliance.pipeline.imaging.geometry import shrunk
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.canvas import Box, Canvas
from appliance.pipeline.selection import FaceRule, FaceSelection
from appliance.pipeline.video.stabiliser import CropView, LandmarkStabiliser

# Frames between two detections while at least one face is tracked, where there are no tiles.
DETECTION_INTERVAL = 15
# Pixels between the eyes in a crop: as the mesh network's input has it, so more gains nothing.
CROP_EYE_DISTANCE = 75.0
# Pixels of the longer side of the thumbnail in which cuts are detected.
CUT_SIZE = 48
# Mean absolute change of brightness, 0-1, from one frame to the next that counts as a cut.
CUT_CHANGE = 0.11


@dataclass(slots=True)
class FaceTrack:
    """One face through one shot, and what is learnt of it on the way.

    ``number``: counted from 1 through the video. ``raw``: the face in the last frame, as the mesh
    network gave it. ``frames``: how many it has been observed in.
    """

    number: int
    raw: Face
    shot: Shot
    stabiliser: LandmarkStabiliser
    frames: int = 0

    def advance(self, observation: Observation, seconds: float) -> Face:
        """Take over the next frame's observation, ``seconds`` later. The face without jitter."""
        self.raw = observation.face
        self.frames += 1
        return self.stabiliser.stabilise(observation.face, observation.crop, seconds)


@dataclass(frozen=True, slots=True)
class Observation:
    """A track's face in one frame, as the mesh network gives it, and the crop that shows it."""

    track: FaceTrack
    face: Face
    crop: CropView


class Tracker:
    """Tracks the chosen faces of a video. Not thread-safe; frames come in the order shown."""

    def __init__(
        self, analyser: FaceAnalyser, selection: FaceSelection, start_shot: StartShot
    ) -> None:
        """``start_shot`` makes the shot of a new track."""
        self._analyser = analyser
        self._selection = selection
        self._start_shot = start_shot
        self._tracks: list[FaceTrack] = []
        self._count = 0
        self._last_small: Image | None = None
        self._last_seconds = 0.0
        self._until_detection = 0
        self._tiles: tuple[Box, ...] = ()
        self._next_tile = 0
        self._since_tile = 0  # frames
        self._searching = 0  # frames in which a face that was lost is still looked for

    def update(self, canvas: Canvas, seconds: float) -> list[tuple[FaceTrack, Face]]:
        """The chosen faces of the next frame, shown at ``seconds`` of the video, without jitter."""
        elapsed = seconds - self._last_seconds
        self._last_seconds = seconds
        self._since_tile += 1
        begins = self._begins_shot(canvas)
        if begins:
            self._tiles = tiles(canvas, FRAME_TILE)
        seen = [found for track in self._tracks if (found := self._observe(canvas, track))]
        lost = [track for track in self._tracks if all(track is not one.track for one in seen)]
        if lost or not seen or self._until_detection <= 0:
            views = self._tiles if begins else self._turn(lost)
            seen += self._detect(canvas, [observation.face for observation in seen], views)
            self._until_detection = self._interval
        if lost:
            self._searching = DETECTION_INTERVAL
        if self._searching:  # who was hidden for a moment is found as soon as they come out
            self._searching -= 1
            self._until_detection = 1
        self._until_detection -= 1
        self._tracks = [observation.track for observation in seen]
        return [(one.track, one.track.advance(one, elapsed)) for one in seen]

    def resume(self, faces: Sequence[Face]) -> None:
        """Start tracks of ``faces``, the chosen ones of the frame before the next."""
        self._tracks = [self._new_track(face) for face in faces]

    @property
    def tracked_faces(self) -> list[Face]:
        """The faces of the last frame, as the mesh network gave them."""
        return [track.raw for track in self._tracks]

    def _begins_shot(self, canvas: Canvas) -> bool:
        """Whether this is the first frame or one after a cut, at which all tracks end."""
        small = canvas.brightness(CUT_SIZE)
        last, self._last_small = self._last_small, small
        if last is None:
            return True
        is_cut = float(cv2.absdiff(small, last).mean()) / 255 > CUT_CHANGE
        if is_cut:
            self._tracks.clear()
        return is_cut

    @property
    def _interval(self) -> int:
        """Frames after which a tile is due: all are, within ``DETECTION_INTERVAL`` if they can."""
        return max(1, DETECTION_INTERVAL // max(1, len(self._tiles)))

    def _turn(self, lost: Sequence[FaceTrack]) -> tuple[Box, ...]:
        """The tile that is searched in this frame of a shot: where a face was lost, or the next.

        None where it is not due: to read a tile takes longer than to look at the whole frame.
        """
        if not self._tiles or (not lost and self._since_tile < self._interval):
            return ()
        self._since_tile = 0
        if lost:
            centre = lost[0].raw.points.mean(axis=0)
            return (min(self._tiles, key=lambda tile: _distance(tile, centre)),)
        self._next_tile = (self._next_tile + 1) % len(self._tiles)
        return (self._tiles[self._next_tile],)

    def _observe(self, canvas: Canvas, track: FaceTrack) -> Observation | None:
        """The track's face in the next frame; ``None`` if it is lost."""
        crop = _crop(canvas, track.raw)
        if crop is None:
            return None
        face = crop.to_picture(
            self._analyser.mesh_estimator.follow(crop.image, crop.to_crop(track.raw))
        )
        if not face.score >= MIN_MESH_SCORE or track.stabiliser.is_another_face(face, crop):
            return None
        return Observation(track, face, crop)

    def _detect(self, canvas: Canvas, known: list[Face], views: Sequence[Box]) -> list[Observation]:
        """The chosen faces that are not ``known``, each with a new track.

        ``views``: what is searched apart from the frame as a whole.
        """
        if known and self._selection.rule is not FaceRule.ALL:
            return []
        located = self._analyser.locate(canvas, views)
        fresh = [found for found in located if not _is_known(found, known)]
        faces = self._analyser.meshed(canvas, fresh, located).faces
        embeddings = None
        if self._selection.rule is FaceRule.LIKE:
            embeddings = [self._analyser.embedding(canvas, face) for face in faces]
        observations = []
        for index in self._selection.select(faces, embeddings):
            crop = _crop(canvas, faces[index])
            if crop is not None:
                observations.append(Observation(self._new_track(faces[index]), faces[index], crop))
        return observations

    def _new_track(self, face: Face) -> FaceTrack:
        self._count += 1
        return FaceTrack(
            self._count, face, self._start_shot(), LandmarkStabiliser(self._analyser.canonical)
        )


def _distance(tile: Box, point: Float) -> float:
    """From the middle of a tile to a ``point``, (2,), in pixels."""
    middle = np.array([tile.x + tile.w / 2, tile.y + tile.h / 2])
    return float(np.linalg.norm(middle - point))


def _crop(canvas: Canvas, face: Face) -> CropView | None:
    """The surroundings of ``face``; ``None`` if they are outside the picture."""
    box = face_box(face, canvas, MOTION)
    if box is None:
        return None
    factor = max(1, int(eye_distance(face.points) / CROP_EYE_DISTANCE))
    return CropView(shrunk(canvas.read(box), factor), np.array([box.x, box.y], np.float32), factor)


def _is_known(detection: Detection, faces: list[Face]) -> bool:
    return any(is_face_at(face, detection.centre) for face in faces)


def is_face_at(face: Face, centre: Float) -> bool:
    """Whether something around ``centre``, (2,) in pixels of the same frame, is this face."""
    off = np.linalg.norm(face.points.mean(axis=0) - centre)
    return bool(off < 0.5 * face.extent)

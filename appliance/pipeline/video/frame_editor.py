"""The frames of a video, edited: faces are tracked frame by frame, then changed in batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from appliance.inference.batch_scheduler import run_batched
from appliance.pipeline.analysis.likeness import SimilarityMeter, SimilarityReport, with_watch
from appliance.pipeline.analysis.same_person import SamePersonWatch
from appliance.pipeline.engine import Shot
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.hands.mask import HandMask
from appliance.pipeline.hands.shielded_canvas import edited_behind
from appliance.pipeline.hands.watch import HandWatch
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.ordered_batches import DeferredWork
from appliance.pipeline.media.video.reader import FrameInfo
from appliance.pipeline.video.cached_canvas import CachedCanvas
from appliance.pipeline.video.tracker import FaceTrack, Tracker
from appliance.pipeline.video.turn_fade import TurnFades

# Batches at once: one on the GPU, one being prepared, one being written back.
BATCHES_IN_FLIGHT = 3
# Frames of a track between two measurements of its similarity to the source.
SIMILARITY_INTERVAL = 150


@dataclass(frozen=True, slots=True)
class _PendingFace:
    """A face of one frame that is to be changed, by ``share`` of the whole change.

    ``hands``: what is in front of it. ``is_measured``: whether its similarity is measured for the
    report.
    """

    shot: Shot
    face: Face
    share: float
    hands: HandMask | None
    is_measured: bool


@dataclass(frozen=True, slots=True)
class PendingFrame:
    """A frame whose faces are tracked and not changed yet."""

    canvas: CachedCanvas
    faces: tuple[_PendingFace, ...]


class VideoEditor(Protocol):
    """Changes the frames of one video, which it gets in the order they are shown.

    ``frames_turned``: in how many a face was left because it is turned too far; ``faces_turned``:
    those faces, summed over the frames.
    """

    frames_swapped: int
    faces_swapped: int
    frames_turned: int
    faces_turned: int

    @property
    def deferred(self) -> DeferredWork | None:
        """How ``transcode`` completes what ``edit`` returns; ``None`` if ``edit`` does it all."""
        ...

    def edit(self, canvas: VideoCanvas, info: FrameInfo) -> object:
        """Begin to edit the next frame. What is left of it for ``deferred``, or ``None``."""
        ...

    def similarity(self) -> SimilarityReport:
        """The similarity to the source; call it after the last frame."""
        ...


class FrameEditor:
    """Tracks faces from frame to frame, in order, and changes them in any order and any thread.

    The latter needs an engine without a state from frame to frame. For one that has such a state
    ``batch`` is 1, and each frame is changed before the next one is tracked.
    """

    def __init__(
        self,
        tracker: Tracker | None,
        meter: SimilarityMeter,
        batch: int,
        watch: SamePersonWatch | None = None,
        *,
        fades: TurnFades | None = None,
        hands: HandWatch | None = None,
    ) -> None:
        """``tracker``: ``None`` changes nothing. ``batch``: frames that are best changed at once.

        ``meter`` measures the similarity to the source. ``fades``, if there are any, leave faces
        that turn away. ``watch``, if there is one, looks at all others, and none that it cannot see
        is changed. ``hands``, if there is one, keeps hands in front of the faces.
        """
        self._tracker = tracker
        self._meter = meter
        self._batch = batch
        self._watch = watch
        self._fades = fades
        self._hands = hands
        self._counting = Lock()
        self.frames_swapped = 0
        self.faces_swapped = 0
        self.frames_turned = 0
        self.faces_turned = 0
        self.is_last_changed = False
        """Whether the last frame has a face to change."""

    @property
    def deferred(self) -> DeferredWork | None:
        """See ``VideoEditor.deferred``: one batch at a time."""
        if self._batch == 1:
            return None
        return DeferredWork(self.change, self._batch, BATCHES_IN_FLIGHT)

    def edit(self, canvas: VideoCanvas, info: FrameInfo) -> PendingFrame | None:
        """See ``VideoEditor.edit``."""
        if self._tracker is None:
            return None
        cached = CachedCanvas(canvas.square)
        seconds = float(info.seconds)
        tracks = self._tracker.update(cached, seconds)
        masks = self._hands_before(cached, tracks, info)
        faces = self._towards_camera(tracks, seconds)
        if self._watch is not None:
            found = [(track.number, face) for track, face, _ in faces]
            seen = self._watch.look(cached, found, seconds)
            faces = [one for one, is_seen in zip(faces, seen, strict=True) if is_seen]
        self.is_last_changed = bool(faces)
        if not faces:
            return None
        pending = PendingFrame(
            cached,
            tuple(
                _PendingFace(
                    track.shot,
                    face,
                    share,
                    masks[track.number],
                    is_measured=track.frames % SIMILARITY_INTERVAL == 1,
                )
                for track, face, share in faces
            ),
        )
        if self._batch > 1:
            return pending
        self.change([pending])
        return None

    def track_only(self, canvas: VideoCanvas, info: FrameInfo) -> None:
        """Track the faces of the next frame and change none."""
        if self._tracker is not None:
            cached, seconds = CachedCanvas(canvas.square), float(info.seconds)
            tracks = self._tracker.update(cached, seconds)
            self._hands_before(cached, tracks, info)
            self._shares(tracks, seconds)
            for track, _ in tracks:
                track.frames = 0  # the first frame that is changed is the first to be measured

    def _towards_camera(
        self, tracks: Sequence[tuple[FaceTrack, Face]], seconds: float
    ) -> list[tuple[FaceTrack, Face, float]]:
        """The faces that are not turned too far, each with its share; the others are counted."""
        kept = []
        for (track, face), share in zip(tracks, self._shares(tracks, seconds), strict=True):
            if share < 1:
                track.frames = 0  # the first frame that is changed in full is the next to measure
            if share:
                kept.append((track, face, share))
        self.faces_turned += len(tracks) - len(kept)
        self.frames_turned += int(len(kept) < len(tracks))
        return kept

    def _shares(self, tracks: Sequence[tuple[FaceTrack, Face]], seconds: float) -> list[float]:
        if self._fades is None:
            return [1.0] * len(tracks)
        return self._fades.shares([(track.number, face) for track, face in tracks], seconds)

    def resume(self, faces: Sequence[Face]) -> None:
        """Track ``faces``, of the frame before the first, instead of detecting any."""
        if self._tracker is not None:
            self._tracker.resume(faces)

    @property
    def tracked_faces(self) -> list[Face]:
        """The faces of the last frame, as the mesh network gave them."""
        return [] if self._tracker is None else self._tracker.tracked_faces

    def similarity(self) -> SimilarityReport:
        """See ``VideoEditor.similarity``."""
        return with_watch(self._meter.report(), self._watch)

    def change(self, frames: Sequence[PendingFrame]) -> None:
        """Change the faces of ``frames`` in place.

        The first faces of all frames are changed in one batch, then the second ones, and so on:
        faces of one frame may overlap.
        """
        most = max((len(frame.faces) for frame in frames), default=0)
        for nth in range(most):
            self._change_batch(
                [(frame.canvas, frame.faces[nth]) for frame in frames if nth < len(frame.faces)]
            )
        with self._counting:
            self.frames_swapped += sum(bool(frame.faces) for frame in frames)
            self.faces_swapped += sum(len(frame.faces) for frame in frames)

    def _hands_before(
        self, canvas: CachedCanvas, tracks: Sequence[tuple[FaceTrack, Face]], info: FrameInfo
    ) -> dict[int, HandMask | None]:
        """What hands cover of each face of the next frame, by the number of its track."""
        faces = [(track.number, face) for track, face in tracks]
        numbers = [number for number, _ in faces]
        if self._hands is None:
            return dict.fromkeys(numbers)
        masks = self._hands.update(canvas, faces, info.index, float(info.seconds))
        return dict(zip(numbers, masks, strict=True))

    def _change_batch(self, batch: Sequence[tuple[CachedCanvas, _PendingFace]]) -> None:
        for canvas, pending in batch:
            if pending.is_measured:
                self._meter.before(canvas, pending.face)
        run_batched(
            [
                edited_behind(one.hands, one.shot, canvas, one.face, one.share)
                for canvas, one in batch
            ]
        )
        for canvas, pending in batch:
            if pending.is_measured:
                self._meter.after(canvas, pending.face)

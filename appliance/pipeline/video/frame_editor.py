"""The frames of a video, edited: faces followed in order, then changed, several frames at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from appliance.inference.together import together
from appliance.pipeline.analysis.likeness import Alike, Likeness
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.ordered_batches import DeferredWork
from appliance.pipeline.media.video.reader import FrameInfo
from appliance.pipeline.shot import Shot
from appliance.pipeline.video.cached_canvas import CachedCanvas
from appliance.pipeline.video.tracker import Tracker

BATCHES_IN_FLIGHT = 3  # batches at work at once: one on the GPU, one before it, one after it
LIKENESS_INTERVAL = 150  # frames between measurements of the likeness in a video


@dataclass(frozen=True, slots=True)
class _PendingFace:
    """A face of one frame that is to be changed. ``measured``: whether its likeness is, too.

    ``person``: a number for each that is followed.
    """

    shot: Shot
    face: Face
    person: int
    measured: bool


@dataclass(frozen=True, slots=True)
class PendingFrame:
    """A frame whose faces are known and not yet changed."""

    canvas: CachedCanvas
    faces: tuple[_PendingFace, ...]


class VideoEditor(Protocol):
    """Changes the frames of one video, given in order."""

    frames_swapped: int
    faces_swapped: int

    @property
    def rest(self) -> DeferredWork | None:
        """How ``transcode`` goes on with what ``edit`` leaves."""
        ...

    def edit(self, canvas: VideoCanvas, info: FrameInfo) -> object:
        """The next frame: what is left to change in it; ``None`` where that is nothing."""
        ...

    def alike(self) -> Alike:
        """The likeness to the source, when all is done."""
        ...


class FrameEditor:
    """Follows faces from frame to frame, in order; changes them, in any order, from any thread.

    That needs an engine which remembers nothing from frame to frame: with a ``batch`` of 1 each
    frame is changed before the next is looked at.
    """

    def __init__(self, tracker: Tracker | None, likeness: Likeness, batch: int) -> None:
        """Without a ``tracker`` nothing is done. ``batch``: frames best changed at once."""
        self._tracker = tracker
        self._likeness = likeness
        self._batch = batch
        self._counting = Lock()
        self.frames_swapped = 0
        self.faces_swapped = 0

    @property
    def rest(self) -> DeferredWork | None:
        """See ``VideoEditor.rest``: a batch at a time."""
        return (
            DeferredWork(self.change, self._batch, BATCHES_IN_FLIGHT) if self._batch > 1 else None
        )

    def edit(self, canvas: VideoCanvas, info: FrameInfo) -> PendingFrame | None:
        """See ``VideoEditor.edit``."""
        if self._tracker is None:
            return None
        frame = CachedCanvas(canvas)
        tracks = self._tracker.update(frame, float(info.seconds))
        if not tracks:
            return None
        faces = tuple(
            _PendingFace(track.shot, face, track.number, track.frames % LIKENESS_INTERVAL == 1)
            for track, face in tracks
        )
        followed = PendingFrame(frame, faces)
        if self._batch > 1:
            return followed
        self.change([followed])
        return None

    def watch(self, canvas: VideoCanvas, info: FrameInfo) -> None:
        """The next frame, in which faces are followed and none is changed."""
        if self._tracker is not None:
            for track, _ in self._tracker.update(CachedCanvas(canvas), float(info.seconds)):
                track.frames = 0  # the first that is changed is the first to be measured

    def resume(self, faces: Sequence[Face]) -> None:
        """Before the first frame: these are followed, as if they had been found before it."""
        if self._tracker is not None:
            self._tracker.resume(faces)

    @property
    def followed(self) -> list[Face]:
        """The faces of the last frame, as the mesh network saw them."""
        return [] if self._tracker is None else self._tracker.followed

    def alike(self) -> Alike:
        """See ``VideoEditor.alike``."""
        return self._likeness.found()

    def change(self, frames: Sequence[PendingFrame]) -> None:
        """The faces of these frames, in place.

        Of faces of one frame the second is changed when the first has been: they may touch.
        """
        for place in range(max((len(frame.faces) for frame in frames), default=0)):
            at_once = [
                (frame.canvas, frame.faces[place]) for frame in frames if place < len(frame.faces)
            ]
            for canvas, found in at_once:
                if found.measured:
                    self._likeness.before(canvas, found.face, found.person)
            together([found.shot.edit(canvas, found.face) for canvas, found in at_once])
            for canvas, found in at_once:
                if found.measured:
                    self._likeness.after(canvas, found.face)
        with self._counting:
            self.frames_swapped += sum(bool(frame.faces) for frame in frames)
            self.faces_swapped += sum(len(frame.faces) for frame in frames)

"""A member of a process pool: edits the segments it receives, in shared memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import av

from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.ordered_batches import OrderedBatches
from appliance.pipeline.media.video.reader import FrameInfo
from appliance.pipeline.pool.frame_store import FrameStore
from appliance.pipeline.pool.messages import (
    Failure,
    FrameSlot,
    MessageChannel,
    Ready,
    Segment,
    SegmentDone,
    Start,
    TrackedFace,
)
from appliance.pipeline.run import SourceIdentity, SwapOptions, frame_editor
from appliance.pipeline.video.frame_editor import FrameEditor


class PoolMember:
    """What a member process has loaded. ``memory``: descriptor of the frame store's memfd."""

    def __init__(
        self, memory: int, pipeline: Pipeline, person: SourceIdentity, options: SwapOptions
    ) -> None:
        self._memory = memory
        self._pipeline = pipeline
        self._person = person
        self._options = options

    def serve(self, channel: MessageChannel) -> None:
        """Edit segments until the coordinator closes ``channel``.

        Several threads may serve a channel each. Raises what the editing of a segment does, and
        ``ProviderError`` if the coordinator has ended.
        """
        store: FrameStore | None = None
        while (segment := channel.receive_or_end(Segment)) is not None:
            store = store or FrameStore(self._memory, segment.format)
            editor = frame_editor(self._pipeline, self._person, self._options)
            channel.send(_SegmentEdit(editor, segment, store).run())


class _SegmentEdit:
    """One segment, edited in ``store``."""

    def __init__(self, editor: FrameEditor, segment: Segment, store: FrameStore) -> None:
        self._editor = editor
        self._segment = segment
        self._store = store
        self._changed: list[int] = []

    def run(self) -> SegmentDone:
        """Track faces through the run-up, then edit the frames."""
        if self._segment.initial is not None:
            self._editor.resume([tracked.face for tracked in self._segment.initial])
        for frame in self._segment.run_up:
            self._editor.track_only(self._canvas(frame), _info(frame))
        before = self._tracked()
        at_overlap = self._edit_frames()
        return SegmentDone(
            changed=self._changed,
            faces=self._editor.faces_swapped,
            frames_turned=self._editor.frames_turned,
            faces_turned=self._editor.faces_turned,
            similarity=self._editor.similarity(),
            before=before,
            at_overlap=at_overlap,
            after=self._tracked(),
        )

    def _edit_frames(self) -> list[TrackedFace]:
        """Edit the frames. The faces tracked before those of the next segment's run-up."""
        frames = self._segment.frames
        overlap = len(frames) - self._segment.shared
        at_overlap = self._tracked()
        with OrderedBatches(self._editor.deferred, self._write_back) as batches:
            for number, frame in enumerate(frames):
                if number == overlap:
                    at_overlap = self._tracked()
                canvas = self._canvas(frame)
                pending = self._editor.edit(canvas, _info(frame))
                batches.add((frame, canvas.frame, self._editor.is_last_changed), pending)
            batches.finish()
        return at_overlap

    def _canvas(self, frame: FrameSlot) -> VideoCanvas:
        picture = self._segment.format.blank()
        self._store.read(frame.slot, picture)
        return self._segment.format.canvas(picture)

    def _write_back(self, done: tuple[FrameSlot, av.VideoFrame, bool]) -> None:
        frame, picture, is_changed = done
        if is_changed:
            self._store.write(frame.slot, picture)
            self._changed.append(frame.index)

    def _tracked(self) -> list[TrackedFace]:
        return [TrackedFace.of(face) for face in self._editor.tracked_faces]


def run_member(channels: Sequence[MessageChannel], load: Callable[[], PoolMember]) -> None:
    """The main function of a member process: wait for the start, ``load``, serve all channels.

    Each channel has a thread: while the last faces of one segment are changed and no frame is left
    to track in it, faces of another segment are tracked. Whatever a thread raises is sent through
    its channel, for the coordinator to raise.
    """
    first = channels[0]
    try:
        if first.receive_or_end(Start) is None:
            return
        member = load()
        first.send(Ready())
    except BaseException as error:  # noqa: BLE001 - the coordinator raises it
        first.send(Failure.of(error))
        return
    with ThreadPoolExecutor(len(channels)) as threads:
        for channel in channels:
            threads.submit(_serve, member, channel)


def _serve(member: PoolMember, channel: MessageChannel) -> None:
    try:
        member.serve(channel)
    except BaseException as error:  # noqa: BLE001 - the coordinator raises it
        channel.send(Failure.of(error))


def _info(frame: FrameSlot) -> FrameInfo:
    return FrameInfo(frame.index, frame.pts, Fraction(*frame.time_base))

"""A member of a process pool: edits the segments it receives, in shared memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import av

from appliance.pipeline.analysis.analyser import Stages
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
from appliance.pipeline.run import Sitter, SwapOptions, frame_editor


class PoolMember:
    """What a member process has loaded. ``memory``: descriptor of the frame store's memfd."""

    def __init__(self, memory: int, stages: Stages, sitter: Sitter, options: SwapOptions) -> None:
        self._memory = memory
        self._stages = stages
        self._sitter = sitter
        self._options = options

    def serve(self, channel: MessageChannel) -> None:
        """Edit segments until the coordinator closes ``channel``.

        Several threads may serve a channel each. Raises what the editing of a segment does, and
        ``ProviderError`` if the coordinator has ended.
        """
        store: FrameStore | None = None
        while (segment := channel.receive_or_end(Segment)) is not None:
            store = store or FrameStore(self._memory, segment.format)
            channel.send(self._edited(segment, store))

    def _edited(self, segment: Segment, store: FrameStore) -> SegmentDone:
        editor = frame_editor(self._stages, self._sitter, self._options)
        changed: list[int] = []

        def canvas(frame: FrameSlot) -> VideoCanvas:
            picture = segment.format.blank()
            store.read(frame.slot, picture)
            return VideoCanvas(picture, segment.format.orientation)

        def write_back(done: tuple[FrameSlot, av.VideoFrame, bool]) -> None:
            frame, picture, was_edited = done
            if was_edited:
                store.write(frame.slot, picture)
                changed.append(frame.index)

        if segment.initial is not None:
            editor.resume([tracked.face for tracked in segment.initial])
        for frame in segment.run_up:
            editor.track_only(canvas(frame), _info(frame))
        before = at_overlap = editor.tracked_faces
        overlap = len(segment.frames) - segment.shared
        with OrderedBatches(editor.deferred, write_back) as batches:
            for number, frame in enumerate(segment.frames):
                if number == overlap:
                    at_overlap = editor.tracked_faces
                picture = canvas(frame)
                pending = editor.edit(picture, _info(frame))
                batches.add((frame, picture.frame, bool(editor.tracked_faces)), pending)
            batches.finish()
        return SegmentDone(
            changed=changed,
            faces=editor.faces_swapped,
            similarity=editor.similarity(),
            before=[TrackedFace.of(face) for face in before],
            at_overlap=[TrackedFace.of(face) for face in at_overlap],
            after=[TrackedFace.of(face) for face in editor.tracked_faces],
        )


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

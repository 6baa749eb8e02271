"""A member of the crew: changes the segments it is given, where they lie."""

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
    """``memory``: the descriptor of the frames' store."""

    def __init__(self, memory: int, stages: Stages, sitter: Sitter, options: SwapOptions) -> None:
        self._memory = memory
        self._stages = stages
        self._sitter = sitter
        self._options = options

    def serve(self, line: MessageChannel) -> None:
        """Segments until the lead hangs up. Other threads may serve other lines meanwhile."""
        store: FrameStore | None = None
        while (segment := line.receive_if(Segment)) is not None:
            store = store or FrameStore(self._memory, segment.geometry)
            line.send(self._change(segment, store))

    def _change(self, segment: Segment, store: FrameStore) -> SegmentDone:
        editor = frame_editor(self._stages, self._sitter, self._options)
        changed: list[int] = []

        def canvas(frame: FrameSlot) -> VideoCanvas:
            picture = segment.geometry.blank()
            store.get(frame.slot, picture)
            return VideoCanvas(picture, segment.geometry.orientation)

        def hand_on(done: tuple[FrameSlot, av.VideoFrame, bool]) -> None:
            frame, picture, edited = done
            if edited:
                store.put(frame.slot, picture)
                changed.append(frame.index)

        if segment.begun is not None:
            editor.resume([place.face for place in segment.begun])
        for frame in segment.run_up:
            editor.watch(canvas(frame), _info(frame))
        met = editor.followed
        early_at, early = len(segment.frames) - segment.shared, met
        with OrderedBatches(editor.rest, hand_on) as groups:
            for number, frame in enumerate(segment.frames):
                if number == early_at:
                    early = editor.followed
                picture = canvas(frame)
                left = editor.edit(picture, _info(frame))
                groups.add((frame, picture.frame, bool(editor.followed)), left)
            groups.finish()
        return SegmentDone(
            changed=changed,
            faces=editor.faces_swapped,
            alike=editor.alike(),
            met=[TrackedFace.of(face) for face in met],
            early=[TrackedFace.of(face) for face in early],
            last=[TrackedFace.of(face) for face in editor.followed],
        )


def run_member(lines: Sequence[MessageChannel], make: Callable[[], PoolMember]) -> None:
    """A member's life: it waits for the word to begin, and serves its lines, each in a thread.

    While one segment is drained, its last faces changed and none followed any more, the faces of
    another are followed. What a thread fails with is told on its line, and raised by the lead.
    """
    first = lines[0]
    try:
        if first.receive_if(Start) is None:
            return
        member = make()
        first.send(Ready())
    except BaseException as error:  # noqa: BLE001 - the lead raises it
        first.send(Failure.of(error))
        return
    with ThreadPoolExecutor(len(lines)) as threads:
        for line in lines:
            threads.submit(_serve, member, line)


def _serve(member: PoolMember, line: MessageChannel) -> None:
    try:
        member.serve(line)
    except BaseException as error:  # noqa: BLE001 - the lead raises it
        line.send(Failure.of(error))


def _info(frame: FrameSlot) -> FrameInfo:
    return FrameInfo(frame.index, frame.pts, Fraction(*frame.base))

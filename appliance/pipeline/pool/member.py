"""A member of the crew: changes the segments it is given, where they lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import av

from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.ordered_batches import Groups
from appliance.pipeline.media.video.reader import FrameInfo
from appliance.pipeline.pool.frame_store import FrameStore
from appliance.pipeline.pool.messages import (
    Done,
    Failed,
    Frame,
    Go,
    Line,
    Place,
    Ready,
    Segment,
)
from appliance.pipeline.run import SourceIdentity, SwapOptions, frame_editor


class Member:
    """``memory``: the descriptor of the frames' store."""

    def __init__(
        self, memory: int, pipeline: Pipeline, source: SourceIdentity, options: SwapOptions
    ) -> None:
        self._memory = memory
        self._pipeline = pipeline
        self._source = source
        self._options = options

    def serve(self, line: Line) -> None:
        """Segments until the lead hangs up. Other threads may serve other lines meanwhile."""
        store: FrameStore | None = None
        while (segment := line.receive_if(Segment)) is not None:
            store = store or FrameStore(self._memory, segment.geometry)
            line.send(self._change(segment, store))

    def _change(self, segment: Segment, store: FrameStore) -> Done:
        editor = frame_editor(self._pipeline, self._source, self._options)
        changed: list[int] = []

        def canvas(frame: Frame) -> VideoCanvas:
            picture = segment.geometry.blank()
            store.get(frame.slot, picture)
            return VideoCanvas(picture, segment.geometry.orientation)

        def hand_on(done: tuple[Frame, av.VideoFrame, bool]) -> None:
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
        with Groups(editor.rest, hand_on) as groups:
            for number, frame in enumerate(segment.frames):
                if number == early_at:
                    early = editor.followed
                picture = canvas(frame)
                left = editor.edit(picture, _info(frame))
                groups.add((frame, picture.frame, bool(editor.followed)), left)
            groups.finish()
        return Done(
            changed=changed,
            faces=editor.faces_swapped,
            alike=editor.similarity(),
            met=[Place.of(face) for face in met],
            early=[Place.of(face) for face in early],
            last=[Place.of(face) for face in editor.followed],
        )


def live(lines: Sequence[Line], make: Callable[[], Member]) -> None:
    """A member's life: it waits for the word to begin, and serves its lines, each in a thread.

    While one segment is drained, its last faces changed and none followed any more, the faces of
    another are followed. What a thread fails with is told on its line, and raised by the lead.
    """
    first = lines[0]
    try:
        if first.receive_if(Go) is None:
            return
        member = make()
        first.send(Ready())
    except BaseException as error:  # noqa: BLE001 - the lead raises it
        first.send(Failed.of(error))
        return
    with ThreadPoolExecutor(len(lines)) as threads:
        for line in lines:
            threads.submit(_serve, member, line)


def _serve(member: Member, line: Line) -> None:
    try:
        member.serve(line)
    except BaseException as error:  # noqa: BLE001 - the lead raises it
        line.send(Failed.of(error))


def _info(frame: Frame) -> FrameInfo:
    return FrameInfo(frame.index, frame.pts, Fraction(*frame.base))

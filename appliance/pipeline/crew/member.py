"""A member of the crew: changes the segments it is given, where they lie."""

from __future__ import annotations

from fractions import Fraction

import av

from appliance.pipeline.crew.messages import Done, Frame, Line, Place, Segment
from appliance.pipeline.crew.store import FrameStore
from appliance.pipeline.media.grouped import Groups
from appliance.pipeline.media.reader import FrameInfo
from appliance.pipeline.media.video_canvas import VideoCanvas
from appliance.pipeline.run import Sitter, SwapOptions, frame_editor
from appliance.pipeline.stages import Stages


class Member:
    """``memory``: the descriptor of the frames' store."""

    def __init__(self, memory: int, stages: Stages, sitter: Sitter, options: SwapOptions) -> None:
        self._memory = memory
        self._stages = stages
        self._sitter = sitter
        self._options = options
        self._store: FrameStore | None = None

    def serve(self, line: Line) -> None:
        """Segments until the lead hangs up."""
        while (segment := line.receive_if(Segment)) is not None:
            line.send(self._change(segment))

    def _change(self, segment: Segment) -> Done:
        store = self._store or FrameStore(self._memory, segment.geometry)
        self._store = store
        editor = frame_editor(self._stages, self._sitter, self._options)
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
            alike=editor.alike(),
            met=[Place.of(face) for face in met],
            early=[Place.of(face) for face in early],
            last=[Place.of(face) for face in editor.followed],
        )


def _info(frame: Frame) -> FrameInfo:
    return FrameInfo(frame.index, frame.pts, Fraction(*frame.base))

"""The lead of the crew: shares a video's frames out and takes them back, in order.

Frames are cut into segments, each for one member. Faces are followed by what was seen of them
before, so each segment begins with a run-up: the last frames of the one before. Which face it is
that is followed is decided once a shot: a segment in whose run-up another one was taken up is
changed again, with the right one.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Lock

import av

from appliance.pipeline.analysis.likeness import Alike, mean
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.ordered_batches import DeferredWork
from appliance.pipeline.media.video.reader import FrameInfo
from appliance.pipeline.pool.frame_store import FrameFormat, FrameStore
from appliance.pipeline.pool.messages import (
    FrameSlot,
    MessageChannel,
    Ready,
    Segment,
    SegmentDone,
    Start,
    TrackedFace,
)
from appliance.pipeline.video.tracker import is_face_at

RUN_UP = 24  # frames: by then what a face is steadied by has faded to a tenth, at 30 a second
# Frames of a segment: more take memory and leave some without work at the end, fewer are followed
# twice, once as the next one's run-up.
LONGEST_SEGMENT, USUAL_SEGMENT, SHORTEST_SEGMENT = 96, 48, 16
SEGMENTS_PER_CHANNEL = (
    3  # segments for each line of a video, if that makes them no shorter than usual
)
# Bytes of frames that are shared, at the most; the decoded ones, which the lead keeps, are fewer.
MAX_SHARED_BYTES = 4 << 30


@dataclass(slots=True)
class ProcessPool:
    """Members that wait for the word to begin, and the memory that they share.

    ``memory``: descriptor of an empty file in memory. ``members``: the lines to each of them; it
    changes as many segments at once.
    """

    memory: int
    members: tuple[tuple[MessageChannel, ...], ...]
    _called: bool = False

    @property
    def lines(self) -> tuple[MessageChannel, ...]:
        """Those to all members, first the first of each."""
        return tuple(line for same in zip(*self.members, strict=True) for line in same)

    def call(self) -> None:
        """Let all members load and seal, while this process does something else."""
        if not self._called:
            for first, *_ in self.members:
                first.send(Start())
        self._called = True

    def start(self) -> None:
        """Call them, if nobody has, and wait for all. Raises what one of them failed with."""
        self.call()
        for first, *_ in self.members:
            first.receive(Ready)

    def editor(
        self, width: int, height: int, pixel_format: str, frames: int | None = None
    ) -> PoolEditor | None:
        """For a video of this kind; ``None`` where too few of its frames go into memory.

        ``frames``: how many it has, if that is known.
        """
        frame = width * height * av.VideoFormat(pixel_format).padded_bits_per_pixel // 8
        for count in range(len(self.lines), 1, -1):
            wanted = min(
                LONGEST_SEGMENT, max(USUAL_SEGMENT, (frames or 0) // (SEGMENTS_PER_CHANNEL * count))
            )
            length = min(wanted, MAX_SHARED_BYTES // ((count + 2) * frame) - RUN_UP)
            if length >= SHORTEST_SEGMENT:
                return PoolEditor(self.memory, self.lines[:count], length)
        return None

    def close(self) -> None:
        """Send all members home."""
        for line in self.lines:
            line.close()
        os.close(self.memory)


@dataclass(frozen=True, slots=True)
class _Part:
    """A segment on its way. ``before``: what became of the one before it."""

    geometry: FrameFormat
    run_up: Sequence[FrameSlot]
    before: Future[SegmentDone] | None
    frames: list[tuple[FrameSlot, av.VideoFrame]] = field(default_factory=list)
    done: Future[SegmentDone] = field(default_factory=Future)


class PoolEditor:
    """As ``FrameEditor``, by a crew that has been started."""

    def __init__(
        self,
        memory: int,
        lines: Sequence[MessageChannel],
        length: int = USUAL_SEGMENT,
        run_up: int = RUN_UP,
    ) -> None:
        """``length``: frames of a segment; ``run_up``: those before it, at most as many.

        ``memory`` and ``lines``: of a ``ProcessPool``.
        """
        self._free: SimpleQueue[MessageChannel] = SimpleQueue()
        for line in lines:
            self._free.put(line)
        self._memory = memory
        self._length, self._run_up = length, min(run_up, length)
        self.rest = DeferredWork(self._finish, length, len(lines))
        """How ``transcode`` goes on with what ``edit`` leaves: a segment at a time."""
        self._slots: _Slots | None = None
        self._part: _Part | None = None
        self._ahead: list[FrameSlot] = []
        self._counting = Lock()
        self._alike: list[Alike] = []
        self.frames_swapped = 0
        self.faces_swapped = 0

    def edit(self, canvas: VideoCanvas, info: FrameInfo) -> _Part:
        """The next frame: the segment that it is a part of."""
        part = self._part
        if part is None or len(part.frames) == self._length:
            geometry = FrameFormat.of(canvas.frame, canvas.orientation)
            part = _Part(geometry, self._ahead, part.done if part else None)
            self._part, self._ahead = part, []
        slots = self._slots = self._slots or _Slots(self._memory, part.geometry)
        part.frames.append((slots.keep(canvas.frame, info), canvas.frame))
        if len(part.frames) > self._length - self._run_up:
            # Once more: the member that changes it may have done so before the next one looks.
            self._ahead.append(slots.keep(canvas.frame, info))
        return part

    def alike(self) -> Alike:
        """See ``Editor.alike``. Whoever goes from one segment to the next counts as two people."""
        return Alike(
            mean([one.before for one in self._alike if one.before is not None]),
            mean([one.after for one in self._alike if one.after is not None]),
            min((one.least for one in self._alike if one.least is not None), default=None),
        )

    def _finish(self, parts: Sequence[_Part]) -> None:
        part, slots = parts[0], self._slots
        if slots is None:
            raise RuntimeError("no frame was given")
        try:
            done = self._ask(part, None)
            if part.before is not None:
                right = part.before.result()
                if _is_another(done.met, right.last):
                    for frame, picture in part.frames:
                        slots.store.put(frame.slot, picture)
                    done = self._ask(part, right.early)
        except BaseException as error:
            part.done.set_exception(error)
            raise
        part.done.set_result(done)
        changed = set(done.changed)
        for frame, picture in part.frames:
            if frame.index in changed:
                slots.store.get(frame.slot, picture)
        slots.release([*part.run_up, *(frame for frame, _ in part.frames)])
        with self._counting:
            self.frames_swapped += len(changed)
            self.faces_swapped += done.faces
            self._alike.append(done.alike)

    def _ask(self, part: _Part, begun: list[TrackedFace] | None) -> SegmentDone:
        frames = [frame for frame, _ in part.frames]
        line = self._free.get()
        try:
            line.send(Segment(part.geometry, list(part.run_up), frames, self._run_up, begun))
            return line.receive(SegmentDone)
        finally:
            self._free.put(line)


class _Slots:
    """The places of the store, given out and taken back by several threads."""

    def __init__(self, memory: int, geometry: FrameFormat) -> None:
        self.store = FrameStore(memory, geometry)
        self._memory = memory
        self._free: list[int] = []
        self._made = 0
        self._lock = Lock()

    def keep(self, picture: av.VideoFrame, info: FrameInfo) -> FrameSlot:
        """A copy of ``picture``."""
        with self._lock:
            if not self._free:
                self._free.append(self._made)
                self._made += 1
                os.ftruncate(self._memory, self._made * self.store.slot_size)
            slot = self._free.pop()
        self.store.put(slot, picture)
        return FrameSlot(slot, info.index, info.pts, info.time_base.as_integer_ratio())

    def release(self, frames: Sequence[FrameSlot]) -> None:
        """They are not needed any more."""
        with self._lock:
            self._free += [frame.slot for frame in frames]


def _is_another(met: Sequence[TrackedFace], right: Sequence[TrackedFace]) -> bool:
    """Whether any face that was followed to here is not among those that were ``met`` here."""
    centres = [place.face.points.mean(axis=0) for place in met]
    return any(not any(is_face_at(place.face, centre) for centre in centres) for place in right)

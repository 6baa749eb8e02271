"""The coordinator of a process pool: hands out a video's frames and takes them back in order.

Frames are grouped into segments, and each segment goes to one member. Tracking depends on earlier
frames, so a segment begins with a run-up: the last frames of the segment before it. Which face is
tracked is decided once a shot: if the run-up of a segment led to another face than the one that
the segment before it ended with, the segment is edited again with the right face.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Lock

import av

from appliance.pipeline.analysis.likeness import SimilarityReport, mean
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

# Frames. After so many, at 30 a second, the weight of what the stabiliser started with is a tenth.
RUN_UP = 24
# Frames of a segment. Longer ones take more memory and leave members idle at the end of the video;
# of shorter ones a larger part is tracked twice, as the run-up of the next.
LONGEST_SEGMENT, USUAL_SEGMENT, SHORTEST_SEGMENT = 96, 48, 16
# Segments that each channel gets of a video, if they are no shorter than usual then.
SEGMENTS_PER_CHANNEL = 3
# Bytes of shared frames at most. The coordinator also holds the decoded ones, which are fewer.
MAX_SHARED_BYTES = 4 << 30


@dataclass(slots=True)
class ProcessPool:
    """Member processes that wait for their start, and the memory that they share.

    ``memory``: descriptor of a memfd, empty at first. ``members``: the channels to each of them;
    a member edits as many segments at once as it has channels.
    """

    memory: int
    members: tuple[tuple[MessageChannel, ...], ...]
    _is_loading: bool = False

    @property
    def channels(self) -> tuple[MessageChannel, ...]:
        """The first channel of each member, then the second of each, and so on."""
        return tuple(channel for nth in zip(*self.members, strict=True) for channel in nth)

    def start_loading(self) -> None:
        """Let all members load and seal while this process does something else.

        Raises ``ProviderError`` if a member has ended.
        """
        if not self._is_loading:
            for first, *_ in self.members:
                first.send(Start())
        self._is_loading = True

    def wait_until_ready(self) -> None:
        """Start loading, if that has not been done, and wait for all members.

        Raises the exception of a member that failed, and ``ProviderError`` if one ended.
        """
        self.start_loading()
        for first, *_ in self.members:
            first.receive(Ready)

    def editor(
        self, width: int, height: int, pixel_format: str, frames: int | None = None
    ) -> PoolEditor | None:
        """The editor of a video; ``None`` if too few of its frames fit into memory.

        ``width`` and ``height``: of its frames, in pixels. ``pixel_format``: FFmpeg's name.
        ``frames``: how many it has, if that is known.
        """
        frame = width * height * av.VideoFormat(pixel_format).padded_bits_per_pixel // 8
        for count in range(len(self.channels), 1, -1):
            share = (frames or 0) // (SEGMENTS_PER_CHANNEL * count)
            wanted = min(LONGEST_SEGMENT, max(USUAL_SEGMENT, share))
            length = min(wanted, MAX_SHARED_BYTES // ((count + 2) * frame) - RUN_UP)
            if length >= SHORTEST_SEGMENT:
                return PoolEditor(self.memory, self.channels[:count], length)
        return None

    def close(self) -> None:
        """Close all channels, which ends the members, and the shared memory."""
        for channel in self.channels:
            channel.close()
        os.close(self.memory)


@dataclass(frozen=True, slots=True)
class _PendingSegment:
    """A segment that is collected or being edited. ``previous``: the result of the one before."""

    format: FrameFormat
    run_up: Sequence[FrameSlot]
    previous: Future[SegmentDone] | None
    frames: list[tuple[FrameSlot, av.VideoFrame]] = field(default_factory=list)
    done: Future[SegmentDone] = field(default_factory=Future)


class PoolEditor:
    """A ``VideoEditor`` whose work is done by the members of a pool that is ready."""

    def __init__(
        self,
        memory: int,
        channels: Sequence[MessageChannel],
        length: int = USUAL_SEGMENT,
        run_up: int = RUN_UP,
    ) -> None:
        """``length``: frames of a segment. ``run_up``: frames before it, at most ``length``.

        ``memory`` and ``channels``: of a ``ProcessPool``.
        """
        self._free: SimpleQueue[MessageChannel] = SimpleQueue()
        for channel in channels:
            self._free.put(channel)
        self._memory = memory
        self._length, self._run_up = length, min(run_up, length)
        self.deferred = DeferredWork(self._finish, length, len(channels))
        """See ``VideoEditor.deferred``: one segment at a time."""
        self._slots: _SlotAllocator | None = None
        self._segment: _PendingSegment | None = None
        self._next_run_up: list[FrameSlot] = []
        self._counting = Lock()
        self._similarities: list[SimilarityReport] = []
        self.frames_swapped = 0
        self.faces_swapped = 0
        self.frames_turned = 0
        self.faces_turned = 0

    def edit(self, canvas: VideoCanvas, info: FrameInfo) -> _PendingSegment:
        """Copy the next frame into shared memory. The segment that it belongs to."""
        segment = self._segment
        if segment is None or len(segment.frames) == self._length:
            frame_format = FrameFormat.of(canvas)
            previous = segment.done if segment else None
            segment = _PendingSegment(frame_format, self._next_run_up, previous)
            self._segment, self._next_run_up = segment, []
        slots = self._slots = self._slots or _SlotAllocator(self._memory, segment.format)
        segment.frames.append((slots.keep(canvas.frame, info), canvas.frame))
        if len(segment.frames) > self._length - self._run_up:
            # A second copy: the member that edits this segment may change the first one before
            # the member of the next segment reads it.
            self._next_run_up.append(slots.keep(canvas.frame, info))
        return segment

    def similarity(self) -> SimilarityReport:
        """See ``VideoEditor.similarity``; each segment is measured as a video of its own."""
        return SimilarityReport(
            mean([one.before for one in self._similarities if one.before is not None]),
            mean([one.after for one in self._similarities if one.after is not None]),
            min((one.least for one in self._similarities if one.least is not None), default=None),
            sum(one.watched for one in self._similarities),
        )

    def _finish(self, segments: Sequence[_PendingSegment]) -> None:
        """Have the segment of these frames, the same for all of them, edited by a member."""
        segment, slots = segments[0], self._slots
        if slots is None:
            raise RuntimeError("no frame was given")
        try:
            done = self._edited(segment, slots)
        except BaseException as error:
            segment.done.set_exception(error)
            raise
        segment.done.set_result(done)
        changed = set(done.changed)
        for frame, picture in segment.frames:
            if frame.index in changed:
                slots.store.read(frame.slot, picture)
        slots.release([*segment.run_up, *(frame for frame, _ in segment.frames)])
        with self._counting:
            self.frames_swapped += len(changed)
            self.faces_swapped += done.faces
            self.frames_turned += done.frames_turned
            self.faces_turned += done.faces_turned
            self._similarities.append(done.similarity)

    def _edited(self, segment: _PendingSegment, slots: _SlotAllocator) -> SegmentDone:
        """Edit ``segment``, twice if its run-up led to another face."""
        done = self._request(segment, None)
        if segment.previous is None:
            return done
        previous = segment.previous.result()
        if not _lost_any(previous.after, done.before):
            return done
        for frame, picture in segment.frames:
            slots.store.write(frame.slot, picture)
        return self._request(segment, previous.at_overlap)

    def _request(self, segment: _PendingSegment, initial: list[TrackedFace] | None) -> SegmentDone:
        frames = [frame for frame, _ in segment.frames]
        request = Segment(segment.format, list(segment.run_up), frames, self._run_up, initial)
        channel = self._free.get()
        try:
            channel.send(request)
            return channel.receive(SegmentDone)
        finally:
            self._free.put(channel)


class _SlotAllocator:
    """Slots of the frame store, taken and released by several threads."""

    def __init__(self, memory: int, frame_format: FrameFormat) -> None:
        self.store = FrameStore(memory, frame_format)
        self._memory = memory
        self._free: list[int] = []
        self._count = 0
        self._lock = Lock()

    def keep(self, picture: av.VideoFrame, info: FrameInfo) -> FrameSlot:
        """Copy ``picture`` into a free slot; the file grows where there is none."""
        with self._lock:
            if not self._free:
                self._free.append(self._count)
                self._count += 1
                os.ftruncate(self._memory, self._count * self.store.slot_size)
            slot = self._free.pop()
        self.store.write(slot, picture)
        return FrameSlot(slot, info.index, info.pts, info.time_base.as_integer_ratio())

    def release(self, frames: Sequence[FrameSlot]) -> None:
        """Free the slots of ``frames``."""
        with self._lock:
            self._free += [frame.slot for frame in frames]


def _lost_any(wanted: Sequence[TrackedFace], found: Sequence[TrackedFace]) -> bool:
    """Whether any of ``wanted`` is not where one of ``found``, of the same frame, is."""
    centres = [tracked.face.points.mean(axis=0) for tracked in found]
    return any(
        not any(is_face_at(tracked.face, centre) for centre in centres) for tracked in wanted
    )

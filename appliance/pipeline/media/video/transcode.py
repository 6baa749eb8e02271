"""A video from source to sink, every frame through one function, memory flat."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias, cast

import av

from appliance.errors import InputError
from appliance.pipeline.media.kind import VideoKind
from appliance.pipeline.media.streams import ReadableFile, WritableFile
from appliance.pipeline.media.video.bounded_queue import BoundedQueue, QueueStoppedError
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.convert import to_format
from appliance.pipeline.media.video.encoder import (
    CONTAINERS,
    EncoderSettings,
    check_size,
    choose_pixel_format,
)
from appliance.pipeline.media.video.enlarge import Enlarger, enlarge_frame
from appliance.pipeline.media.video.ordered_batches import DeferredWork, OrderedBatches
from appliance.pipeline.media.video.reader import FrameInfo, VideoReader
from appliance.pipeline.media.video.writer import TrackReport, VideoWriter

Edit: TypeAlias = "Callable[[VideoCanvas, FrameInfo], object]"
Progress: TypeAlias = "Callable[[FrameInfo], None]"
_Item: TypeAlias = "av.VideoFrame | av.Packet[Any]"

_WAITING = 8
"""Items between two stages: enough to even out their pace, 25 MB of 1080p at the most."""


@dataclass(frozen=True, slots=True)
class StageTime:
    """Seconds one stage was at work, not waiting: on the clock, and of its own thread's CPU.

    Threads that a codec starts on its own are not in ``cpu``, nor those of the rest of an edit,
    which count on the clock where they were waited for.
    """

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class TranscodeReport:
    """What was done. ``pixel_format``: what was edited and encoded; the source's, if it can be."""

    frames: int
    codec: str
    source_pixel_format: str
    pixel_format: str
    tracks: TrackReport
    decode: StageTime
    edit: StageTime
    enlarge: StageTime
    encode: StageTime
    wall: float


def transcode(
    source: ReadableFile,
    sink: WritableFile,
    edit: Edit,
    *,
    container: VideoKind,
    settings: EncoderSettings | None = None,
    rest: DeferredWork | None = None,
    progress: Progress | None = None,
    enlarger: Enlarger | None = None,
) -> TranscodeReport:
    """Decode ``source``, let ``edit`` change each frame, encode into ``sink``.

    ``source``: readable and seekable; ``sink``: writable and seekable; both stay open. ``edit``,
    ``enlarger`` and ``progress`` are called in the caller's thread, frame by frame in the order
    shown. Frames keep the source's timestamps, other tracks their packets. What ``edit`` returns,
    if anything, is left to ``rest``, several frames at a time.

    Whatever is raised anywhere, by ``edit`` or Ctrl-C too, ends both threads before it reaches
    the caller; what ``sink`` holds then is worthless. Raises ``InputError`` for a source that is
    damaged or cut short, ``OutputError`` where the result cannot be written.
    """
    started = time.monotonic()
    with VideoReader(source) as reader:
        scale = 1 if enlarger is None else enlarger.scale
        waiting = max(_WAITING, 2 * rest.size if rest else 0)
        chosen = settings or EncoderSettings()
        run = _Transcoding(reader, sink, container, chosen, scale=scale, waiting=waiting)
        edit_clock, enlarge_clock = _Clock(), _Clock()

        def hand_on(done: tuple[_Item, FrameInfo | None]) -> None:
            item, info = done
            if info is not None:
                if enlarger is not None:
                    with enlarge_clock:
                        item = enlarge_frame(cast("av.VideoFrame", item), enlarger)
                if progress is not None:
                    progress(info)
            run.edited.put(item)

        try:
            with OrderedBatches(rest, hand_on) as groups:
                for item in run.decoded:
                    if isinstance(item, av.VideoFrame):
                        info = run.info(item)
                        with edit_clock:
                            left = edit(VideoCanvas(item, reader.orientation), info)
                        groups.add((item, info), left)
                    else:
                        groups.add((item, None), frame=False)
                groups.finish()
            run.edited.finish()
        except QueueStoppedError:
            pass  # a thread failed; its reason is raised below
        except BaseException as error:  # noqa: BLE001 - raised below, after the threads ended
            run.stop(error)
        finally:
            run.join()
        if run.failure is not None:
            raise run.failure
        wall = time.monotonic() - started
        edited = edit_clock.read()
        edited = StageTime(edited.wall + groups.waited, edited.cpu)
        return run.summary(edited, enlarge_clock.read(), wall)


class _Transcoding:
    """The two threads beside the caller's, and what they share."""

    def __init__(
        self,
        reader: VideoReader,
        sink: WritableFile,
        container: VideoKind,
        settings: EncoderSettings,
        *,
        scale: int = 1,
        waiting: int = _WAITING,
    ) -> None:
        self.decoded: BoundedQueue[_Item] = BoundedQueue(waiting)
        self.edited: BoundedQueue[_Item] = BoundedQueue(max(1, waiting // scale**2))
        self.failure: BaseException | None = None
        self._reader = reader
        self._sink = sink
        self._kind = CONTAINERS[container]
        self._settings = settings
        self._scale = scale
        self._codec = settings.codec_for(self._kind)
        self._frames = 0
        self._formats = ("", "")
        self._tracks = TrackReport(0, (), ())
        self._decode_clock, self._encode_clock = _Clock(), _Clock()
        self._threads = [
            threading.Thread(target=self._guard, args=(stage,), name=name, daemon=True)
            for stage, name in ((self._decode, "decode"), (self._encode, "encode"))
        ]
        for thread in self._threads:
            thread.start()

    def info(self, frame: av.VideoFrame) -> FrameInfo:
        """Number ``frame``."""
        self._frames += 1
        return FrameInfo(self._frames - 1, frame.pts or 0, frame.time_base or Fraction(0))

    def stop(self, error: BaseException) -> None:
        """End both threads; the first failure is the one that counts."""
        if self.failure is None and not isinstance(error, QueueStoppedError):
            self.failure = error
        self.decoded.stop()
        self.edited.stop()

    def join(self) -> None:
        """Wait for both threads; Ctrl-C while waiting ends them first."""
        for thread in self._threads:
            while thread.is_alive():
                try:
                    thread.join()
                except KeyboardInterrupt as error:
                    self.stop(error)

    def summary(self, edit: StageTime, enlarge: StageTime, wall: float) -> TranscodeReport:
        """The run in numbers."""
        return TranscodeReport(
            frames=self._frames,
            codec=self._codec,
            source_pixel_format=self._formats[0],
            pixel_format=self._formats[1],
            tracks=self._tracks,
            decode=self._decode_clock.read(),
            edit=edit,
            enlarge=enlarge,
            encode=self._encode_clock.read(),
            wall=wall,
        )

    def _guard(self, stage: Callable[[], None]) -> None:
        try:
            stage()
        except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
            self.stop(error)

    def _decode(self) -> None:
        others = [
            stream
            for stream in self._reader.container.streams
            if stream.type in ("audio", "subtitle") and stream.codec_context is not None
        ]
        items = self._reader.items(others)
        target = None
        while True:
            with self._decode_clock:
                item = next(items, None)
                if isinstance(item, av.VideoFrame):
                    if target is None:
                        target = self._choose_format(item)
                    item = to_format(item, target)
            if item is None:
                break
            self.decoded.put(item)
        self.decoded.finish()

    def _choose_format(self, first: av.VideoFrame) -> str:
        """What to edit and encode in, once it is known that the result can be encoded at all."""
        if self._scale > 1 and first.interlaced_frame:
            # Its lines are two moments in turns; a network would blend them for good.
            hint = "Deinterlace it first, or do not enlarge it."
            raise InputError("An interlaced video cannot be enlarged.", hint)
        width, height = self._scale * first.width, self._scale * first.height
        check_size(width, height)
        name = first.format.name
        target = choose_pixel_format(self._codec, name, width, height)
        self._formats = (name, target)
        return target

    def _encode(self) -> None:
        writer: VideoWriter | None = None
        early: list[av.Packet[Any]] = []
        try:
            for item in self.edited:
                with self._encode_clock:
                    if isinstance(item, av.VideoFrame):
                        if writer is None:
                            writer = VideoWriter(
                                self._sink,
                                self._kind,
                                self._settings,
                                self._reader,
                                item,
                                scale=self._scale,
                            )
                            self._tracks = writer.report
                            for packet in early:
                                writer.write_packet(packet)
                            early.clear()
                        writer.write_frame(item)
                    elif writer is None:
                        early.append(item)
                    else:
                        writer.write_packet(item)
            if writer is not None:
                with self._encode_clock:
                    writer.finish()
        finally:
            if writer is not None:
                writer.abort()


class _Clock:
    """Adds up the time spent inside ``with``; one thread only."""

    def __init__(self) -> None:
        self._wall = self._cpu = 0.0

    def __enter__(self) -> None:
        self._wall -= time.monotonic()
        self._cpu -= time.thread_time()

    def __exit__(self, *_: object) -> None:
        self._wall += time.monotonic()
        self._cpu += time.thread_time()

    def read(self) -> StageTime:
        return StageTime(self._wall, self._cpu)

"""A video from file to file, every frame through one function."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any, TypeAlias, cast

import av

from appliance.errors import InputError
from appliance.pipeline.media.conversion import Conversion
from appliance.pipeline.media.kind import VideoKind
from appliance.pipeline.media.streams import ReadableFile, WritableFile
from appliance.pipeline.media.video.aspect import pixel_aspect
from appliance.pipeline.media.video.bounded_queue import BoundedQueue, QueueStoppedError
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.captions import CAPTIONS, CaptionsWatch, side_data
from appliance.pipeline.media.video.convert import to_format
from appliance.pipeline.media.video.encoder import (
    CONTAINERS,
    ContainerKind,
    EncoderSettings,
    VideoCodec,
    check_size,
)
from appliance.pipeline.media.video.enlarge import Enlarger, enlarge_frame
from appliance.pipeline.media.video.hdr import StaticHdr, dynamic_hdr
from appliance.pipeline.media.video.ordered_batches import DeferredWork, OrderedBatches
from appliance.pipeline.media.video.picture_plan import PictureFacts, PicturePlan, plan_picture
from appliance.pipeline.media.video.reader import FrameInfo, VideoReader
from appliance.pipeline.media.video.stage_clock import StageClock, StageTime
from appliance.pipeline.media.video.transparency import TRANSPARENCY, TransparencyWatch
from appliance.pipeline.media.video.writer import (
    ALL_TRACKS,
    FileContents,
    TrackReport,
    VideoWriter,
)

EditFrame: TypeAlias = "Callable[[VideoCanvas, FrameInfo], object]"
Progress: TypeAlias = "Callable[[FrameInfo], None]"
_Item: TypeAlias = "av.VideoFrame | av.Packet[Any]"

# Items between two stages at most: enough to even out their pace, at most 25 MB of 1080p.
_QUEUE_LENGTH = 8


@dataclass(frozen=True, slots=True)
class TranscodeReport:
    """What was done.

    ``codec``: the encoder by FFmpeg's name. ``pixel_format``: what was edited and encoded.
    ``converted``: all that the result's picture has in another form than the input's. ``wall``:
    seconds in all.
    """

    frames: int
    codec: VideoCodec
    source_pixel_format: str
    pixel_format: str
    converted: tuple[Conversion, ...]
    tracks: TrackReport
    decode: StageTime
    edit: StageTime
    enlarge: StageTime
    encode: StageTime
    wall: float


def transcode(
    input_file: ReadableFile,
    output_file: WritableFile,
    edit: EditFrame,
    *,
    container: VideoKind,
    settings: EncoderSettings | None = None,
    deferred: DeferredWork | None = None,
    progress: Progress | None = None,
    enlarger: Enlarger | None = None,
    finish: EditFrame | None = None,
    only_codecs: Mapping[VideoKind, str] | None = None,
    contents: FileContents = ALL_TRACKS,
) -> TranscodeReport:
    """Decode ``input_file``, let ``edit`` change each frame, encode into ``output_file``.

    Both files stay open. ``edit``, ``enlarger`` and ``progress`` are called in the caller's thread,
    frame by frame in the order shown. Frames keep the timestamps of the input, other tracks their
    packets. Results of ``edit`` other than ``None`` are passed to ``deferred``, several at a time.
    ``finish`` changes each frame once nothing else looks at it any more, before it is enlarged.
    ``only_codecs``: see :class:`VideoReader`. ``contents``: what is written next to the picture.

    Memory does not grow with the length of the video. An exception anywhere, in ``edit`` or by
    Ctrl-C too, ends both threads before it reaches the caller; what ``output_file`` holds then is
    worthless. Raises ``InputError`` for an input that is damaged or cut short, and ``OutputError``
    where the result cannot be written.
    """
    started = time.monotonic()
    with VideoReader(input_file, only_codecs=only_codecs) as reader:
        threads = _CodecThreads(
            reader,
            output_file,
            CONTAINERS[container],
            settings or EncoderSettings(),
            scale=1 if enlarger is None else enlarger.scale,
            queue_length=max(_QUEUE_LENGTH, 2 * deferred.size if deferred else 0),
            contents=contents,
        )
        editing = _EditLoop(
            threads,
            reader,
            edit,
            deferred=deferred,
            progress=progress,
            enlarger=enlarger,
            finish=finish,
        )
        threads.run_with(editing.run)
        return TranscodeReport(
            frames=editing.frames,
            codec=threads.plan.codec,
            source_pixel_format=threads.source_pixel_format,
            pixel_format=threads.plan.pixel_format,
            converted=threads.plan.converted,
            tracks=threads.tracks,
            decode=threads.decode_clock.read(),
            edit=editing.edit_time(),
            enlarge=editing.enlarge_clock.read(),
            encode=threads.encode_clock.read(),
            wall=time.monotonic() - started,
        )


class _EditLoop:
    """What the caller's thread does: from the queue of decoded items to that of edited ones."""

    def __init__(
        self,
        threads: _CodecThreads,
        reader: VideoReader,
        edit: EditFrame,
        *,
        deferred: DeferredWork | None,
        progress: Progress | None,
        enlarger: Enlarger | None,
        finish: EditFrame | None,
    ) -> None:
        self.frames = 0
        self.edit_clock, self.enlarge_clock = StageClock(), StageClock()
        self._threads = threads
        self._reader = reader
        self._edit = edit
        self._progress = progress
        self._enlarger = enlarger
        self._finish = finish
        self._batches = OrderedBatches(deferred, self._pass_on)

    def run(self) -> None:
        """Edit all frames, in order, and finish the queue."""
        with self._batches as batches:
            for item in self._threads.decoded:
                if isinstance(item, av.VideoFrame):
                    self._add_frame(item)
                else:
                    batches.add((item, None), frame=False)
            batches.finish()
        self._threads.edited.finish()

    def edit_time(self) -> StageTime:
        """How long frames were edited."""
        edited = self.edit_clock.read()
        return StageTime(edited.wall + self._batches.waited, edited.cpu)

    def _add_frame(self, frame: av.VideoFrame) -> None:
        info = FrameInfo(self.frames, frame.pts or 0, frame.time_base or Fraction(0))
        self.frames += 1
        with self.edit_clock:
            pending = self._edit(self._canvas(frame), info)
        self._batches.add((frame, info), pending)

    def _pass_on(self, edited: tuple[_Item, FrameInfo | None]) -> None:
        """Finish and enlarge a frame, or nothing of a packet, and queue it for the encoder."""
        item, info = edited
        if info is not None:
            if self._finish is not None:
                with self.edit_clock:
                    self._finish(self._canvas(cast("av.VideoFrame", item)), info)
            if self._enlarger is not None:
                with self.enlarge_clock:
                    item = enlarge_frame(cast("av.VideoFrame", item), self._enlarger)
            if self._progress is not None:
                self._progress(info)
        self._threads.edited.put(item)

    def _canvas(self, frame: av.VideoFrame) -> VideoCanvas:
        reader = self._reader
        return VideoCanvas(frame, reader.orientation, pixel_aspect(reader))


class _CodecThreads:
    """The decoding and the encoding thread, and the queues between them and the caller's."""

    def __init__(
        self,
        reader: VideoReader,
        output_file: WritableFile,
        kind: ContainerKind,
        settings: EncoderSettings,
        *,
        scale: int,
        queue_length: int,
        contents: FileContents,
    ) -> None:
        """Start both threads. Raises ``OutputError`` if the settings do not suit the container."""
        settings.check(kind)
        self.decoded: BoundedQueue[_Item] = BoundedQueue(queue_length)
        self.edited: BoundedQueue[_Item] = BoundedQueue(max(1, queue_length // scale**2))
        self.source_pixel_format = ""
        self.tracks = TrackReport(0, (), ())
        self.decode_clock, self.encode_clock = StageClock(), StageClock()
        self._reader = reader
        self._scale = scale
        self._transparency, self._captions = TransparencyWatch(reader.stream), CaptionsWatch()
        self._plan = partial(plan_picture, settings, kind)
        writer = partial(VideoWriter, output_file, kind, reader, scale=scale, contents=contents)
        self._output = _Output(writer)
        self._failure: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._guard, args=(stage,), name=name, daemon=True)
            for stage, name in ((self._decode, "decode"), (self._encode, "encode"))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def plan(self) -> PicturePlan:
        """How the picture is encoded; known after the first frame."""
        if self._output.plan is None:
            raise AssertionError("no frame was decoded, which is an error of its own")
        return self._output.plan

    def run_with(self, edit_all: Callable[[], None]) -> None:
        """Call ``edit_all`` in this thread and wait for the others.

        Raises the first exception of any of the three, once both threads have ended.
        """
        try:
            self._guard(edit_all)
        finally:
            self._join()
        if self._failure is not None:
            raise self._failure

    def _guard(self, stage: Callable[[], None]) -> None:
        """Run ``stage``; if it fails, keep the first failure of all and stop the others."""
        try:
            stage()
        except QueueStoppedError:
            pass  # another stage failed, and its exception is the one that counts
        except BaseException as error:  # noqa: BLE001 - raised by run_with, after the threads ended
            self._stop(error)

    def _stop(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = error
        self.decoded.stop()
        self.edited.stop()

    def _join(self) -> None:
        """Wait for both threads; Ctrl-C while waiting stops them first."""
        for thread in self._threads:
            while thread.is_alive():
                try:
                    thread.join()
                except KeyboardInterrupt as error:
                    self._stop(error)

    def _decode(self) -> None:
        items = self._reader.items(_other_tracks(self._reader))
        while (item := self._next_item(items)) is not None:
            self.decoded.put(item)
        self.decoded.finish()

    def _next_item(self, items: Iterator[_Item]) -> _Item | None:
        with self.decode_clock:
            item = next(items, None)
            if not isinstance(item, av.VideoFrame):
                return item
            self._transparency.look(item)
            self._captions.look(item)
            if self._output.plan is None:
                self._output.plan = self._planned(item)
            return to_format(item, self.plan.pixel_format)

    def _planned(self, first: av.VideoFrame) -> PicturePlan:
        """The format to edit and encode in. Raises if the result cannot be encoded."""
        if self._scale > 1 and first.interlaced_frame:
            # Its lines show two moments by turns, which a network would merge for good.
            hint = "Deinterlace it first, or do not enlarge it."
            raise InputError("An interlaced video cannot be enlarged.", hint)
        check_size(self._scale * first.width, self._scale * first.height)
        self.source_pixel_format = first.format.name
        facts = PictureFacts(
            first.format.name,
            first.width,
            first.height,
            curve=first.color_trc,
            is_interlaced=first.interlaced_frame,
            has_static_hdr=self._reader.hdr != StaticHdr(),
            dynamic_hdr=dynamic_hdr(side_data(first)),
            scale=self._scale,
        )
        return self._plan(facts)

    def _encode(self) -> None:
        try:
            for item in self.edited:
                with self.encode_clock:
                    self._output.write(item)
            with self.encode_clock:
                self._output.finish()
            tracks = self._output.tracks
            self.tracks = replace(tracks, dropped=(*self._lost_of_picture(), *tracks.dropped))
        finally:
            self._output.abort()

    def _lost_of_picture(self) -> Iterator[str]:
        if self._transparency.is_seen:
            yield TRANSPARENCY
        if self._captions.are_lost_by(self.plan.codec):
            yield CAPTIONS


class _Output:
    """The output, whose writer cannot be made before the first frame is known."""

    def __init__(self, make: Callable[[PicturePlan, av.VideoFrame], VideoWriter]) -> None:
        self.plan: PicturePlan | None = None
        """How the picture is encoded; set before the first frame comes."""
        self._make = make
        self._writer: VideoWriter | None = None
        self._early: list[av.Packet[Any]] = []

    @property
    def tracks(self) -> TrackReport:
        """What became of the other tracks."""
        return TrackReport(0, (), ()) if self._writer is None else self._writer.report

    def write(self, item: _Item) -> None:
        """Write a frame, or a packet of another track; packets before the first frame wait."""
        if isinstance(item, av.VideoFrame):
            self._opened(item).write_frame(item)
        elif self._writer is None:
            self._early.append(item)
        else:
            self._writer.write_packet(item)

    def finish(self) -> None:
        """See ``VideoWriter.finish``."""
        if self._writer is not None:
            self._writer.finish()

    def abort(self) -> None:
        """See ``VideoWriter.abort``."""
        if self._writer is not None:
            self._writer.abort()

    def _opened(self, first: av.VideoFrame) -> VideoWriter:
        if self._writer is None:
            if self.plan is None:
                raise AssertionError("a frame came before the plan for it")
            self._writer = self._make(self.plan, first)
            for packet in self._early:
                self._writer.write_packet(packet)
            self._early.clear()
        return self._writer


def _other_tracks(reader: VideoReader) -> list[av.stream.Stream]:
    """Sound and subtitles, of which FFmpeg knows the codec."""
    return [
        stream
        for stream in reader.container.streams
        if stream.type in ("audio", "subtitle") and stream.codec_context is not None
    ]

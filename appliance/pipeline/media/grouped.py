"""A video from source to sink, its frames in groups, several groups at work at once.

For engines whose networks take many frames at a time: while a GPU computes one group, other
threads prepare the next and finish the last. Frames leave in the order they came in.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeAlias

import av

from appliance.pipeline.media.channel import StoppedError
from appliance.pipeline.media.encoder import ContainerName, EncoderSettings
from appliance.pipeline.media.reader import FrameInfo, VideoReader
from appliance.pipeline.media.streams import Sink, Source
from appliance.pipeline.media.transcode import IDLE, StageTime, Transcoded, Transcoding
from appliance.pipeline.media.video_canvas import VideoCanvas

GroupEdit: TypeAlias = "Callable[[Sequence[VideoCanvas], Sequence[FrameInfo]], None]"


def transcode_grouped(
    source: Source,
    sink: Sink,
    edit: GroupEdit,
    *,
    container: ContainerName,
    settings: EncoderSettings | None = None,
    size: int = 16,
    workers: int = 3,
) -> Transcoded:
    """As :func:`transcode`, but ``edit`` gets ``size`` frames at a time, in ``workers`` threads.

    ``edit`` must not mind that groups overlap in time. Memory: (``workers`` + 2) x ``size``
    frames. ``edit`` in the result is the time that this thread waited for groups.
    """
    started = time.monotonic()
    with VideoReader(source) as reader, ThreadPoolExecutor(workers) as pool:
        chosen = settings or EncoderSettings()
        run = Transcoding(reader, sink, container, chosen, waiting=2 * size)
        waited = 0.0
        try:
            at_work: deque[tuple[list[Any], Future[None]]] = deque()
            for group in _groups(run.decoded, size):
                frames = [item for item in group if isinstance(item, av.VideoFrame)]
                infos = [run.info(frame) for frame in frames]
                canvases = [VideoCanvas(frame, reader.orientation) for frame in frames]
                at_work.append((group, pool.submit(edit, canvases, infos)))
                if len(at_work) > workers:
                    waited += _hand_on(run, at_work.popleft())
            while at_work:
                waited += _hand_on(run, at_work.popleft())
            run.edited.finish()
        except StoppedError:
            pass  # a thread failed; its reason is raised below
        except BaseException as error:  # noqa: BLE001 - raised below, after the threads ended
            run.stop(error)
        finally:
            run.join()
        if run.failure is not None:
            raise run.failure
        return run.summary(StageTime(waited, 0.0), IDLE, time.monotonic() - started)


def _groups(items: Iterator[Any] | Any, size: int) -> Iterator[list[Any]]:
    """Items as they come, cut after every ``size``-th frame; packets stay between the frames."""
    group: list[Any] = []
    frames = 0
    for item in items:
        group.append(item)
        frames += isinstance(item, av.VideoFrame)
        if frames == size:
            yield group
            group, frames = [], 0
    if group:
        yield group


def _hand_on(run: Transcoding, work: tuple[list[Any], Future[None]]) -> float:
    """Wait for a group and pass it to the encoder; the seconds waited."""
    group, done = work
    started = time.monotonic()
    done.result()
    waited = time.monotonic() - started
    for item in group:
        run.edited.put(item)
    return waited

from __future__ import annotations

import io
import threading
from collections.abc import Sequence

import numpy as np
import pytest

from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.encoder import EncoderSettings
from appliance.pipeline.media.video.ordered_batches import DeferredWork, OrderedBatches
from appliance.pipeline.media.video.reader import FrameInfo
from appliance.pipeline.media.video.transcode import transcode
from tests.pipeline.media import clips
from tests.pipeline.media.clips import Clip, Sound

CLIP = Clip(frames=20, sounds=(Sound(),))


def leave(_canvas: VideoCanvas, info: FrameInfo) -> int:
    return info.index


def frames(data: bytes) -> list[tuple[int | None, np.ndarray]]:
    return [(frame.pts, frame.to_ndarray(format="rgb24")) for frame in clips.decode(data)]


@pytest.mark.parametrize(("size", "workers"), [(1, 1), (4, 2), (7, 3), (100, 2)])
def test_batches_give_what_single_frames_give(size: int, workers: int) -> None:
    clip = clips.make(CLIP)
    wanted, found = io.BytesIO(), io.BytesIO()
    # Lossless: with its threads x264 does not choose the same losses every time.
    exact = EncoderSettings(crf=0)
    transcode(
        io.BytesIO(clip), wanted, lambda _canvas, _info: None, container="mp4", settings=exact
    )
    seen: list[int] = []
    reported: list[int] = []
    lock = threading.Lock()

    def finish(indices: Sequence[int]) -> None:
        assert len(indices) <= size
        assert list(indices) == list(range(indices[0], indices[0] + len(indices)))
        with lock:
            seen.extend(indices)

    done = transcode(
        io.BytesIO(clip),
        found,
        leave,
        deferred=DeferredWork(finish, size, workers),
        container="mp4",
        settings=exact,
        progress=lambda info: reported.append(info.index),
    )
    assert done.frames == 20
    assert sorted(seen) == reported == list(range(20))
    for (time, picture), (right_time, right) in zip(
        frames(found.getvalue()), frames(wanted.getvalue()), strict=True
    ):
        assert time == right_time
        np.testing.assert_array_equal(picture, right)


def test_a_failing_batch_ends_the_run() -> None:
    def finish(indices: Sequence[int]) -> None:
        if indices[0] >= 8:
            raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        transcode(
            io.BytesIO(clips.make(CLIP)),
            io.BytesIO(),
            leave,
            deferred=DeferredWork(finish, 4, 3),
            container="mp4",
        )


def test_items_leave_in_order_and_as_soon_as_they_can() -> None:
    """A slow first batch holds the others back; at most one more than the workers waits."""
    first, out = threading.Event(), list[int]()
    begun = list[int]()

    def finish(left: Sequence[int]) -> None:
        begun.append(left[0])
        if left[0] == 0:
            first.wait(10)

    with OrderedBatches(DeferredWork(finish, 2, 2), out.append) as batches:
        for number in range(4):
            batches.add(number, number)
        assert out == []
        first.set()
        batches.add(4, 4)
        batches.add(5, 5)  # the third batch: the first must leave
        assert out == [0, 1]
        batches.finish()
    assert out == [0, 1, 2, 3, 4, 5]
    assert sorted(begun) == [0, 2, 4]


def test_frames_without_deferred_work_keep_their_place() -> None:
    out = list[str]()
    finished = list[Sequence[str]]()
    with OrderedBatches(DeferredWork(finished.append, 3, 1), out.append) as batches:
        batches.add("sound", frame=False)
        batches.add("a", "A")
        batches.add("b")
        batches.add("c", "C")
        batches.add("d")
        batches.finish()
    assert out == ["sound", "a", "b", "c", "d"]
    assert finished == [["A", "C"]]

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
def test_groups_give_what_single_frames_give(size: int, workers: int) -> None:
    clip = clips.make(CLIP)
    wanted, found = io.BytesIO(), io.BytesIO()
    # Lossless: with its threads x264 does not choose the same losses every time.
    exact = EncoderSettings(crf=0)
    transcode(
        io.BytesIO(clip), wanted, lambda _canvas, _info: None, container="mp4", settings=exact
    )
    seen: list[int] = []
    told: list[int] = []
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
        rest=DeferredWork(finish, size, workers),
        container="mp4",
        settings=exact,
        progress=lambda info: told.append(info.index),
    )
    assert done.frames == 20
    assert sorted(seen) == told == list(range(20))
    for (time, picture), (right_time, right) in zip(
        frames(found.getvalue()), frames(wanted.getvalue()), strict=True
    ):
        assert time == right_time
        np.testing.assert_array_equal(picture, right)


def test_a_failing_group_ends_the_run() -> None:
    def finish(indices: Sequence[int]) -> None:
        if indices[0] >= 8:
            raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        transcode(
            io.BytesIO(clips.make(CLIP)),
            io.BytesIO(),
            leave,
            rest=DeferredWork(finish, 4, 3),
            container="mp4",
        )


def test_what_is_added_meanwhile_waits_for_its_turn_and_no_longer() -> None:
    """A slow first group holds the others back; never more than one beyond the workers waits."""
    first, out = threading.Event(), list[int]()
    begun = list[int]()

    def finish(left: Sequence[int]) -> None:
        begun.append(left[0])
        if left[0] == 0:
            first.wait(10)

    with OrderedBatches(DeferredWork(finish, 2, 2), out.append) as groups:
        for number in range(4):
            groups.add(number, number)
        assert out == []
        first.set()
        groups.add(4, 4)
        groups.add(5, 5)  # the third group: the first must leave
        assert out == [0, 1]
        groups.finish()
    assert out == [0, 1, 2, 3, 4, 5]
    assert sorted(begun) == [0, 2, 4]


def test_frames_with_nothing_left_keep_their_place() -> None:
    out = list[str]()
    finished = list[Sequence[str]]()
    with OrderedBatches(DeferredWork(finished.append, 3, 1), out.append) as groups:
        groups.add("sound", frame=False)
        groups.add("a", "A")
        groups.add("b")
        groups.add("c", "C")
        groups.add("d")
        groups.finish()
    assert out == ["sound", "a", "b", "c", "d"]
    assert finished == [["A", "C"]]

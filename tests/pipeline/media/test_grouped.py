from __future__ import annotations

import io
import threading
from collections.abc import Sequence

import numpy as np
import pytest

from appliance.pipeline.media.encoder import EncoderSettings
from appliance.pipeline.media.grouped import transcode_grouped
from appliance.pipeline.media.reader import FrameInfo
from appliance.pipeline.media.transcode import transcode
from appliance.pipeline.media.video_canvas import VideoCanvas
from tests.pipeline.media import clips
from tests.pipeline.media.clips import Clip, Sound

CLIP = Clip(frames=20, sounds=(Sound(),))


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
    lock = threading.Lock()

    def edit(canvases: Sequence[VideoCanvas], infos: Sequence[FrameInfo]) -> None:
        assert len(canvases) == len(infos) <= size
        with lock:
            seen.extend(info.index for info in infos)

    done = transcode_grouped(
        io.BytesIO(clip), found, edit, container="mp4", settings=exact, size=size, workers=workers
    )
    assert done.frames == 20
    assert sorted(seen) == list(range(20))
    for (time, picture), (right_time, right) in zip(
        frames(found.getvalue()), frames(wanted.getvalue()), strict=True
    ):
        assert time == right_time
        np.testing.assert_array_equal(picture, right)


def test_a_failing_group_ends_the_run() -> None:
    source = io.BytesIO(clips.make(CLIP))

    def edit(_canvases: Sequence[VideoCanvas], infos: Sequence[FrameInfo]) -> None:
        if infos[0].index >= 8:
            raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        transcode_grouped(source, io.BytesIO(), edit, container="mp4", size=4)

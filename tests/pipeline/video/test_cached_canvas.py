"""A cached canvas reads and writes as the canvas itself would, with fewer calls to it."""

from __future__ import annotations

import av
import numpy as np

from appliance.pipeline.media.canvas import Box, Mask, Rgb
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.video.cached_canvas import CachedCanvas

BOX = Box(10, 6, 60, 40)


class _Counted(VideoCanvas):
    def __init__(self) -> None:
        rgb = np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8)
        super().__init__(av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format="yuv420p"))
        self.reads: list[Box] = []
        self.writes: list[Box] = []

    def read(self, box: Box, factor: int = 1) -> Rgb:
        self.reads.append(box)
        return super().read(box, factor)

    def write(self, box: Box, rgb: Rgb, support: Mask, known: Rgb | None = None) -> None:
        self.writes.append(box)
        super().write(box, rgb, support, known)


def test_a_part_of_a_box_is_not_read_again_until_something_is_written() -> None:
    canvas = _Counted()
    frame = CachedCanvas(canvas)
    whole = frame.read(BOX)
    part = frame.read(Box(20, 10, 8, 8))
    assert canvas.reads == [BOX]
    np.testing.assert_array_equal(part, whole[4:12, 10:18])
    frame.write(BOX, np.invert(whole), np.ones((40, 60), np.uint8))
    assert (frame.read(BOX) != whole).any()
    assert canvas.reads == [BOX, BOX]


def test_a_smaller_picture_is_read_from_the_canvas_and_not_kept() -> None:
    canvas = _Counted()
    frame = CachedCanvas(canvas)
    small = frame.read(BOX, 2)
    np.testing.assert_array_equal(small, VideoCanvas(canvas.frame).read(BOX, 2))
    assert frame.read(BOX).shape == (40, 60, 3)
    assert canvas.reads == [BOX, BOX]


def test_only_the_bounds_of_the_support_are_written_with_the_same_result() -> None:
    support = np.zeros((40, 60), np.uint8)
    support[11:20, 7:30] = 1
    plain, canvas = _Counted(), _Counted()
    frame = CachedCanvas(canvas)
    rgb = frame.read(BOX) // 2
    rgb[12] = frame.read(BOX)[12]  # pixels with an unchanged value
    frame.write(BOX, rgb, support)
    plain.write(BOX, rgb, support)
    assert canvas.writes == [Box(17, 17, 23, 9)]
    np.testing.assert_array_equal(canvas.frame.to_ndarray(), plain.frame.to_ndarray())
    frame.write(BOX, rgb, np.zeros_like(support))
    assert len(canvas.writes) == 1

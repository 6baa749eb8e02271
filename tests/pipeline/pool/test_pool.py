"""A video edited by several processes comes out as if one process had edited it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Image_

from appliance.errors import ModelError, NoFaceError, ProviderError
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.trust import INSPECTION
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.media.video.encoder import EncoderSettings
from appliance.pipeline.pool.coordinator import (
    LONGEST_SEGMENT,
    RUN_UP,
    USUAL_SEGMENT,
    PoolEditor,
    ProcessPool,
)
from appliance.pipeline.pool.messages import Message, MessageChannel, Segment, channel_pair
from appliance.pipeline.run import SwapOptions, SwapReport, read_source, swap_video
from appliance.pipeline.selection import FaceRule, FaceSelection
from appliance.pipeline.video.frame_editor import VideoEditor
from appliance.signatures.minisign import SignatureError
from tests.inference.packs import write_standins
from tests.paths import REPOSITORY
from tests.pipeline.media.clips import decode
from tests.pipeline.pictures import cell
from tests.pipeline.videos import encoded

PROGRAM = Path(__file__).with_name("member_process.py")
LENGTH = 24


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_standins(tmp_path_factory.mktemp("pack"), "inswapper", "arcface")


@pytest.fixture(scope="module")
def generating(pack: Path, runtime: Runtime) -> Pipeline:
    return Pipeline.load(ModelPack.open(), runtime, [ModelPack.open(pack, INSPECTION)])


@contextmanager
def started_pool(
    pack: Path, photo: Path, which: str, members: int = 2, channels: int = 1
) -> Iterator[ProcessPool]:
    """A pool of processes that run ``member_process``; they end with the context."""
    memory = os.memfd_create("frames")
    processes, our_ends = [], []
    for _ in range(members):
        ours, theirs = zip(*(channel_pair() for _ in range(channels)), strict=True)
        inherited = [end for channel in theirs for end in channel.descriptors]
        arguments = [str(memory), str(pack), str(photo), which, *map(str, inherited)]
        command = [sys.executable, "-m", "tests.pipeline.pool.member_process", *arguments]
        passed = (memory, *inherited)
        processes.append(subprocess.Popen(command, pass_fds=passed, cwd=REPOSITORY))
        for channel in theirs:
            channel.close()
        our_ends.append(ours)
    pool = ProcessPool(memory, tuple(our_ends))
    try:
        yield pool
    finally:
        pool.close()
        for process in processes:
            process.wait(60)


def swapped(
    pipeline: Pipeline,
    photo: Photo,
    clip: bytes,
    which: FaceRule,
    editor: VideoEditor | None = None,
) -> tuple[list[Image], SwapReport]:
    sink = io.BytesIO()
    report = swap_video(
        pipeline,
        read_source(pipeline, [photo]),
        io.BytesIO(clip),
        sink,
        SwapOptions(FaceSelection(which)),
        container="mp4",
        settings=EncoderSettings(crf=0),
        editor=editor,
    )
    frames = [frame.to_ndarray(format="rgb24") for frame in decode(sink.getvalue())]
    return [np.asarray(frame, np.uint8) for frame in frames], report


def differences(one: list[Image], other: list[Image]) -> np.ndarray:
    """Mean absolute difference of each pair of frames, in levels of 0-255."""
    return np.array([np.abs(a.astype(int) - b).mean() for a, b in zip(one, other, strict=True)])


def test_segments_join_without_a_visible_seam(
    generating: Pipeline,
    pack: Path,
    portraits: Mapping[str, Path],
    photos: Mapping[str, Photo],
    single_face_clip: Path,
) -> None:
    """The third segment starts from its run-up alone; the second from the whole first segment."""
    clip = single_face_clip.read_bytes()
    alone, wanted = swapped(generating, photos["b_1"], clip, FaceRule.LARGEST)
    off = {}
    for run_up in (RUN_UP, 1):
        with started_pool(pack, portraits["person_b_1"], "largest") as pool:
            pool.wait_until_ready()
            editor = PoolEditor(pool.memory, pool.channels, LENGTH, run_up)
            shared, report = swapped(generating, photos["b_1"], clip, FaceRule.LARGEST, editor)
        assert len(shared) == len(alone) == report.frames == 72
        assert report.faces_swapped == wanted.faces_swapped == 72
        assert report.similarity_before == pytest.approx(wanted.similarity_before, abs=0.1)
        off[run_up] = differences(shared, alone)
    assert not off[RUN_UP][: 2 * LENGTH].any()
    assert off[RUN_UP].max() < 0.1
    # Far below the change from one frame to the next. Without a run-up the seam is visible.
    assert off[RUN_UP].max() < 0.1 * differences(alone[1:], alone[:-1]).mean()
    assert off[1].max() > 2 * off[RUN_UP].max()


def test_the_tracked_face_is_chosen_once_a_shot(
    generating: Pipeline,
    pack: Path,
    portraits: Mapping[str, Path],
    photos: Mapping[str, Photo],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One face shrinks while another grows: by itself the second segment would choose the other."""

    def frame(share: float) -> Image:
        picture = np.full((300, 600, 3), 128, np.uint8)
        for name, left, way in (("b_1", 0, 1 - share), ("d_1", 300, share)):
            side = round(160 + 120 * way)
            picture[:side, left : left + side] = cell(photos[name], side)
        return picture

    clip = encoded([frame(min(1.0, index / 20)) for index in range(40)])
    alone, _ = swapped(generating, photos["a_1"], clip, FaceRule.LARGEST)
    asked: list[Segment] = []
    send = MessageChannel.send

    def noted(self: MessageChannel, message: Message) -> None:
        if isinstance(message, Segment):
            asked.append(message)
        send(self, message)

    monkeypatch.setattr(MessageChannel, "send", noted)
    with started_pool(pack, portraits["person_a_1"], "largest") as pool:
        pool.wait_until_ready()
        editor = PoolEditor(pool.memory, pool.channels, 20, 6)
        shared, report = swapped(generating, photos["a_1"], clip, FaceRule.LARGEST, editor)
    assert [segment.initial is None for segment in asked] == [True, True, False]
    assert report.faces_swapped == 40
    right = np.array([np.abs(a.astype(int) - b) for a, b in zip(shared, alone, strict=True)])
    assert right.mean(axis=(1, 2, 3)).max() < 0.1
    assert not right[:, :, 300:].any()


def test_frames_without_a_face_come_back_unchanged(
    generating: Pipeline, pack: Path, portraits: Mapping[str, Path], photos: Mapping[str, Photo]
) -> None:
    grey = np.full((240, 240, 3), 128, np.uint8)
    person = cell(photos["b_1"], 240)
    clip = encoded([person] * 3 + [grey] * 6 + [person] * 2)
    alone, wanted = swapped(generating, photos["a_1"], clip, FaceRule.ALL)
    with started_pool(pack, portraits["person_a_1"], "all", members=1, channels=3) as pool:
        pool.wait_until_ready()
        editor = PoolEditor(pool.memory, pool.channels, 4, 2)
        shared, report = swapped(generating, photos["a_1"], clip, FaceRule.ALL, editor)
    np.testing.assert_array_equal(shared, alone)
    assert (report.frames, report.frames_swapped) == (11, wanted.frames_swapped) == (11, 5)


def test_the_error_of_a_member_is_the_error_of_the_job(
    pack: Path, portraits: Mapping[str, Path], tmp_path: Path
) -> None:
    empty = tmp_path / "empty.png"
    Image_.new("RGB", (200, 200)).save(empty)
    with (
        started_pool(pack, empty, "all") as pool,
        pytest.raises(NoFaceError, match="source photo 1"),
    ):
        pool.wait_until_ready()
    with (
        started_pool(pack, portraits["person_a_1"], "dies") as pool,
        pytest.raises(ProviderError, match="ended before it was done"),
    ):
        pool.wait_until_ready()


def test_an_error_defined_outside_of_the_error_module_comes_back_as_itself(
    pack: Path, portraits: Mapping[str, Path]
) -> None:
    with (
        started_pool(pack, portraits["person_a_1"], "untrusted", members=1) as pool,
        pytest.raises(SignatureError) as caught,
    ):
        pool.wait_until_ready()
    assert caught.value.exit_code == ModelError.exit_code


def test_fewer_segments_of_a_larger_video_are_in_memory_at_once() -> None:
    pool = ProcessPool(0, tuple(tuple(channel_pair()[0] for _ in range(2)) for _ in range(4)))
    at_once = {}
    for width, pixel_format in ((1920, "yuv420p"), (3840, "yuv420p"), (3840, "yuv420p10le")):
        editor = pool.editor(width, width * 9 // 16, pixel_format)
        assert editor is not None
        at_once[width, pixel_format] = editor.deferred.workers
    assert list(at_once.values()) == [8, 6, 2]
    assert pool.editor(8192, 8192, "yuv420p") is None


def test_segments_of_a_long_video_are_longer() -> None:
    pool = ProcessPool(0, tuple(tuple(channel_pair()[0] for _ in range(2)) for _ in range(4)))
    lengths = {}
    for frames in (None, 0, 300, 1800, 100_000):
        editor = pool.editor(1280, 720, "yuv420p", frames)
        assert editor is not None
        lengths[frames] = editor.deferred.size
    assert lengths == {
        None: USUAL_SEGMENT,
        0: USUAL_SEGMENT,
        300: USUAL_SEGMENT,
        1800: 75,
        100_000: LONGEST_SEGMENT,
    }

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from tests.cli.conftest import CANARY, Call, Outcome
from tests.pipeline.media.clips import Clip, make
from tests.pipeline.media.films import sounding

People = Mapping[str, Path]


def times(path: Path, kind: str) -> list[Fraction]:
    """When each packet of a track is shown, in seconds."""
    with av.open(str(path)) as container:
        (stream,) = [one for one in container.streams if one.type == kind]
        packets = [packet for packet in container.demux(stream) if packet.pts is not None]
        return sorted(packet.pts * packet.time_base for packet in packets if packet.pts is not None)


def frames(path: Path) -> list[Any]:
    """The pictures of a video."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.fixture
def clip_swap(call: Call, people: People, clip: Path) -> Call:
    """Person a on the real clip."""

    def clip_swap(*more: str | Path) -> Outcome:
        return call("swap", "--source", people["a"], "--target", clip, *more)

    return clip_swap


def test_a_video_is_swapped_and_summarised(clip_swap: Call, clip: Path, folder: Path) -> None:
    output = folder / "out.mp4"
    outcome = clip_swap("--output", output)
    assert outcome.code == 0
    assert outcome.err.splitlines()[-1].startswith("72 of 72 frames, ")
    lines = dict(line.split("  ", 1) for line in outcome.out.splitlines())
    assert lines["engine"].strip() == "geometric simulation"
    assert lines["frames"].strip() == "72, of which 72 swapped"
    assert lines["audio, subtitles"].strip() == "1 copied unchanged"
    assert "frames/s" in lines["speed"]
    assert times(output, "video") == times(clip, "video")
    assert times(output, "audio") == times(clip, "audio")
    assert [path.name for path in folder.iterdir()] == ["out.mp4"]


@pytest.mark.parametrize(
    ("name", "muxer", "copied"),
    [("out.mkv", "matroska", 1), ("out.webm", "matroska", 0), ("out", "mov", 1)],
)
def test_the_suffix_decides_the_container(
    name: str, muxer: str, copied: int, clip_swap: Call, folder: Path
) -> None:
    outcome = clip_swap("--output", folder / name, "--json", "--region", "nose=1")
    assert (outcome.code, outcome.err) == (0, "")
    found = outcome.json
    assert found["kind"] == "video"
    assert (found["frames"], found["frames_swapped"]) == (72, 72)
    assert found["similarity"]["before"] < found["similarity"]["after"]
    # WebM takes no MP3.
    assert found["tracks"]["copied"] == copied
    assert len(found["tracks"]["reencoded"]) == 1 - copied
    assert found["tracks"]["dropped"] == []
    assert found["fps"] > 0
    with av.open(str(folder / name)) as container:
        assert container.format.name.startswith(muxer)


@pytest.mark.parametrize("name", ["out.png", "out.txt"])
def test_a_suffix_of_no_video_container_is_refused(
    name: str, clip_swap: Call, folder: Path
) -> None:
    outcome = clip_swap("--output", folder / name)
    assert outcome.code == 7
    assert ".mp4" in outcome.err
    assert not list(folder.iterdir())


@pytest.mark.parametrize("scale", [2, 4])
def test_a_video_is_enlarged(
    scale: int, call: Call, people: People, faceless_video: Path, folder: Path
) -> None:
    output = folder / "out.mp4"
    swap = ("swap", "--source", people["a"], "--target", faceless_video, "--strength", "0")
    outcome = call(*swap, "--output", output, "--upscale", str(scale))
    assert outcome.code == 0
    assert outcome.err.splitlines()[-1].startswith("5 of 5 frames, ")
    assert times(output, "video") == times(faceless_video, "video")
    for small, large in zip(frames(faceless_video), frames(output), strict=True):
        assert large.shape == (scale * small.shape[0], scale * small.shape[1], 3)
        again = cv2.resize(large, small.shape[1::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(again.astype(int) - small).mean() < 3


def test_a_video_that_would_be_too_large_is_refused_before_it_is_read(
    call: Call, people: People, folder: Path, tmp_path: Path
) -> None:
    wide = tmp_path / f"{CANARY}-wide.mp4"
    wide.write_bytes(make(Clip(size=(4112, 16), frames=2)))
    swap = ("swap", "--source", people["a"], "--target", wide, "--strength", "0")
    more = ("--output", folder / "out.mp4")
    assert call(*swap, *more, "--upscale", "4").code == 7
    assert not list(folder.iterdir())
    assert call(*swap, *more).code == 0


def test_a_video_without_faces_gives_no_result(
    call: Call, people: People, faceless_video: Path, folder: Path
) -> None:
    swap = ("swap", "--source", people["a"], "--target", faceless_video)
    outcome = call(*swap, "--output", folder / "out.mp4", "--json")
    assert outcome.code == 4
    assert "not found in any frame" in outcome.err
    assert not list(folder.iterdir())


def test_strength_0_on_a_video_without_faces_copies_it(
    call: Call, people: People, faceless_video: Path, folder: Path
) -> None:
    swap = ("swap", "--source", people["a"], "--target", faceless_video)
    outcome = call(*swap, "--output", folder / "out.mp4", "--json", "--strength", "0")
    assert outcome.code == 0
    assert outcome.json["frames_swapped"] == 0
    assert times(folder / "out.mp4", "video") == times(faceless_video, "video")


def test_without_a_suffix_webm_stays_webm(call: Call, people: People, folder: Path) -> None:
    target = folder / "target"
    target.write_bytes(make(Clip(container="webm", codec="libvpx-vp9", frames=3)))
    swap = ("swap", "--source", people["a"], "--target", target, "--strength", "0")
    assert call(*swap, "--output", folder / "out").code == 0
    assert call("inspect", folder / "out", "--json").json["video"]["container"] == "webm"


def test_a_video_cut_short_leaves_nothing(clip_swap: Call, clip: Path, folder: Path) -> None:
    clip.write_bytes(clip.read_bytes()[:-20_000])
    outcome = clip_swap("--output", folder / "out.mp4")
    assert outcome.code == 3
    assert "The target: " in outcome.err
    assert not list(folder.iterdir())


def test_ctrl_c_during_a_video_leaves_nothing(
    people: People, clip: Path, tmp_path: Path, folder: Path
) -> None:
    longer = tmp_path / f"{CANARY}-longer.mp4"
    repeat(clip, longer, 24)
    words = ("--source", people["a"], "--target", longer, "--output", folder / "out.mp4")
    process = subprocess.Popen(
        [sys.executable, "-m", "appliance.cli.main", "swap", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not is_writing(process.pid, folder):
        assert process.poll() is None, "it ended before it could be stopped"
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130
    assert out == ""
    assert err.splitlines()[-1] == "interrupted; nothing was written"
    assert CANARY not in err
    assert "Traceback" not in err
    assert not list(folder.iterdir())


def is_writing(pid: int, folder: Path) -> bool:
    """Whether the process holds a file in ``folder``, nameless or not, with bytes in it."""
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if f"{folder.resolve()}/" in str(link.readlink()):
                return link.stat().st_size > 0
        except FileNotFoundError:
            continue
    return False


def repeat(clip: Path, longer: Path, count: int) -> None:
    """The picture of ``clip`` ``count`` times over."""
    with av.open(str(longer), "w") as output:
        stream: Any = None
        for turn in range(count):
            with av.open(str(clip)) as source:
                picture = source.streams.video[0]
                stream = stream or output.add_stream_from_template(picture)
                offset = turn * (picture.duration or 0)
                for packet in source.demux(picture):
                    if packet.pts is None or packet.dts is None:
                        continue
                    packet.pts += offset
                    packet.dts += offset
                    packet.stream = stream
                    output.mux(packet)


@pytest.mark.parametrize("data", [b"FLV\1" + bytes(99), b"GIF89a" + bytes(99), b"nothing known"])
def test_a_target_of_another_kind_gets_the_list_of_what_is_taken(
    data: bytes, call: Call, people: People, folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    target.write_bytes(data)
    swap = ("swap", "--source", people["a"], "--target", target)
    for words in ((*swap, "--output", folder / "out.mp4"), ("inspect", target)):
        outcome = call(*words)
        assert outcome.code == 3
        assert "MP4" in outcome.err
    # A source has to be a photo.
    assert "WebM" not in call("compare", target, people["a"], "-o", folder / "out.png").err


def test_a_transport_stream_without_a_suffix_becomes_an_mp4(
    call: Call, people: People, folder: Path
) -> None:
    target = folder / "00001.MTS"
    target.write_bytes(sounding("ts", "ac3", "stereo"))
    swap = ("swap", "--source", people["a"], "--target", target, "--strength", "0")
    outcome = call(*swap, "--output", folder / "out", "--json")
    assert outcome.code == 0
    assert outcome.json["tracks"] == {"copied": 1, "reencoded": [], "dropped": []}
    assert call("inspect", target, "--json").json["video"]["container"] == "ts"
    assert call("inspect", folder / "out", "--json").json["video"]["container"] == "mp4"

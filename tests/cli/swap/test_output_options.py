"""``--container``, ``--codec`` and ``--quality``: what they do, and what contradicts what."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import CANARY, Call, Outcome
from tests.pipeline.media.clips import Clip, make

People = Mapping[str, Path]


@pytest.fixture
def film_swap(call: Call, people: People, faceless_video: Path) -> Call:
    """Nothing is changed in a video of 8 bits, so only its encoding counts."""

    def film_swap(*more: str | Path) -> Outcome:
        swap = ("swap", "--source", people["a"], "--target", faceless_video, "--strength", "0")
        return call(*swap, *more)

    return film_swap


@pytest.fixture
def photo_swap(call: Call, people: People) -> Call:
    """The same with a photo."""

    def photo_swap(*more: str | Path) -> Outcome:
        swap = ("swap", "--source", people["a"], "--target", people["c"], "--strength", "0")
        return call(*swap, *more)

    return photo_swap


def opened(path: Path) -> tuple[str, str]:
    """FFmpeg's names of a video's demuxer, the first of several, and codec."""
    with av.open(str(path)) as container:
        codec = container.streams.video[0].codec_context.codec.canonical_name
        return container.format.name.partition(",")[0], codec


@pytest.mark.parametrize(
    ("name", "options", "found"),
    [
        ("out", ["--container", "webm"], ("matroska", "vp9")),
        ("out.part", ["--container", "MKV", "--codec", "H265"], ("matroska", "hevc")),
        ("out.mov", ["--container", "mov", "--codec", "hevc"], ("mov", "hevc")),
        ("out.webm", ["--codec", "av1", "--quality", "63"], ("matroska", "av1")),
    ],
)
def test_container_and_codec_can_be_asked_for(
    name: str, options: list[str], found: tuple[str, str], film_swap: Call, folder: Path
) -> None:
    outcome = film_swap("--output", folder / name, *options, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert opened(folder / name) == found
    assert outcome.json["codec"] == found[1]
    assert "converted" not in outcome.json


@pytest.mark.parametrize("quality", ["35", "lossless"])
def test_a_quality_can_be_asked_for(quality: str, film_swap: Call, folder: Path) -> None:
    assert film_swap("--output", folder / "plain.mkv").code == 0
    assert film_swap("--output", folder / "out.mkv", "--quality", quality).code == 0
    plain, asked = ((folder / name).stat().st_size for name in ("plain.mkv", "out.mkv"))
    assert asked > plain if quality == "lossless" else asked < plain


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("out.mkv", ["--container", "mp4"], "suffix means MKV"),
        ("out.jpg", ["--container", "mp4"], "suffix is that of a photo"),
        ("out.jpg", ["--codec", "h264"], "suffix is that of a photo"),
        ("out.webm", ["--codec", "h264"], "Choose vp9 or av1"),
        ("out.mov", ["--codec", "vp9"], "Choose h264 or hevc"),
        ("out", ["--container", "avi", "--codec", "hevc"], "not written with hevc"),
        ("out.mp4", ["--quality", "lossless"], "Write an MKV"),
        ("out.gif", [], "No video container has this suffix"),
    ],
)
def test_what_contradicts_itself_is_refused(
    name: str, options: list[str], words: str, film_swap: Call, folder: Path
) -> None:
    outcome = film_swap("--output", folder / name, *options)
    assert outcome.code == 7
    assert words in outcome.err
    assert not list(folder.iterdir())


@pytest.mark.parametrize("number", ["0", "101", "18.5", "-1", f"{CANARY}"])
def test_a_quality_that_no_encoder_has_is_a_usage_error(number: str, film_swap: Call) -> None:
    outcome = film_swap("--output", "out.mp4", "--quality", number)
    assert outcome.code == 2
    assert "low, medium, high, best, lossless" in outcome.err


def test_a_number_beyond_the_codec_s_scale_is_a_usage_error(film_swap: Call) -> None:
    outcome = film_swap("--output", "out.mp4", "--quality", "60")
    assert outcome.code == 2
    assert "to 51" in outcome.err


def test_standard_output_is_refused(film_swap: Call) -> None:
    outcome = film_swap("--output", "-", "--container", "mkv")
    assert outcome.code == 7
    assert "standard output" in outcome.err


def test_conversions_are_named_for_people_and_for_programs(
    call: Call, people: People, folder: Path
) -> None:
    target = folder / "target.mkv"
    target.write_bytes(make(Clip(container="mkv", codec="ffv1", pixel_format="bgra", frames=3)))
    swap = ("swap", "--source", people["a"], "--target", target, "--strength", "0")
    found = call(*swap, "--output", folder / "out.mp4", "--json").json
    assert found["converted"] == [
        {"what": "colours", "before": "RGB", "after": "YCbCr"},
        {"what": "chroma", "before": "4:4:4", "after": "4:2:0"},
    ]
    lines = call(*swap, "--output", folder / "again.mp4").out.splitlines()
    (line,) = [line for line in lines if line.startswith("converted")]
    assert line.split(maxsplit=1)[1] == "colours RGB to YCbCr; chroma 4:4:4 to 4:2:0"


def test_the_speed_is_that_of_the_whole_run_and_that_of_the_work(
    film_swap: Call, folder: Path
) -> None:
    found = film_swap("--output", folder / "out.mp4", "--json").json
    assert found["fps"] == pytest.approx(found["frames"] / found["seconds"], rel=0.01, abs=0.06)
    whole = found["stages"]["whole"]  # to the millisecond, of perhaps a hundred
    rate = pytest.approx(found["frames"] / whole, rel=0.01 + 0.001 / whole, abs=0.06)
    assert found["fps_at_work"] == rate
    assert found["fps"] < found["fps_at_work"]


def test_a_photo_s_quality_can_be_asked_for(photo_swap: Call, folder: Path) -> None:
    sizes = []
    for quality in ("50", "low"):
        output = folder / f"{quality}.jpg"
        assert photo_swap("--output", output, "--quality", quality).code == 0
        sizes.append(output.stat().st_size)
    assert sizes[0] < sizes[1]


def test_a_photo_can_be_lossless(photo_swap: Call, people: People, folder: Path) -> None:
    output = folder / "out.webp"
    outcome = photo_swap("--output", output, "--quality", "lossless", "--json")
    assert outcome.code == 0
    assert "converted" not in outcome.json
    with Image.open(output) as after, Image.open(people["c"]) as before:
        assert np.array_equal(np.asarray(after.convert("RGB")), np.asarray(before.convert("RGB")))


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("out.png", ["--quality", "low"], "have no quality"),
        ("out.jpg", ["--quality", "lossless"], "never lossless"),
        ("out", ["--codec", "h264"], "neither codec nor container"),
    ],
)
def test_what_a_photo_does_not_have_is_refused(
    name: str, options: list[str], words: str, photo_swap: Call, folder: Path
) -> None:
    outcome = photo_swap("--output", folder / name, *options)
    assert outcome.code == 7
    assert words in outcome.err
    assert not list(folder.iterdir())

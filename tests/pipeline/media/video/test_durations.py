"""How long frames are shown, and how long a file says that it is."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from fractions import Fraction

import av
import pytest

from appliance.pipeline.media.kind import VideoKind
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.encoder import EncoderSettings, VideoCodec
from appliance.pipeline.media.video.reader import FrameInfo
from appliance.pipeline.media.video.transcode import transcode
from tests.pipeline.media.clips import Clip, make

BASE = Fraction(1, 3000)
STEP = 100
REORDERED = {"bf": "1", "b-adapt": "0", "x264-params": "scenecut=0"}
OUTPUTS: list[tuple[VideoKind, VideoCodec]] = [
    ("mp4", "libx264"),
    ("mov", "libx264"),
    ("mp4", "libx265"),
    ("mkv", "libx264"),
    ("webm", "libvpx-vp9"),
]


def converted(data: bytes, container: VideoKind, codec: VideoCodec) -> bytes:
    sink = io.BytesIO()
    transcode(io.BytesIO(data), sink, leave, container=container, settings=EncoderSettings(codec))
    return sink.getvalue()


def leave(canvas: VideoCanvas, info: FrameInfo) -> None:
    """No edit."""


def still(behind: int, container: str = "mp4") -> bytes:
    """Twenty frames; the one after number ``behind`` is shown a minute later."""
    times = [STEP * i + (180_000 if i > behind else 0) for i in range(20)]
    return make(
        Clip(container, size=(64, 48), time_base=BASE, times=times, last=STEP, options=REORDERED)
    )


def lasting(container: str, codec: str = "libx264") -> bytes:
    """Twenty frames of which the last is shown for eight seconds."""
    times = [STEP * i for i in range(20)]
    return make(Clip(container, codec, size=(64, 48), time_base=BASE, times=times, last=24_000))


def durations(data: bytes) -> dict[str, Fraction]:
    """In seconds: what each header of an MP4 or MOV says, and what its samples add up to."""
    found, scale = {}, {}
    for name, body in boxes(data):
        if name in ("mvhd", "mdhd"):
            scale[name], length = struct.unpack(">II", body[12:20])
            found[name] = Fraction(length, scale[name])
        elif name == "tkhd":
            found[name] = Fraction(struct.unpack(">I", body[20:24])[0], scale["mvhd"])
        elif name == "elst":
            found[name] = Fraction(struct.unpack(">I", body[8:12])[0], scale["mvhd"])
        elif name == "stts":
            entries = struct.iter_unpack(">II", body[8:])
            found[name] = sum(count * delta for count, delta in entries) / Fraction(scale["mdhd"])
    return found


def boxes(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The boxes of an MP4 that hold no others, in order."""
    at = 0
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + size]
        if name in (b"moov", b"trak", b"edts", b"mdia", b"minf", b"stbl"):
            yield from boxes(body)
        else:
            yield name.decode("latin-1"), body
        at += size


def length(data: bytes) -> Fraction:
    with av.open(io.BytesIO(data), "r") as container:
        assert container.duration is not None
        return Fraction(container.duration, av.time_base)


@pytest.mark.parametrize("behind", [10, 11, 17, 18])
@pytest.mark.parametrize(("container", "codec"), OUTPUTS)
def test_a_long_still_does_not_make_the_film_longer(
    container: VideoKind, codec: VideoCodec, behind: int
) -> None:
    result = converted(still(behind), container, codec)
    whole = Fraction(180_000 + 20 * STEP, 3000)
    assert abs(length(result) - whole) <= Fraction(1, 1000)
    if container in ("mp4", "mov"):
        said = durations(result)
        assert set(said.values()) == {whole}


@pytest.mark.parametrize("source", ["mp4", "mov", "mkv", "webm"])
@pytest.mark.parametrize(("container", "codec"), OUTPUTS)
def test_the_last_frame_is_shown_as_long_as_it_was(
    container: VideoKind, codec: VideoCodec, source: str
) -> None:
    data = lasting(source, "libvpx-vp9" if source == "webm" else "libx264")
    result = converted(data, container, codec)
    whole = Fraction(19 * STEP + 24_000, 3000)
    assert abs(length(result) - whole) <= Fraction(1, 500)
    if container in ("mp4", "mov"):
        assert all(abs(said - whole) <= Fraction(1, 200) for said in durations(result).values())


def test_one_frame_keeps_its_length() -> None:
    data = make(Clip(size=(64, 48), time_base=BASE, times=[0], last=9000))
    assert abs(length(converted(data, "mp4", "libx264")) - 3) <= Fraction(1, 1000)

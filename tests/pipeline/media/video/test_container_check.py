from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import InputError
from appliance.pipeline.media.kind import video_family
from appliance.pipeline.media.video.container_check import identify_container
from appliance.pipeline.media.video.transcode import transcode
from tests.pipeline.media.clips import Clip, make

KINDS = {
    "mov": ("mp4", "mov"),
    "matroska": ("mkv", "webm"),
    "avi": ("avi",),
    "mpegts": ("ts",),
    "mpeg": ("mpg",),
}
CONTAINERS = {
    "mp4": ("mp4", Clip()),
    "mov": ("mov", Clip(container="mov")),
    "faststart": ("mp4", Clip(muxer_options={"movflags": "frag_keyframe+empty_moov"})),
    "mkv": ("mkv", Clip(container="mkv")),
    "webm": ("webm", Clip(container="webm", codec="libvpx-vp9")),
    "avi": ("avi", Clip(container="avi", codec="mpeg4")),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_complete_file_is_recognised(name: str) -> None:
    kind, clip = CONTAINERS[name]
    file = io.BytesIO(make(clip))
    family = {"mp4": "mov", "mkv": "matroska", "webm": "matroska"}.get(kind, kind)
    assert identify_container(file) == (family, kind)
    assert file.tell() == 0


@pytest.mark.parametrize("lost", [1, 100, 1000, 4000])
@pytest.mark.parametrize("name", CONTAINERS)
def test_a_file_cut_short_is_refused(name: str, lost: int) -> None:
    data = make(CONTAINERS[name][1])
    with pytest.raises(InputError):
        identify_container(io.BytesIO(data[:-lost]))


TRAILERS = {
    "other bytes": bytes(1 + number * 7 % 255 for number in range(1000)),
    "padding": b"\xff" * 4096,
    "zeros": bytes(4096),
    "a tag of MP3": b"TAG" + b" " * 125,
    "a mark": b"8db42d694ccc418790edff439fe026bf",
    "a box of a maker": (500).to_bytes(4, "big") + b"SEFH" + bytes(range(200)),
    "a huge box": b"\x7f\xff\xff\xffuuid" + b"x" * 50,
    "a line break": b"\n",
}


@pytest.mark.parametrize("trailer", TRAILERS)
@pytest.mark.parametrize("name", CONTAINERS)
def test_bytes_behind_the_end_are_no_fault(name: str, trailer: str) -> None:
    kind, clip = CONTAINERS[name]
    data = make(clip) + TRAILERS[trailer]
    assert identify_container(io.BytesIO(data))[1] == kind
    report = transcode(io.BytesIO(data), io.BytesIO(), lambda _canvas, _info: None, container="mkv")
    assert report.frames == 24


@pytest.mark.parametrize("trailer", ["padding", "zeros", "a tag of MP3"])
def test_padding_behind_a_live_recording_is_no_fault(trailer: str) -> None:
    data = make(Clip(container="mkv", muxer_options={"live": "1"}))
    identify_container(io.BytesIO(data + TRAILERS[trailer]))
    with pytest.raises(InputError):
        identify_container(io.BytesIO(data + TRAILERS["other bytes"]))


def test_an_index_in_front_of_other_bytes_is_not_enough() -> None:
    data = make(Clip())
    start, index = data.index(b"mdat") - 4, data.index(b"moov") - 4
    with pytest.raises(InputError, match="short"):
        identify_container(io.BytesIO(data[:start] + data[index:] + TRAILERS["other bytes"] * 9))


def test_a_fragment_of_which_the_beginning_is_there_is_a_fault() -> None:
    data = make(CONTAINERS["faststart"][1])
    for rest in (b"\0\0\0\x68", b"\0\0\0\x68mo", b"\0\0\0\x68moof\0"):
        with pytest.raises(InputError, match="short"):
            identify_container(io.BytesIO(data + rest))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"text, not a video",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"\x47" + bytes(187),
        b"#EXTM3U\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"\x1a\x45\xdf\xa3",
    ],
)
def test_a_file_that_is_not_a_video_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        identify_container(io.BytesIO(data))


@pytest.mark.parametrize("data", [b"GIF89a" + bytes(20), b"RIFF\x20\0\0\0WEBPVP8X" + bytes(20)])
def test_an_animated_picture_is_refused_with_advice(data: bytes) -> None:
    with pytest.raises(InputError, match="Animated") as caught:
        identify_container(io.BytesIO(data))
    assert "MP4" in caught.value.hint


def test_an_unknown_element_counts_as_damage() -> None:
    """If one bit of its identifier flips, FFmpeg leaves a block out without an error."""
    data = bytearray(make(Clip(container="mkv")))
    block = data.index(b"\xe7\x81\x00\xa3") + 3  # the first, after its cluster's time
    data[block] = 0xA9
    with pytest.raises(InputError, match="damaged"):
        identify_container(io.BytesIO(bytes(data)))


def test_a_live_recording_of_unknown_length_is_complete() -> None:
    data = make(Clip(container="mkv", muxer_options={"live": "1"}))
    assert b"\x18\x53\x80\x67\x01" + b"\xff" * 7 in data
    assert identify_container(io.BytesIO(data)) == ("matroska", "mkv")


def test_an_unfinished_recording_is_refused() -> None:
    data = make(Clip())
    at = data.index(b"moov") - 4
    with pytest.raises(InputError, match="index"):
        identify_container(io.BytesIO(data[:at]))


STARTS = (
    *(b"", b"\0\0\0\x14ftyp", b"\x1aE\xdf\xa3", b"RIFF", b"\0\0\1\xba"),
    (b"G\0\0\x10" + bytes(184)) * 5,
)


@given(st.binary(max_size=64), st.sampled_from(STARTS))
def test_arbitrary_bytes_are_recognised_or_refused(junk: bytes, start: bytes) -> None:
    data = start + junk
    file = io.BytesIO(data)
    try:
        family, kind = identify_container(file)
    except InputError:
        pass
    else:
        assert family == video_family(data[:1024])
        assert kind in KINDS[family]
    assert file.tell() == 0

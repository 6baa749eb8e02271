"""The shape of a video's pixels: read from wherever it is said, and kept in every container."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from typing import Any

import av
import pytest

from appliance.errors import OutputError
from appliance.pipeline.media.kind import VideoKind
from appliance.pipeline.media.video.aspect import pixel_aspect, with_one_scale
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.display_size import HeadRecorder
from appliance.pipeline.media.video.encoder import EncoderSettings, VideoCodec
from appliance.pipeline.media.video.probe import probe
from appliance.pipeline.media.video.reader import FrameInfo, VideoReader
from appliance.pipeline.media.video.transcode import transcode
from tests.pipeline.media.clips import Clip, Sound, make

WIDE = Fraction(64, 45)
TALL = Fraction(1, 2)


def converted(data: bytes, container: VideoKind, codec: VideoCodec | None = None) -> bytes:
    sink = io.BytesIO()
    settings = EncoderSettings(codec, preset="ultrafast")
    transcode(io.BytesIO(data), sink, leave, container=container, settings=settings)
    return sink.getvalue()


def leave(canvas: VideoCanvas, info: FrameInfo) -> None:
    """No edit."""


def aspect_of(data: bytes) -> Fraction:
    with VideoReader(io.BytesIO(data)) as reader:
        reader.first_frame()
        return pixel_aspect(reader)


def clip(aspect: Fraction, container: str = "mp4", codec: str = "libx264") -> bytes:
    return make(Clip(container, codec, size=(90, 72), frames=3, aspect=aspect, sounds=[Sound()]))


@pytest.mark.parametrize("aspect", [WIDE, TALL])
@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("mp4", "libx264"),
        ("mp4", "libx265"),
        ("mov", "libx264"),
        ("mov", "libx265"),
        ("mkv", "libx264"),
        ("mkv", "libx265"),
        ("mkv", "libvpx-vp9"),
        ("webm", "libvpx-vp9"),
        ("avi", "libx264"),
    ],
)
def test_every_container_and_codec_keeps_it(
    container: VideoKind, codec: VideoCodec, aspect: Fraction
) -> None:
    data = make(Clip(size=(90, 72), frames=3, aspect=aspect))
    result = converted(data, container, codec)
    assert aspect_of(result) == aspect
    again = converted(result, container, codec)
    assert aspect_of(again) == aspect


@pytest.mark.parametrize("container", ["webm", "mkv"])
def test_the_display_size_leaves_the_rest_of_the_file_as_it_was(container: VideoKind) -> None:
    square, wide = (
        converted(clip(aspect), container, "libvpx-vp9") for aspect in (Fraction(1), WIDE)
    )
    with av.open(io.BytesIO(square), "r") as one, av.open(io.BytesIO(wide), "r") as other:
        assert "title" not in other.streams.video[0].metadata
        # Not the packets' bytes: on some processors libvpx does not decide alike each time.
        assert [_moment(p) for p in one.demux()] == [_moment(p) for p in other.demux()]
    with av.open(io.BytesIO(wide), "r") as opened:
        opened.seek(0)
        assert len(list(opened.decode(video=0))) == 3


def _moment(packet: av.Packet[Any]) -> tuple[int | None, int | None, bool]:
    return packet.pts, packet.dts, packet.is_keyframe


def test_a_file_without_room_for_the_display_size_is_refused() -> None:
    file = HeadRecorder(io.BytesIO())
    file.write(clip(Fraction(1)))
    with pytest.raises(OutputError, match="shape"):
        file.set_display_size(16, 9)


def test_faces_are_looked_for_in_displayed_proportions() -> None:
    sizes = []

    def note(canvas: VideoCanvas, info: FrameInfo) -> None:
        leave(canvas, info)
        sizes.append((canvas.square.width, canvas.square.height))

    transcode(io.BytesIO(clip(WIDE)), io.BytesIO(), note, container="mp4")
    assert set(sizes) == {(128, 72)}
    facts = probe(io.BytesIO(clip(WIDE)))
    assert (facts.width, facts.height) == (90, 72)
    assert (facts.display_width, facts.display_height) == (128, 72)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_video_turns_its_pixels_too(rotation: int) -> None:
    data = make(Clip(size=(90, 72), frames=2, aspect=Fraction(2), rotation=rotation))
    facts = probe(io.BytesIO(converted(data, "mp4")))
    shown = (180, 72) if rotation == 180 else (72, 180)
    assert (facts.display_width, facts.display_height) == shown


MATRICES = {
    "wide": ((2, 0, 0, 1), (180, 72)),
    "high": ((1, 0, 0, 3), (90, 216)),
    "mirrored": ((-2, 0, 0, 1), (180, 72)),
    "on its side": ((0, 2, -1, 0), (72, 180)),
    "larger": ((2, 0, 0, 2), (90, 72)),
}


def with_matrix(data: bytes, matrix: tuple[int, int, int, int]) -> bytes:
    """An MP4 of one track with this display matrix, and without a word on its pixels."""
    changed = bytearray(data.replace(b"pasp", b"free"))
    a, b, c, d = (value << 16 for value in matrix)
    place = changed.index(b"tkhd") + 4 + 40  # version 0: the matrix is 40 bytes after the flags
    struct.pack_into(">9i", changed, place, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    return bytes(changed)


@pytest.mark.parametrize("name", MATRICES)
def test_a_display_matrix_of_two_scales_is_the_shape_of_the_pixels(name: str) -> None:
    matrix, shown = MATRICES[name]
    data = with_matrix(make(Clip(size=(90, 72), frames=2)), matrix)
    for result in (data, converted(data, "mp4")):
        facts = probe(io.BytesIO(result))
        assert (facts.display_width, facts.display_height) == shown
    if matrix[0] != matrix[3]:
        with VideoReader(io.BytesIO(converted(data, "mp4"))) as reader:
            reader.first_frame()
            # Players that apply the matrix to a track's size would stretch it twice.
            kept = reader.display_matrix
            assert kept is None or with_one_scale(kept) == kept


def test_avi_takes_a_matrix_that_only_stretches() -> None:
    data = with_matrix(make(Clip(size=(90, 72), frames=2)), (2, 0, 0, 1))
    assert aspect_of(converted(data, "avi")) == 2

"""MPEG's transport and program streams: films of camcorders, broadcasts and DVDs."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import av
import pytest

from appliance.errors import InputError
from appliance.pipeline.media.kind import transport_packet
from appliance.pipeline.media.video.container_check import identify_container
from appliance.pipeline.media.video.key_frame import read_key_frame
from appliance.pipeline.media.video.probe import probe
from appliance.pipeline.media.video.transcode import transcode
from tests.pipeline.media.clips import Clip, decode, packets
from tests.pipeline.media.films import sounding

PACKET = 188
SHORT_GROUPS = Clip(frames=40, options={"g": "10", "bf": "2"})
INTERLACED = Clip(options={"flags": "+ildct+ilme", "x264-params": "tff=1"})
FILMS = {
    "H.264 and AC-3": ("ts", sounding("ts", "ac3", "stereo")),
    "H.264 and AAC": ("ts", sounding("ts", "aac", "stereo")),
    "H.264 and MP2": ("ts", sounding("ts", "mp2", "stereo")),
    "interlaced": ("ts", sounding("ts", "ac3", "5.1", picture=INTERLACED)),
    "MPEG-2 and MP2": ("mpg", sounding("mpg", "mp2", "stereo")),
    "MPEG-2 and AC-3": ("mpg", sounding("mpg", "ac3", "stereo")),
}


def run(data: bytes, container: Any = "mp4") -> tuple[bytes, Any]:
    sink = io.BytesIO()
    report = transcode(io.BytesIO(data), sink, lambda _canvas, _info: None, container=container)
    return sink.getvalue(), report


def long_packets(data: bytes, before: bytes, after: bytes) -> bytes:
    """The transport stream ``data`` with bytes before and after each packet."""
    places = range(0, len(data), PACKET)
    return b"".join(before + data[place : place + PACKET] + after for place in places)


def offset(data: bytes, seconds: int) -> bytes:
    """``data``, whose clock began ``seconds`` before."""
    sink, source = io.BytesIO(), av.open(io.BytesIO(data), "r")
    output = av.open(sink, "w", format="mpegts")
    tracks = {
        stream.index: output.add_stream_from_template(stream, opaque=True)
        for stream in source.streams
    }
    for packet in source.demux():
        if packet.size and packet.pts is not None and packet.dts is not None:
            ticks = round(seconds / packet.time_base)
            packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
            packet.stream = tracks[packet.stream.index]
            output.mux(packet)
    output.close()
    return sink.getvalue()


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "webm", "avi"])
@pytest.mark.parametrize("name", FILMS)
def test_a_film_is_taken_with_its_sound(name: str, container: str) -> None:
    kind, data = FILMS[name]
    assert probe(io.BytesIO(data)).container == kind
    result, report = run(data, container)
    assert report.frames == len(decode(result)) == 24
    picture, sound = packets(result)
    assert (picture.kind, sound.kind) == ("video", "audio")
    assert report.tracks.copied + len(report.tracks.reencoded) == 1
    assert picture.shown[0] < Fraction(1, 10)
    # AVI begins with empty places if the picture comes later than the sound.
    tolerance = Fraction(1, 10) if container == "avi" else Fraction(1, 500)
    length = Fraction(23, 25 if kind == "mpg" else 24)
    assert abs(picture.shown[-1] - picture.shown[0] - length) < tolerance
    (before, _) = sorted(packets(data), key=lambda track: track.kind != "audio")
    length = before.times[-1] - before.times[0]
    assert abs(sound.times[-1] - sound.times[0] - length) < Fraction(1, 20)


@pytest.mark.parametrize(("before", "after"), [(b"\0\1\2\3", b""), (b"", bytes(16))])
def test_packets_of_cameras_and_of_broadcasts(before: bytes, after: bytes) -> None:
    _, plain = FILMS["H.264 and AC-3"]
    data = long_packets(plain, before, after)
    assert transport_packet(data[:1024]) == PACKET + len(before + after)
    assert run(data)[1].frames == 24
    with pytest.raises(InputError, match="short"):
        run(data[:-100])


@pytest.mark.parametrize("seconds", [3600, 95_443])  # the clock of a stream ends after 95443.7 s
def test_the_clock_of_the_stream_is_not_that_of_the_film(seconds: int) -> None:
    _, plain = FILMS["H.264 and AC-3"]
    data = offset(plain, seconds)
    for container in ("mp4", "mkv"):
        for old, new in zip(packets(run(plain, container)[0]), packets(run(data, container)[0]),
                            strict=True):  # fmt: skip
            assert new.times == old.times
    canvas = read_key_frame(io.BytesIO(data), 0.5)
    assert (canvas.width, canvas.height) == (96, 64)


def test_interlaced_pictures_stay_interlaced() -> None:
    _, data = FILMS["interlaced"]
    result, _ = run(data)
    assert all(frame.interlaced_frame for frame in decode(result))


def test_a_piece_of_a_broadcast_begins_with_its_first_key_frame() -> None:
    data = sounding("ts", "mp2", "stereo", seconds=1.6, picture=SHORT_GROUPS)
    tables, rest = data[: 3 * PACKET], data[12 * PACKET :]
    result, report = run(tables + rest)
    assert 20 <= report.frames <= 30
    picture, sound = packets(result)
    assert 0 <= picture.shown[0] - sound.times[0] < Fraction(1, 2)


@pytest.mark.parametrize("name", FILMS)
def test_a_stream_that_is_cut_is_refused(name: str) -> None:
    _, data = FILMS[name]
    assert run(data)[1].frames == 24
    for lost in (100, 1000, len(data) // 2 + 77):
        with pytest.raises(InputError):
            run(data[:-lost])


def test_a_packet_that_is_missing_is_noticed() -> None:
    _, data = FILMS["H.264 and MP2"]
    of_picture = [
        number
        for number in range(len(data) // PACKET)
        # The PID of FFmpeg's first track, in a packet with a payload (ISO/IEC 13818-1, 2.4.3.2).
        if data[number * PACKET + 2] == 0 and data[number * PACKET + 3] & 0x10
        if data[number * PACKET + 1] & 0x1F == 1
    ]
    for number in of_picture[1:-1]:
        with pytest.raises(InputError):
            run(data[: number * PACKET] + data[(number + 1) * PACKET :])


@pytest.mark.parametrize("name", FILMS)
def test_bytes_behind_a_stream_are_no_fault(name: str) -> None:
    kind, data = FILMS[name]
    trailer = bytes(1 + number * 7 % 255 for number in range(1000))
    for rest in (trailer, b"\xff" * 4096, bytes(4096), b"TAG" + b" " * 125):
        assert identify_container(io.BytesIO(data + rest))[1] == kind
        assert run(data + rest)[1].frames == 24


@pytest.mark.parametrize("name", FILMS)
def test_bytes_that_are_missing_in_the_middle_are_noticed(name: str) -> None:
    _, data = FILMS[name]
    for place in range(len(data) // 3, len(data) // 2, len(data) // 20):
        for lost in (50, 300, 5000):
            with pytest.raises(InputError):
                run(data[:place] + data[place + lost :])


def test_constant_bytes_are_no_transport_stream() -> None:
    assert transport_packet(b"G" * 1024) is None
    with pytest.raises(InputError, match="known kind"):
        identify_container(io.BytesIO(b"G" * 1024))

from __future__ import annotations

import io
import struct
from fractions import Fraction
from typing import Any

import av
import pytest

from appliance.pipeline.media.video.transcode import transcode
from tests.pipeline.media.clips import Clip, Sound, make, packets
from tests.pipeline.media.films import Line, subtitled

CUT = Fraction(3, 2)
LONG = Clip(frames=60, options={"g": "250"}, sounds=[Sound()])


def run(data: bytes, container: Any) -> tuple[bytes, Any]:
    sink = io.BytesIO()
    report = transcode(io.BytesIO(data), sink, lambda _canvas, _info: None, container=container)
    return sink.getvalue(), report


def trimmed(data: bytes, seconds: Fraction, **options: str) -> bytes:
    """``data`` as a telephone trims it: whole, with an edit list that hides its beginning."""
    sink, source = io.BytesIO(), av.open(io.BytesIO(data), "r")
    output = av.open(sink, "w", format="mp4", container_options=options)
    tracks = {
        stream.index: output.add_stream_from_template(stream, opaque=True)
        for stream in source.streams
    }
    for packet in source.demux():
        if packet.size and packet.pts is not None and packet.dts is not None:
            ticks = round(seconds / packet.time_base)
            packet.pts, packet.dts = packet.pts - ticks, packet.dts - ticks
            packet.stream = tracks[packet.stream.index]
            output.mux(packet)
    output.close()
    return sink.getvalue()


def heard(data: bytes) -> float:
    """Seconds of sound that a player which knows no edit lists decodes."""
    with av.open(io.BytesIO(data), "r", options={"ignore_editlist": "1"}) as container:
        (stream,) = container.streams.audio
        samples = sum(frame.samples for frame in container.decode(stream))
        return float(samples / stream.codec_context.sample_rate)


@pytest.mark.parametrize("options", [{}, {"movflags": "frag_keyframe+delay_moov"}])
@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "webm"])
def test_sound_that_was_trimmed_away_does_not_come_back(
    container: str, options: dict[str, str]
) -> None:
    data = trimmed(make(LONG), CUT, **options)
    assert heard(data) == pytest.approx(2.5, abs=0.05)
    result, report = run(data, container)
    assert report.frames == 24
    assert heard(result) == pytest.approx(1, abs=0.05)
    picture, sound = packets(result)
    assert abs(picture.shown[0] - max(sound.times[0], Fraction(0))) < Fraction(1, 20)


def test_a_part_of_the_sound_is_not_in_the_file_any_more() -> None:
    data = trimmed(make(LONG), CUT)
    (_, before), (_, after) = packets(data), packets(run(data, "mp4")[0])
    hidden = [body for body, time in zip(before.data, before.times, strict=True) if time < -0.03]
    assert len(hidden) > 40
    assert not set(hidden) & set(after.data)
    kept = len(after.data)
    assert (after.data, after.times) == (before.data[-kept:], before.times[-kept:])


@pytest.mark.parametrize("codec", ["aac", "libopus", "libmp3lame"])
@pytest.mark.parametrize("options", [{}, {"movflags": "frag_keyframe+empty_moov"}])
def test_an_encoder_s_priming_stays(codec: str, options: dict[str, str]) -> None:
    data = make(Clip(sounds=[Sound(codec)], muxer_options=options))
    (_, before), (_, after) = packets(data), packets(run(data, "mp4")[0])
    assert options or before.times[0] < 0
    assert (after.data, after.times) == (before.data, before.times)


def test_subtitles_that_were_trimmed_away_do_not_come_back() -> None:
    data = subtitled("mp4", "mov_text", [Line("secret", 100, 300), Line("kept", 800, 100)])
    hidden = behind_edit_list(data, Fraction(1, 2))
    assert b"secret" in hidden
    for film, is_there in ((data, True), (hidden, False)):
        result, report = run(film, "mp4")
        assert report.tracks.copied == 1
        assert b"kept" in result
        assert (b"secret" in result) == is_there


def behind_edit_list(data: bytes, seconds: Fraction) -> bytes:
    """``data`` with edit lists (ISO/IEC 14496-12, 8.6.6) that begin ``seconds`` later."""
    film = bytearray(data)

    def number(place: int) -> int:
        return int.from_bytes(film[place : place + 4], "big")

    movie_scale = number(film.index(b"mvhd") + 16)
    media = film.find(b"mdhd")
    while media >= 0:
        scale = number(media + 16)
        entry = film.rfind(b"elst", 0, media) + 12
        length = number(entry) - round(seconds * movie_scale)
        start = number(entry + 4) + round(seconds * scale)
        film[entry : entry + 8] = struct.pack(">II", length, start)
        media = film.find(b"mdhd", media + 4)
    return bytes(film)

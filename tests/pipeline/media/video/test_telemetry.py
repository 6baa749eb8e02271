from __future__ import annotations

import io
from typing import Any

import av
import pytest

from appliance.pipeline.media.video.telemetry import is_telemetry
from appliance.pipeline.media.video.transcode import transcode
from tests.pipeline.media.clips import Clip, make, packets
from tests.pipeline.media.films import Line, subtitled, with_data

PLACE = "48.1371"
TELEMETRY = [
    "F/2.8, SS 206.14, ISO 100, EV 0, GPS (11.5754, 48.1371, 19), HOME (11.57, 48.1370, 12.10m)",
    "F/2.8, SS 206.14, ISO 100, EV 0",
    '<font size="28">SrtCnt : 1, DiffTime : 33ms\n2021-06-12 14:33:21.123\n[iso : 100]</font>',
    "[latitude: 48.1371] [longitude: 11.5754]",
    "[longtitude : 11.5754]",
    "HOME(149.0251,-20.2532) 2017.08.05 14:11:51",
    "GPS(149.0251,-20.2533,17) BAROMETER:1.9",
    "ISO:100 Shutter:60 EV: Fnum:F2.8",
    "$GPRMC,123519,A,4807.038,N,01131.000,E",
    "N:48.137100 E:11.575400 52km/h",
    "N48 08.226 E011 34.524",
    "48°08'13.5\"N 11°34'31\"E",
    "+48.1371+011.5754/",
    "12.06.2021 14:33:21",
    "2021/06/12 14:33:21",
    "Lat 48.13710 Lon 11.57540",
    "48.1371N 11.5754E",
    "Latitude: -33.8688",
    r"{\an8}48.1371, 11.5754",
]
WORDS = [
    "Hello",
    "The GPS is broken, turn left.",
    "It was 3.14, not 2.72.",
    "ISO 9001 certified.",
    "In 1984, 12:30 was lunch time.",
    "Call 555-1234 at 10:30:15.",
    "Latitude is a state of mind.",
    "He ran 100.5 m in 12.345 seconds.",
    "Home (again)",
    "On 12.06.2021 we met at 14:33.",
    "I'm 30° off, 5' 11\" tall",
    "F 16 and E 5 to H 4, D 2?",
    "So long. 5.3 miles to go",
    "1,000 or 2,000",
]


@pytest.mark.parametrize("text", TELEMETRY)
def test_places_moments_and_settings_are_recognised(text: str) -> None:
    assert is_telemetry(text)


@pytest.mark.parametrize("text", WORDS)
def test_words_are_words(text: str) -> None:
    assert not is_telemetry(text)


def run(data: bytes, container: Any) -> tuple[bytes, Any]:
    sink = io.BytesIO()
    report = transcode(io.BytesIO(data), sink, lambda _canvas, _info: None, container=container)
    return sink.getvalue(), report.tracks


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mp4", "mov_text"), ("mov", "mov_text"), ("mkv", "subrip"), ("mkv", "ass"),
     ("mkv", "webvtt"), ("webm", "webvtt")],
)  # fmt: skip
def test_a_track_with_telemetry_is_left_out_and_named(container: str, codec: str) -> None:
    last = Line(f"GPS ({PLACE}, 11.5754)", 800, 100)
    data = subtitled(container, codec, [Line("Guten Tag"), last])
    assert PLACE.encode() in data
    result, tracks = run(data, container)
    assert PLACE.encode() not in result
    assert [track.kind for track in packets(result)] == ["video"]
    assert (tracks.copied, tracks.dropped) == (0, ("subtitle/telemetry",))
    result, tracks = run(subtitled(container, codec, [Line("Guten Tag")]), container)
    assert b"Guten Tag" in result
    assert (tracks.copied, tracks.dropped) == (1, ())


def test_text_in_utf_16_is_read_too() -> None:
    text = f"GPS ({PLACE}, 11.5754)"
    data = subtitled("mp4", "mov_text", [Line("x" * 2 * (len(text) + 1))])
    encoded = text.encode("utf-16")  # with a byte order mark
    data = data.replace(b"x" * len(encoded), encoded)
    assert encoded in data
    result, tracks = run(data, "mp4")
    assert encoded not in result
    assert tracks.dropped == ("subtitle/telemetry",)


def test_data_is_left_out_and_named_by_its_codec() -> None:
    result, tracks = run(with_data("ts", "klv"), "mkv")
    assert b"\x06\x0e\x2b\x34" not in result
    assert tracks.dropped == ("data/klv",)


@pytest.mark.parametrize("entry", [b"tmcd", b"gpmd", b"camm", b"djmd"])
def test_data_that_ffmpeg_does_not_know_is_named_by_its_sample_entry(entry: bytes) -> None:
    data = timecoded().replace(b"tmcd", entry)
    assert run(data, "mov")[1].dropped == (f"data/{entry.decode()}",)


def test_a_sample_entry_that_cannot_be_printed_is_not() -> None:
    data = timecoded().replace(b"tmcd", b"\xa9\x1b[m")
    assert run(data, "mov")[1].dropped == ("data/unknown",)


def timecoded() -> bytes:
    """A MOV with a track of timecode."""
    sink, source = io.BytesIO(), av.open(io.BytesIO(make(Clip())), "r")
    output = av.open(sink, "w", format="mov")
    stream = source.streams.video[0]
    track = output.add_stream_from_template(stream, opaque=True)
    track.metadata["timecode"] = "01:00:00:00"
    for packet in source.demux(stream):
        if packet.size:
            packet.stream = track
            output.mux(packet)
    output.close()
    return sink.getvalue()

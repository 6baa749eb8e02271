from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import pytest

from appliance.errors import InputError
from appliance.pipeline.media.video.transcode import transcode
from tests.pipeline.media.clips import Clip, make, packets

BASE = Clip(container="webm", codec="libvpx", frames=24)


def run(data: bytes, container: Any) -> tuple[bytes, Any]:
    sink = io.BytesIO()
    report = transcode(io.BytesIO(data), sink, lambda _canvas, _info: None, container=container)
    return sink.getvalue(), report


def retimed(container: str, change: Callable[[int, int], int]) -> bytes:
    """The base clip; ``change``: from the number of a frame and its time to its new time."""
    sink, source = io.BytesIO(), av.open(io.BytesIO(make(BASE)), "r")
    output = av.open(sink, "w", format={"mkv": "matroska"}.get(container, container))
    stream = source.streams.video[0]
    track = output.add_stream_from_template(stream, opaque=True)
    number = 0
    for packet in source.demux(stream):
        if packet.size and packet.pts is not None:
            packet.pts = packet.dts = change(number, packet.pts)
            packet.stream = track
            number += 1
            output.mux(packet)
    output.close()
    return sink.getvalue()


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "webm"])
def test_a_frame_with_the_time_of_the_one_before_is_shown_right_after_it(container: str) -> None:
    plain = [round(Fraction(number, 24) * 1000) for number in range(24)]
    data = retimed("webm", lambda number, _: plain[number - (number in (7, 14))])
    result, report = run(data, container)
    assert (report.frames, report.tracks.dropped) == (24, ())
    (track,) = packets(result)
    wanted = [plain[number - 1] + 1 if number in (7, 14) else plain[number] for number in range(24)]
    assert [round(time * 1000) for time in track.shown] == wanted


def test_several_frames_at_one_time_follow_each_other() -> None:
    result, report = run(retimed("webm", lambda number, time: 0 if number < 4 else time), "webm")
    assert report.frames == 24
    (track,) = packets(result)
    assert [round(time * 1000) for time in track.shown[:5]] == [0, 1, 2, 3, 167]


def test_frames_for_which_there_is_no_room_are_left_out_and_counted() -> None:
    data = retimed("webm", lambda number, time: 0 if number < 23 else time)
    result, report = run(data, "webm")
    (track,) = packets(result)
    assert len(track.times) == report.frames == 24 - 2
    assert report.tracks.dropped == ("2 frames at the time of another",)


def test_times_that_fall_are_refused() -> None:
    data = retimed("webm", lambda _, time: time)
    assert run(data, "webm")[1].frames == 24
    # A block of track 1 at 292 ms, the eighth frame, is moved to 208 (RFC 9559, 10.2).
    block, moved = (b"\x81" + time.to_bytes(2, "big") for time in (292, 208))
    assert data.count(block) == 1
    with pytest.raises(InputError, match="backwards"):
        run(data.replace(block, moved), "webm")

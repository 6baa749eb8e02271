from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
import pytest

from appliance.pipeline.media.video.chapters import copy_chapters
from appliance.pipeline.media.video.encoder import CONTAINERS
from appliance.pipeline.media.video.transcode import TranscodeReport, transcode
from tests.pipeline.media.clips import MUXERS, Clip, Sound, make

STARTS = [0, 700, 1503]
MILLISECOND = Fraction(1, 1000)


def chaptered(
    container: str, ends: Sequence[int] = (700, 1503, 2000), title: str = "Jane"
) -> bytes:
    """Two seconds in three chapters."""
    sink = io.BytesIO()
    with av.open(io.BytesIO(make(Clip(frames=48, sounds=[Sound()]))), "r") as source:
        output = av.open(sink, "w", format=MUXERS[container])
        tracks = [output.add_stream_from_template(one, opaque=True) for one in source.streams]
        entries: list[Any] = [
            {"id": number, "start": start, "end": end, "time_base": MILLISECOND, "metadata": {}}
            for number, (start, end) in enumerate(zip(STARTS, ends, strict=True), 1)
        ]
        for entry in entries:
            entry["metadata"] = {"title": title} if title else {}
        output.set_chapters(entries)
        for packet in source.demux():
            if packet.size:
                packet.stream = tracks[packet.stream.index]
                output.mux(packet)
        output.close()
    return sink.getvalue()


def starts(data: bytes) -> list[Fraction]:
    with av.open(io.BytesIO(data), "r") as container:
        return [one["start"] * (one["time_base"] or Fraction(0)) for one in container.chapters()]


def run(data: bytes, container: Any) -> tuple[bytes, TranscodeReport]:
    sink = io.BytesIO()
    report = transcode(io.BytesIO(data), sink, lambda *_: None, container=container)
    return sink.getvalue(), report


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "webm"])
@pytest.mark.parametrize("source", ["mp4", "mov", "mkv"])
def test_chapters_are_kept_and_their_titles_are_not(source: str, container: str) -> None:
    data = chaptered(source)
    assert b"Jane" in data
    result, report = run(data, container)
    assert starts(result) == starts(data) == [start * MILLISECOND for start in STARTS]
    assert b"Jane" not in result
    assert "chapter titles" in report.tracks.dropped


def test_chapters_without_titles_lose_nothing() -> None:
    _, report = run(chaptered("mkv", title=""), "mp4")
    assert report.tracks.dropped == ()


def test_chapters_that_a_container_cannot_hold_are_reported() -> None:
    result, report = run(chaptered("mp4"), "avi")
    assert starts(result) == []
    assert "chapters" in report.tracks.dropped
    assert "chapter titles" not in report.tracks.dropped


def test_a_video_with_a_chapter_that_ends_before_it_starts_is_accepted() -> None:
    """Such a one comes from a damaged or a crafted file; no muxer would write it for this test."""
    times = [(500, 100), (-5, 100), (100, 100), (200, 900)]
    source: Any = av.open(io.BytesIO(), "w", format="matroska")
    source.set_chapters(
        [
            {"id": n, "start": start, "end": end, "time_base": MILLISECOND, "metadata": {}}
            for n, (start, end) in enumerate(times)
        ]
    )
    output = av.open(io.BytesIO(), "w", format="matroska")
    assert copy_chapters(source, output, CONTAINERS["mkv"]) == ("chapters",)
    assert [(one["start"], one["end"]) for one in output.chapters()] == times[2:]


def test_a_video_without_chapters_gets_none() -> None:
    result, report = run(make(Clip(frames=4)), "mkv")
    assert starts(result) == []
    assert report.tracks.dropped == ()

"""Films that are edited: their times, tracks and sound, and what an edit learns of each frame."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest

from appliance.errors import InputError, OutputError
from appliance.pipeline.media.video.encoder import EncoderSettings
from appliance.pipeline.media.video.reader import FrameInfo
from tests.pipeline.media.clips import Clip, decode, make
from tests.pipeline.media.transcoding import CLIPS, MILLISECOND, VARIABLE, of, probed, run


def rounded(times: list[Fraction], tick: Fraction) -> list[Fraction]:
    return [round(time / tick) * tick for time in times]


@pytest.mark.parametrize("container", ["mp4", "mov"])
@pytest.mark.parametrize("name", CLIPS)
def test_every_timestamp_and_every_sound_packet_is_kept(name: str, container: str) -> None:
    data = make(CLIPS[name])
    result, report = run(data, container)
    (before,), (after,) = of("video", data), of("video", result)
    assert after.shown == before.shown
    assert report.frames == len(before.data) == len(decode(result))
    old, new = of("audio", data), of("audio", result)
    if container == "mov" and old and old[0].codec == "opus":
        assert report.tracks.reencoded == ("opus",)
        return  # QuickTime has no place for it
    assert [track.data for track in new] == [track.data for track in old]
    assert [track.times for track in new] == [track.times for track in old]
    assert report.tracks.copied == len(old)
    assert report.tracks.reencoded == report.tracks.dropped == ()


@pytest.mark.parametrize("name", CLIPS)
def test_mkv_keeps_times_to_its_millisecond_and_moves_all_tracks_equally(name: str) -> None:
    data = make(CLIPS[name])
    result, _ = run(data, "mkv")
    (before,), (after,) = of("video", data), of("video", result)
    old, new = of("audio", data), of("audio", result)
    assert [track.data for track in new] == [track.data for track in old]
    earliest = min(before.shown[0], *(track.times[0] for track in old), Fraction(0))
    shift = after.shown[0] - before.shown[0]
    assert -MILLISECOND <= shift <= -earliest + MILLISECOND
    for track, moved in zip([before, *old], [after, *new], strict=True):
        for time, seen in zip(track.shown, moved.shown, strict=True):
            assert abs(seen - (time + shift)) <= MILLISECOND


@pytest.mark.parametrize("name", ["plain", "variable rate", "b-frames", "from webm, odd size"])
def test_webm_gets_vp9_and_opus(name: str) -> None:
    clip = CLIPS[name]
    data = make(clip)
    result, report = run(data, "webm")
    assert probed(result).codec == "vp9"
    (before,), (after,) = of("video", data), of("video", result)
    assert after.shown == rounded(before.shown, MILLISECOND)
    (sound,), (old,) = of("audio", result), of("audio", data)
    assert sound.codec == "opus"
    if clip.container == "webm":
        assert sound.data == old.data
    else:
        assert report.tracks.reencoded == ("aac",)
        assert abs(sound.times[-1] - old.times[-1]) < Fraction(1, 20)


@pytest.mark.parametrize(
    "name", ["plain", "b-frames", "ntsc", "no sound", "from avi", "from avi, mpeg-4"]
)
def test_avi_keeps_a_constant_rate(name: str) -> None:
    data = make(CLIPS[name])
    result, _ = run(data, "avi")
    (before,), (after,) = of("video", data), of("video", result)
    assert rounded(after.shown, MILLISECOND) == rounded(before.shown, MILLISECOND)
    for old, new in zip(of("audio", data), of("audio", result), strict=True):
        # The encoder's priming samples, before time 0, would become sound without timestamps.
        audible = [body for body, time in zip(old.data, old.times, strict=True) if time >= 0]
        assert new.data[-len(audible) :] == audible


@pytest.mark.parametrize("name", ["variable rate", "late start"])
def test_avi_refuses_what_it_cannot_time(name: str) -> None:
    with pytest.raises(OutputError, match="holds no"):
        run(make(CLIPS[name]), "avi")


def subtitled() -> bytes:
    sink, source = io.BytesIO(), av.open(io.BytesIO(make(Clip())), "r")
    output = av.open(sink, "w", format="matroska")
    track = output.add_stream_from_template(source.streams.video[0], opaque=True)
    text = output.add_mux_stream("subrip", time_base=MILLISECOND)
    text.metadata["language"] = "deu"
    for packet in source.demux(source.streams.video[0]):
        if packet.size:
            packet.stream = track
            output.mux(packet)
    for start in (100, 600):
        line: Any = av.Packet(b"Guten Tag")
        line.pts = line.dts = start
        line.duration, line.time_base, line.stream = 300, MILLISECOND, text
        output.mux(line)
    output.close()
    return sink.getvalue()


def test_subtitles_are_copied_where_the_container_holds_them() -> None:
    data = subtitled()
    assert probed(data).subtitles == 1
    result, report = run(data, "mkv")
    (old,), (new,) = of("subtitle", data), of("subtitle", result)
    assert (new.data, new.times, new.language) == (old.data, old.times, "deu")
    assert report.tracks.copied == 1
    result, report = run(data, "mp4")
    assert of("subtitle", result) == []
    assert report.tracks.dropped == ("subtitle/subrip",)


def test_languages_are_kept_and_titles_are_not() -> None:
    result, _ = run(make(CLIPS["two languages"]), "mp4")
    assert [track.language for track in of("audio", result)] == ["deu", "fra"]
    source, sink = av.open(io.BytesIO(make(Clip())), "r"), io.BytesIO()
    output = av.open(sink, "w", format="matroska")
    track = output.add_stream_from_template(source.streams.video[0], opaque=True)
    track.metadata["title"] = "Jane Doe before"
    output.metadata["title"] = output.metadata["location"] = "Jane Doe"
    for packet in source.demux():
        if packet.size:
            packet.stream = track
            output.mux(packet)
    output.close()
    assert b"Jane Doe" in sink.getvalue()
    result, _ = run(sink.getvalue(), "mkv")
    assert b"Jane" not in result


def test_cover_art_and_data_are_dropped_and_reported() -> None:
    sink = io.BytesIO()
    source = av.open(io.BytesIO(make(Clip())), "r")
    output = av.open(sink, "w", format="matroska")
    track = output.add_stream_from_template(source.streams.video[0], opaque=True)
    output.add_attachment("notes.txt", "text/plain", b"Jane Doe")
    for packet in source.demux(source.streams.video[0]):
        if packet.size:
            packet.stream = track
            output.mux(packet)
    output.close()
    result, report = run(sink.getvalue(), "mkv")
    assert report.tracks.dropped == ("attachment/unknown",)
    assert b"Jane" not in result


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv"])
def test_the_last_frame_is_shown_as_long_as_before(container: str) -> None:
    # With reordered frames MP4 knows only when they are decoded, and the last has no end.
    in_order = {"bf": "0"}
    times, base = [0, 3000, 6000], Fraction(1, 90_000)
    data = make(Clip(time_base=base, times=times, last=45_000, options=in_order))
    result, _ = run(data, container, settings=EncoderSettings(options=in_order))
    before, after = probed(data).duration, probed(result).duration
    assert before is not None
    assert after is not None
    assert before > Fraction(1, 2)
    assert abs(before - after) <= MILLISECOND


def test_the_encoder_chooses_its_own_frame_types() -> None:
    data = make(Clip(frames=48, options={"g": "1"}))
    assert all(frame.key_frame for frame in decode(data))
    result, _ = run(data, "mp4")
    assert sum(frame.key_frame for frame in decode(result)) < 5


def test_the_edit_gets_the_number_and_the_time_of_each_frame() -> None:
    seen: list[FrameInfo] = []
    run(make(CLIPS["variable rate"]), "mp4", lambda _, info: seen.append(info))
    assert [info.index for info in seen] == list(range(10))
    assert [info.seconds for info in seen] == [Fraction(pts, 90_000) for pts in VARIABLE]


def test_progress_is_reported_after_each_frame() -> None:
    seen: list[int] = []
    run(make(Clip()), "mp4", progress=lambda info: seen.append(info.index))
    assert seen == list(range(24))


def test_the_output_does_not_hold_when_or_with_what_it_was_muxed() -> None:
    result, _ = run(make(CLIPS["plain"]), "mp4")
    header = result.index(b"mvhd")
    assert result[header + 8 : header + 16] == bytes(8)  # creation and modification time
    assert b"Lavf" not in result


@pytest.mark.parametrize("frames", [1, 2, 3, 4])
def test_a_few_frames_of_h265_have_valid_decoding_times(frames: int) -> None:
    data, settings = make(Clip(frames=frames)), EncoderSettings(codec="libx265")
    for _ in range(5):
        result, _ = run(data, "mp4", settings=settings)
        assert of("video", result)[0].shown == of("video", data)[0].shown
        with av.open(io.BytesIO(result), "r") as container:
            stamps = [packet.dts for packet in container.demux(video=0) if packet.size]
        assert all(stamp is not None and abs(stamp) < 90_000 for stamp in stamps)


def test_sound_without_pictures_is_not_a_video() -> None:
    sink = io.BytesIO()
    output = av.open(sink, "w", format="mp4")
    track = output.add_stream("aac", rate=48_000)
    frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
    frame.sample_rate, frame.pts = 48_000, 0
    output.mux([*track.encode(frame), *track.encode(None)])
    output.close()
    with pytest.raises(InputError, match="no video"):
        run(sink.getvalue(), "mp4")

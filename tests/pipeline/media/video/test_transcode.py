from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.errors import InputError, OutputError
from appliance.pipeline.media.canvas import Box
from appliance.pipeline.media.video import writer
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.encoder import EncoderSettings
from appliance.pipeline.media.video.hdr import StaticHdr
from appliance.pipeline.media.video.pixel_layout import channel_view, layout_of
from appliance.pipeline.media.video.probe import VideoInfo, probe
from appliance.pipeline.media.video.reader import FrameInfo, VideoReader, _matrix_of
from appliance.pipeline.media.video.transcode import EditFrame, TranscodeReport, transcode
from tests.pipeline.media.clips import Clip, Packets, Sound, decode, make, packets

VARIABLE = [0, 3003, 6006, 20_000, 20_500, 33_000, 33_500, 80_000, 90_000, 180_000]
MILLISECOND = Fraction(1, 1000)


def leave(canvas: VideoCanvas, info: FrameInfo) -> None:
    """No edit."""


def run(
    data: bytes, container: Any, edit: EditFrame = leave, **kwargs: Any
) -> tuple[bytes, TranscodeReport]:
    sink = io.BytesIO()
    report = transcode(io.BytesIO(data), sink, edit, container=container, **kwargs)
    assert not sink.closed
    return sink.getvalue(), report


def channels(frame: av.VideoFrame) -> list[NDArray[np.uint8]]:
    layout = layout_of(frame.format.name)
    assert layout is not None
    return [channel_view(frame, layout, part).astype(np.uint8) for part in layout.components]


def of(kind: str, data: bytes) -> list[Packets]:
    return [track for track in packets(data) if track.kind == kind]


def probed(data: bytes) -> VideoInfo:
    return probe(io.BytesIO(data))


def rounded(times: list[Fraction], tick: Fraction) -> list[Fraction]:
    return [round(time / tick) * tick for time in times]


CLIPS = {
    "plain": Clip(sounds=[Sound()]),
    "variable rate": Clip(time_base=Fraction(1, 90_000), times=VARIABLE, sounds=[Sound()]),
    "b-frames": Clip(options={"bf": "3", "b-adapt": "0"}, sounds=[Sound()]),
    "ntsc": Clip(rate=Fraction(30_000, 1001), frames=40, sounds=[Sound(rate=44_100)]),
    "late start": Clip(
        time_base=Fraction(1, 90_000),
        times=[45_000 + 3_000 * i for i in range(20)],
        sounds=[Sound(start=12_000)],
    ),
    "no sound": Clip(),
    "one frame": Clip(frames=1),
    "two languages": Clip(sounds=[Sound(language="deu"), Sound(language="fra", rate=44_100)]),
    "from mkv": Clip(
        container="mkv",
        time_base=MILLISECOND,
        times=[500 + 33 * i for i in range(20)],
        sounds=[Sound("libopus", start=12_000)],
    ),
    "from mov, pcm": Clip(container="mov", sounds=[Sound("pcm_s16le")]),
    "from webm, odd size": Clip(
        container="webm", codec="libvpx-vp9", size=(95, 63), sounds=[Sound("libopus")]
    ),
    "from avi": Clip(container="avi", sounds=[Sound("libmp3lame")]),
    "from avi, mpeg-4": Clip(container="avi", codec="mpeg4", sounds=[Sound("libmp3lame")]),
    "10 bits": Clip(pixel_format="yuv422p10le", options={"preset": "veryfast"}),
    "fragmented": Clip(sounds=[Sound()], muxer_options={"movflags": "frag_keyframe+empty_moov"}),
}


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


@pytest.mark.parametrize("rotation", [90, 180, 270])
@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "webm"])
def test_a_rotated_video_is_edited_upright_and_stays_rotated(container: str, rotation: int) -> None:
    seen: list[tuple[int, int]] = []
    pictures: list[NDArray[np.uint8]] = []

    def note(canvas: VideoCanvas, info: FrameInfo) -> None:
        seen.append((canvas.width, canvas.height))
        if info.index == 0:
            pictures.append(canvas.read(Box(0, 0, canvas.width, canvas.height)))

    data = make(Clip(rotation=rotation))
    result, _ = run(data, container, note)
    before, after = probed(data), probed(result)
    upright = (96, 64) if rotation == 180 else (64, 96)
    assert (before.rotation, before.mirrored) == (after.rotation, after.mirrored)
    assert before.rotation == 360 - rotation
    assert (after.width, after.height) == (before.width, before.height) == seen[0] == upright
    stored = decode(data)[0].to_ndarray(format="rgb24").astype(int)
    assert np.abs(np.rot90(stored, rotation // 90) - pictures[0]).mean() < 4


@pytest.mark.parametrize("rotation", [0, 90, 180, 270, -90, 45])
def test_the_matrix_of_a_rotation_is_the_one_that_was_written(rotation: int) -> None:
    data = make(Clip(rotation=rotation))
    with VideoReader(io.BytesIO(data)) as reader:
        frame = reader.first_frame()
        wanted = None if rotation in (0, 45) else reader.display_matrix
        assert _matrix_of(frame.rotation) == wanted


def test_avi_refuses_a_rotated_video() -> None:
    with pytest.raises(OutputError, match="held"):
        run(make(Clip(rotation=90)), "avi")


@pytest.mark.parametrize(
    "clip",
    [
        *(
            Clip(pixel_format=f"yuv{grid}p{deep}")
            for grid in (420, 422, 444)
            for deep in ("", "10le")
        ),
        Clip(size=(95, 63), pixel_format="yuv444p"),
        Clip(pixel_format="yuvj420p", colour=(5, 1, 1, 2)),
    ],
)
def test_the_pixel_format_is_kept_for_further_work(clip: Clip) -> None:
    result, report = run(make(clip), "mkv")
    assert report.converted == ()
    assert report.source_pixel_format == report.pixel_format == clip.pixel_format
    again = probed(result)
    assert (again.width, again.height) == clip.size
    assert again.pixel_format == clip.pixel_format


@pytest.mark.parametrize(("codec", "container", "pixel_format", "wanted"), [
    ("rawvideo", "avi", "bgr24", "yuv444p"),
    ("rawvideo", "avi", "yuyv422", "yuv422p"),
    ("rawvideo", "avi", "yuv410p", "yuv444p"),
    ("ffv1", "mkv", "yuv420p12le", "yuv420p10le"),
    ("ffv1", "mkv", "bgra", "yuv444p"),
    ("ffv1", "mkv", "gray", "gray"),
    ("mjpeg", "avi", "yuvj422p", "yuvj422p"),
])  # fmt: skip
def test_a_format_that_the_encoder_lacks_becomes_the_nearest(
    codec: str, container: str, pixel_format: str, wanted: str
) -> None:
    colour = (5, 1, 1, 2) if pixel_format.startswith("yuvj") else (1, 1, 1, 1)
    data = make(Clip(container=container, codec=codec, pixel_format=pixel_format, colour=colour))
    result, report = run(data, "mkv", settings=EncoderSettings(crf=1))
    assert report.pixel_format == wanted
    if pixel_format in ("yuyv422", "yuv410p"):
        return  # the first cannot be read in place; the chroma of the second is smoothed
    box = Box(0, 0, 96, 64)
    for old, new in zip(decode(data), decode(result), strict=True):
        before, after = VideoCanvas(old).read(box), VideoCanvas(new).read(box)
        assert np.abs(before.astype(int) - after).mean() < 4


def test_an_odd_size_becomes_444_and_stays_odd_for_further_work() -> None:
    data = make(Clip(container="webm", codec="libvpx-vp9", size=(95, 63)))
    result, report = run(data, "mkv")
    assert report.pixel_format == "yuv444p"
    assert [str(one) for one in report.converted] == ["chroma 4:2:0 to 4:4:4"]
    assert (probed(result).width, probed(result).height) == (95, 63)


@pytest.mark.parametrize(
    "colour", [(1, 1, 1, 1), (9, 9, 16, 1), (9, 9, 18, 1), (6, 6, 6, 1), (5, 5, 1, 2)]
)
@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_colour_tags_are_kept(container: str, colour: tuple[int, int, int, int]) -> None:
    result, _ = run(make(Clip(pixel_format="yuv420p10le", colour=colour)), container)
    frame = decode(result)[0]
    tags = (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range)
    assert tags == colour
    assert probed(result).is_hdr == (colour[2] in (16, 18))


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_static_hdr_metadata_is_kept(codec: Any) -> None:
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    options = {"x264-params": f"mastering-display={display}:cll=1000,400"}
    data = make(Clip(pixel_format="yuv420p10le", colour=(9, 9, 16, 1), options=options))
    wanted = StaticHdr(display, "1000,400")
    assert carried(data) == wanted
    settings = EncoderSettings(codec=codec, preset="ultrafast")
    result, _ = run(data, "mkv", settings=settings)
    assert carried(result) == wanted
    assert carried(make(Clip())) == StaticHdr()


def carried(data: bytes) -> StaticHdr:
    with VideoReader(io.BytesIO(data)) as reader:
        reader.first_frame()
        return reader.hdr


def test_interlaced_pictures_stay_interlaced() -> None:
    data = make(Clip(options={"flags": "+ildct+ilme", "x264-params": "tff=1"}))
    assert decode(data)[0].interlaced_frame
    result, _ = run(data, "mp4")
    assert all(frame.interlaced_frame for frame in decode(result))


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


def test_the_shape_of_pixels_is_kept() -> None:
    result, _ = run(make(Clip(aspect=Fraction(4, 3))), "mp4")
    with av.open(io.BytesIO(result)) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


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


@pytest.mark.parametrize("container", ["mp4", "mkv", "webm"])
def test_the_encoder_gets_exactly_the_source_s_pixels_outside_the_edit(
    container: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make(CLIPS["b-frames"])
    encoded: list[list[NDArray[np.uint8]]] = []
    real = writer.VideoWriter.write_frame

    def note(self: writer.VideoWriter, frame: av.VideoFrame) -> None:
        encoded.append(channels(frame))
        real(self, frame)

    monkeypatch.setattr(writer.VideoWriter, "write_frame", note)
    run(data, container)
    plain = [channels(frame) for frame in decode(data)]
    assert len(plain) == len(encoded)
    for old, new in zip(plain, encoded, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(old, new, strict=True))
    encoded.clear()

    def paint(canvas: VideoCanvas, _: FrameInfo) -> None:
        canvas.write(Box(10, 10, 8, 8), np.zeros((8, 8, 3), np.uint8), np.ones((8, 8), np.bool_))

    run(data, container, paint)
    for old, new in zip(plain, encoded, strict=True):
        for before, after in zip(old, new, strict=True):
            scale = 64 // before.shape[0]
            changed = np.argwhere(before != after) * scale
            assert changed.min() == 10
            assert changed.max() == 18 - scale


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


def test_the_codec_can_be_chosen() -> None:
    settings = EncoderSettings(codec="libx265", crf=30, preset="ultrafast")
    result, report = run(make(Clip()), "mkv", settings=settings)
    assert report.codec == "libx265"
    assert probed(result).codec == "hevc"
    with pytest.raises(OutputError, match="not written with hevc"):
        run(make(Clip()), "webm", settings=settings)


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

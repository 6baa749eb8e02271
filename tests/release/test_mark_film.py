"""Films get their label and watermark, and keep their picture, sound and times and nothing else."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest

from appliance.errors import InputError, OutputError, ReleaseError
from appliance.pipeline.media.video.encoder import EncoderSettings
from appliance.pipeline.media.video.probe import probe
from appliance.pipeline.media.video.reader import VideoReader
from appliance.release.film import FilmFormat, mark_film
from appliance.release.labels.implicit.label import label_json
from appliance.release.labels.visible import plate
from appliance.release.watermark.reading import read_from_frames
from tests.pipeline.media.clips import Clip, Sound, decode, make, packets, picture
from tests.pipeline.media.video.test_captions import captioned, captions
from tests.release.signed import FACTS, WATERMARK_KEY

CANARY = "jane-canary"
SIZE = (480, 360)
SHORT = Clip(size=SIZE, frames=6)


def marked(data: bytes, kind: FilmFormat = "mp4", *, corner_mark: bool = False) -> bytes:
    sink = io.BytesIO()
    mark_film(io.BytesIO(data), sink, kind, FACTS, WATERMARK_KEY, corner_mark=corner_mark)
    return sink.getvalue()


def shown(data: bytes) -> list[np.ndarray[Any, Any]]:
    """Every frame as people see it: upright RGB."""
    with VideoReader(io.BytesIO(data)) as reader:
        return [
            reader.orientation.upright(item.to_ndarray(format="rgb24"))
            for item in reader.items([])
            if isinstance(item, av.VideoFrame)
        ]


def has_label(frame: np.ndarray[Any, Any], words: Any = "label") -> bool:
    """Whether letters are light, and the ground between them is darker, where the label belongs."""
    height, width = frame.shape[:2]
    label = plate(words, width, height)
    box = label.place
    corner = frame[: box.h, : box.w].mean(axis=2)
    letters, ground = corner[label.ink > 250], corner[label.ink == 0]
    return bool(letters.mean() > 215 and ground.mean() < 90)


def luma(data: bytes, every: int = 1) -> Iterator[np.ndarray[Any, Any]]:
    for frame in decode(data)[::every]:
        name = "gray" if frame.format.components[0].bits == 8 else "gray10le"
        yield np.ascontiguousarray(frame.reformat(format=name).to_ndarray())


@pytest.mark.parametrize("kind", ["mp4", "mov"])
def test_a_film_has_its_label_and_its_number(kind: FilmFormat) -> None:
    film = marked(make(SHORT), kind)
    assert all(map(has_label, shown(film)))
    assert read_from_frames(luma(film), WATERMARK_KEY).number == FACTS.number
    assert read_from_frames(luma(film), bytes(32)).number is None


@pytest.mark.parametrize("corner_mark", [False, True])
def test_the_label_is_shown_for_two_seconds_and_a_mark_stays_if_asked_for(
    *, corner_mark: bool
) -> None:
    film = marked(make(Clip(size=SIZE, frames=30, rate=Fraction(10))), corner_mark=corner_mark)
    frames = shown(film)
    assert [has_label(frame) for frame in frames] == [True] * 20 + [False] * 10
    assert has_label(frames[-1], "corner mark") is corner_mark


def test_a_film_that_starts_late_shows_its_label_from_its_first_frame_on() -> None:
    times = range(5000, 5000 + 30 * 100, 100)
    film = marked(make(Clip(size=SIZE, time_base=Fraction(1, 1000), times=times)))
    assert [has_label(frame) for frame in shown(film)] == [True] * 20 + [False] * 10


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_film_shows_its_label_upright_and_in_the_same_corner(rotation: int) -> None:
    source = make(Clip(size=SIZE, frames=3, rotation=rotation))
    film = marked(source)
    assert probe(io.BytesIO(film)).rotation == probe(io.BytesIO(source)).rotation != 0
    assert all(map(has_label, shown(film)))
    assert read_from_frames(luma(film), WATERMARK_KEY).number == FACTS.number


def test_pixels_that_are_not_square_show_the_label_in_its_proportions() -> None:
    film = marked(make(Clip(size=SIZE, frames=2, aspect=Fraction(4, 3))))
    (frame, *_) = shown(film)
    wide = np.repeat(frame, 4, axis=1)[:, ::3]
    assert has_label(wide)


@pytest.mark.parametrize("size", [(481, 361), (360, 640)])
def test_sizes_that_are_odd_or_upright(size: tuple[int, int]) -> None:
    film = marked(make(Clip(size=size, frames=3, codec="libvpx-vp9", container="mp4")))
    assert all(map(has_label, (frame[: size[1], : size[0]] for frame in shown(film))))
    assert read_from_frames(luma(film), WATERMARK_KEY).number == FACTS.number


@pytest.mark.parametrize(("curve", "white"), [(1, 255), (16, 148), (18, 191)])
def test_ten_bits_and_their_colours_stay_and_letters_do_not_dazzle(curve: int, white: int) -> None:
    colour = (9, 9, curve, 1)
    clip = Clip(size=SIZE, frames=4, codec="libx265", pixel_format="yuv420p10le", colour=colour,
                options={"x265-params": "log-level=error"})  # fmt: skip
    film = marked(make(clip))
    (frame, *_) = decode(film)
    assert frame.format.name == "yuv420p10le"
    assert (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range) == colour
    label = plate("label", *SIZE)
    corner = next(luma(film)).astype(float)[: label.ink.shape[0], : label.ink.shape[1]]
    assert corner[label.ink > 250].mean() / 1023 * 255 == pytest.approx(white, abs=6)
    assert read_from_frames(luma(film), WATERMARK_KEY, depth=10).number == FACTS.number


def test_frames_and_sound_keep_their_times_and_sound_its_packets() -> None:
    times = [0, 40, 95, 110, 300, 333]
    source = make(
        Clip(
            size=SIZE, time_base=Fraction(1, 1000), times=times, sounds=[Sound(start=480)], last=80
        )
    )
    before, after = packets(source), packets(marked(source))
    assert [track.kind for track in after] == ["video", "audio"]
    assert after[0].shown == before[0].shown
    assert after[1] == before[1]


def test_a_film_without_sound_gets_none() -> None:
    assert [track.kind for track in packets(marked(make(SHORT)))] == ["video"]


@pytest.mark.parametrize(("container", "codec"), [("mkv", "libx264"), ("webm", "libvpx-vp9")])
def test_matroska_becomes_an_mp4_of_the_same_times(container: str, codec: str) -> None:
    source = make(Clip(size=SIZE, frames=6, container=container, codec=codec))
    film = marked(source)
    assert film[4:8] == b"ftyp"
    assert packets(film)[0].shown == packets(source)[0].shown


def with_all_that_may_be_told(container: str) -> bytes:
    """A film that says its name wherever a film can say something."""
    sink = io.BytesIO()
    clip = Clip(size=SIZE, frames=6, sounds=[Sound(language="deu")])
    options = {"movflags": "use_metadata_tags"} if container != "matroska" else {}
    with (
        av.open(io.BytesIO(make(clip)), "r") as source,
        av.open(sink, "w", format=container, container_options=options) as output,
    ):
        output.metadata.update(
            dict.fromkeys(("title", "artist", "comment", "location", "own.key"), CANARY)
        )
        output.metadata["creation_time"] = "2020-02-02T02:02:02Z"
        output.set_chapters(
            [
                {
                    "id": 1,
                    "start": 0,
                    "end": 100,
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": CANARY},
                }
            ]
        )
        targets = {}
        for stream in source.streams:
            target = output.add_stream_from_template(stream, opaque=True)
            target.metadata.update({"title": CANARY, "handler_name": CANARY, "language": "deu"})
            targets[stream.index] = target
        codec = "subrip" if container == "matroska" else "mov_text"
        text = output.add_mux_stream(codec, time_base=Fraction(1, 1000))
        text.metadata["language"] = "deu"
        if container == "matroska":
            output.add_attachment("notes.txt", "text/plain", CANARY.encode())
        line = CANARY.encode()
        body = line if container == "matroska" else len(line).to_bytes(2, "big") + line
        caption: Any = av.Packet(body)
        caption.pts = caption.dts = 0
        caption.duration, caption.time_base, caption.stream = 200, Fraction(1, 1000), text
        muxed: list[Any] = [packet for packet in source.demux() if packet.size]
        for packet in muxed:
            packet.stream = targets[packet.stream.index]
        for packet in (caption, *muxed):
            output.mux(packet)
    return sink.getvalue()


@pytest.mark.parametrize("container", ["mp4", "mov", "matroska"])
@pytest.mark.parametrize("kind", ["mp4", "mov"])
def test_nothing_that_a_film_tells_survives(container: str, kind: FilmFormat) -> None:
    source = with_all_that_may_be_told(container)
    assert source.count(CANARY.encode()) >= 5
    film = marked(source, kind)
    assert CANARY.encode() not in film
    rest = film
    for sound in packets(film)[1].data:
        rest = rest.replace(sound, b"")  # passed on bit by bit, with the name of its encoder
    for word in (b"Lavf", b"Lavc", b"FFmpeg", b"deu", b"chap"):
        assert word not in rest
    with av.open(io.BytesIO(film), "r") as opened:
        assert opened.metadata["AIGC"] == label_json(FACTS)
        brands = {"major_brand", "minor_version", "compatible_brands"}
        assert {*opened.metadata} - brands == {"AIGC"}
        assert [stream.type for stream in opened.streams] == ["video", "audio"]
        for stream in opened.streams:
            assert {*stream.metadata} <= {"language", "handler_name", "vendor_id"}
            assert stream.language in (None, "und")
        assert not opened.chapters()


def test_captions_within_the_picture_do_not_survive() -> None:
    small = captioned(SIZE)
    assert captions(small) == 4
    assert captions(marked(small)) == 0


@pytest.mark.parametrize("kind", ["mp4", "mov"])
def test_the_label_for_programs_is_where_it_belongs(kind: FilmFormat) -> None:
    film = marked(make(SHORT), kind)
    meta = box_at(film, b"moov", b"udta", b"meta")
    assert b"AIGC" in meta
    assert label_json(FACTS).encode() in meta
    assert film.count(b"AIGC") == meta.count(b"AIGC")


def box_at(data: bytes, *path: bytes) -> bytes:
    """The content of the box that ``path`` leads to (ISO/IEC 14496-12, 4.2)."""
    for name in path:
        at = 0
        while data[at + 4 : at + 8] != name:
            at += int.from_bytes(data[at : at + 4], "big")
        data = data[at + 8 : at + int.from_bytes(data[at : at + 4], "big")]
    return data


def test_formats_without_a_place_for_a_manifest_are_refused_untouched() -> None:
    for kind in ("mkv", "webm", "avi"):
        sink = io.BytesIO()
        with pytest.raises(ReleaseError, match="cannot carry"):
            mark_film(io.BytesIO(make(SHORT)), sink, kind, FACTS, WATERMARK_KEY)  # type: ignore[arg-type]
        assert not sink.getvalue()


def test_a_film_too_small_for_the_watermark_is_refused() -> None:
    with pytest.raises(OutputError, match="watermark"):
        marked(make(Clip(size=(400, 318), frames=2)))


def test_a_film_that_is_cut_short_is_refused() -> None:
    source = make(Clip(size=SIZE, frames=24))
    with pytest.raises(InputError):
        marked(source[: len(source) // 2])


def test_pixels_below_the_label_change_by_the_watermark_alone() -> None:
    source = make(Clip(size=SIZE, frames=2, options={"crf": "1"}))
    sink = io.BytesIO()
    mark_film(
        io.BytesIO(source), sink, "mp4", FACTS, WATERMARK_KEY, settings=EncoderSettings(crf=1)
    )
    pairs = zip(luma(source), luma(sink.getvalue()), strict=True)
    bottom = plate("label", *SIZE).size[1]
    errors = [np.square(one[bottom:].astype(float) - two[bottom:]).mean() for one, two in pairs]
    assert 10 * np.log10(255**2 / max(errors)) >= 41


def test_progress_counts_frames() -> None:
    seen: list[int] = []
    sink = io.BytesIO()
    frames = mark_film(
        io.BytesIO(make(SHORT)),
        sink,
        "mp4",
        FACTS,
        WATERMARK_KEY,
        progress=lambda info: seen.append(info.index),
    )
    assert frames == SHORT.frames
    assert seen == [*range(SHORT.frames)]


def test_the_test_picture_has_no_label_of_its_own() -> None:
    assert not has_label(picture(0, *SIZE))

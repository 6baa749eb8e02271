from __future__ import annotations

import io
from typing import Any

import av
import pytest

from appliance.errors import InputError
from appliance.pipeline.media.video.encoder import CONTAINERS
from appliance.pipeline.media.video.sound_encoder import choose_sound, named_layout
from appliance.pipeline.media.video.transcode import transcode
from tests.pipeline.media.films import sounding

# Container, codec, layout, rate; "2 channels" names no positions, as AVI and MKV hold raw sound.
SOUNDS = [
    ("avi", "pcm_s16le", "2 channels", 44_100),
    ("mkv", "pcm_s16le", "2 channels", 48_000),
    ("mkv", "pcm_s16le", "6 channels", 48_000),
    ("avi", "pcm_u8", "1 channels", 11_025),
    ("avi", "adpcm_ima_wav", "stereo", 44_100),
    ("mp4", "ac3", "5.1(side)", 44_100),
    ("mkv", "eac3", "5.1(side)", 48_000),
    ("mp4", "aac", "4.0", 44_100),
    ("mov", "pcm_s16le", "7.1", 48_000),
    ("mov", "pcm_s16le", "2.1", 44_100),
    ("mkv", "flac", "mono", 192_000),
    ("mkv", "flac", "5.1.2", 48_000),
    ("mkv", "pcm_s16le", "16 channels", 48_000),
    ("mkv", "mp2", "stereo", 22_050),
]


def run(data: bytes, container: Any) -> tuple[bytes, Any]:
    sink = io.BytesIO()
    report = transcode(io.BytesIO(data), sink, lambda _canvas, _info: None, container=container)
    return sink.getvalue(), report


def sound_of(data: bytes) -> tuple[int, float, float]:
    """Channels, and when the sound begins and ends, in seconds."""
    with av.open(io.BytesIO(data), "r") as container:
        (stream,) = container.streams.audio
        frames = list(container.decode(stream))
        first, last = frames[0], frames[-1]
        assert first.pts is not None
        assert last.pts is not None
        assert first.time_base is not None
        assert last.time_base is not None
        end = last.pts * last.time_base + last.samples / last.sample_rate
        return first.layout.nb_channels, float(first.pts * first.time_base), float(end)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("sound", SOUNDS, ids=lambda sound: " ".join(map(str, sound)))
def test_every_sound_keeps_its_channels_and_its_time(
    sound: tuple[str, str, str, int], container: str
) -> None:
    held, codec, layout, rate = sound
    data = sounding(held, codec, layout, rate=rate)
    channels, start, end = sound_of(data)
    result, report = run(data, container)
    assert report.tracks.copied + len(report.tracks.reencoded) == 1
    assert report.tracks.dropped == ()
    found, first, last = sound_of(result)
    assert found == channels
    # MKV moves all tracks by an encoder's lead-in; AVI knows no times.
    assert abs((last - first) - (end - start)) < 0.06


@pytest.mark.parametrize(("layout", "copied"), [("stereo", 1), ("5.1", 0)])
def test_flac_is_copied_to_avi_where_it_can_be_timed(layout: str, copied: int) -> None:
    assert run(sounding("mkv", "flac", layout), "avi")[1].tracks.copied == copied


def test_layouts_without_positions_get_the_usual_ones() -> None:
    names = [named_layout(av.AudioLayout(f"{count} channels")) for count in (1, 2, 6, 8)]
    assert names == ["mono", "stereo", "5.1", "7.1"]
    assert named_layout(av.AudioLayout("5.1(side)")) == "5.1(side)"
    assert named_layout(av.AudioLayout("16 channels")) == "16 channels"


@pytest.mark.parametrize(
    ("container", "layout", "rate", "wanted"),
    [
        ("webm", "5.1(side)", 44_100, ("libopus", 48_000, "5.1")),
        ("webm", "2.1", 48_000, ("libopus", 48_000, "3.0")),
        ("mp4", "5.1", 44_100, ("aac", 44_100, "5.1")),
        ("mp4", "5.1.2", 48_000, ("aac", 48_000, "7.1")),
        ("mp4", "stereo", 192_000, ("aac", 96_000, "stereo")),
        ("mp4", "stereo", 37_800, ("aac", 44_100, "stereo")),
        ("avi", "stereo", 96_000, ("libmp3lame", 48_000, "stereo")),
        ("avi", "5.1", 48_000, ("aac", 48_000, "5.1")),
    ],
)
def test_the_nearest_of_what_the_encoder_has_is_chosen(
    container: str, layout: str, rate: int, wanted: tuple[str, int, str]
) -> None:
    data = sounding("mkv", "pcm_s16le", layout, rate=rate)
    with av.open(io.BytesIO(data), "r") as source:
        sound = choose_sound(CONTAINERS[container], source.streams.audio[0])
    assert sound is not None
    assert (sound.encoder, sound.rate, sound.layout) == wanted


def test_sound_that_is_damaged_is_what_the_message_names() -> None:
    data = bytearray(sounding("mkv", "flac", "mono"))
    with av.open(io.BytesIO(bytes(data)), "r") as container:
        packets = [packet for packet in container.demux(audio=0) if packet.size]
        place = bytes(data).index(bytes(packets[2]))
    data[place : place + 64] = bytes(64)
    with pytest.raises(InputError, match="sound"):
        run(bytes(data), "webm")

"""Every kind of track, codec and photo in one really sealed process, which can load nothing."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.paths import REPOSITORY
from tests.pipeline.media.clips import Clip, Sound, make
from tests.pipeline.media.films import (
    Line,
    sounding,
    subtitled,
    with_attachment,
    with_cover,
    with_data,
    with_second_picture,
)
from tests.pipeline.media.heif import make_heic

_LINES = [Line("Guten Tag")]
_FRAMES = 3

TRACKS: Mapping[str, Callable[[], bytes]] = {
    "subtitle mov_text in mp4": lambda: subtitled("mp4", "mov_text", _LINES),
    "subtitle mov_text in mov": lambda: subtitled("mov", "mov_text", _LINES),
    "subtitle subrip": lambda: subtitled("mkv", "subrip", _LINES),
    "subtitle ass": lambda: subtitled("mkv", "ass", _LINES),
    "subtitle webvtt in mkv": lambda: subtitled("mkv", "webvtt", _LINES),
    "subtitle webvtt in webm": lambda: subtitled("webm", "webvtt", _LINES),
    "data": lambda: with_data("ts", "klv"),
    "attachment": with_attachment,
    "second picture": with_second_picture,
    "cover": with_cover,
    "sound aac": lambda: make(Clip(sounds=[Sound()])),
    "sound opus": lambda: make(Clip(container="mkv", sounds=[Sound("libopus")])),
    "sound mp3": lambda: make(Clip(container="avi", codec="mpeg4", sounds=[Sound("libmp3lame")])),
    "sound pcm": lambda: sounding("avi", "pcm_s16le", "2 channels"),
    "sound adpcm": lambda: sounding("avi", "adpcm_ima_wav", "stereo"),
    "sound ac3": lambda: sounding("ts", "ac3", "5.1"),
    "sound mp2": lambda: sounding("mpg", "mp2", "stereo"),
    "sound flac": lambda: sounding("mkv", "flac", "mono"),
    "sound alac": lambda: sounding("mov", "alac", "stereo"),
}
CODECS: Mapping[str, Clip] = {
    "h264": Clip(frames=_FRAMES),
    "hevc": Clip(codec="libx265", frames=_FRAMES, options={"x265-params": "log-level=none"}),
    "vp8": Clip(container="webm", codec="libvpx", frames=_FRAMES),
    "vp9": Clip(container="webm", codec="libvpx-vp9", frames=_FRAMES),
    "av1": Clip(
        container="mkv", codec="libsvtav1", frames=_FRAMES, options={"svtav1-params": "preset=12"}
    ),
    "mjpeg": Clip(
        container="avi",
        codec="mjpeg",
        pixel_format="yuvj422p",
        colour=(5, 1, 1, 2),
        frames=_FRAMES,
    ),
    "mpeg4": Clip(container="avi", codec="mpeg4", frames=_FRAMES),
    "msmpeg4v3": Clip(container="avi", codec="msmpeg4", frames=_FRAMES),
    "mpeg2video": Clip(container="mkv", codec="mpeg2video", frames=_FRAMES),
    "mpeg1video": Clip(container="mkv", codec="mpeg1video", rate=Fraction(25), frames=_FRAMES),
    "h263": Clip(container="avi", codec="h263", size=(128, 96), frames=_FRAMES),
    "prores": Clip(container="mov", codec="prores_ks", pixel_format="yuv422p10le", frames=_FRAMES),
    "dvvideo": Clip(
        container="mov", codec="dvvideo", size=(720, 576), rate=Fraction(25), frames=_FRAMES
    ),
    "dnxhd": Clip(
        container="mov",
        codec="dnxhd",
        pixel_format="yuv422p",
        size=(256, 128),
        frames=_FRAMES,
        options={"profile": "dnxhr_sq"},
    ),
    "ffv1": Clip(container="mkv", codec="ffv1", frames=_FRAMES),
    "huffyuv": Clip(container="avi", codec="huffyuv", pixel_format="yuv422p", frames=_FRAMES),
    "v210": Clip(container="mov", codec="v210", pixel_format="yuv422p10le", frames=_FRAMES),
    "rawvideo": Clip(container="avi", codec="rawvideo", frames=_FRAMES),
    "cinepak": Clip(container="avi", codec="cinepak", pixel_format="rgb24", frames=_FRAMES),
    "qtrle": Clip(container="mov", codec="qtrle", pixel_format="rgb24", frames=_FRAMES),
    "png": Clip(container="mov", codec="png", pixel_format="rgb24", frames=_FRAMES),
    "utvideo": Clip(container="avi", codec="utvideo", frames=_FRAMES),
}


def _photo(mode: str, kind: str, **options: Any) -> bytes:
    grey = np.tile(np.linspace(0, 255, 64, dtype=np.uint8), (48, 1))
    sink = io.BytesIO()
    Image.fromarray(grey).convert(mode).save(sink, kind, **options)
    return sink.getvalue()


PHOTOS: Mapping[str, bytes] = {
    **{f"jpeg {mode}": _photo(mode, "JPEG") for mode in ("RGB", "L", "CMYK")},
    "jpeg progressive": _photo("RGB", "JPEG", progressive=True),
    **{f"png {mode}": _photo(mode, "PNG") for mode in ("RGB", "RGBA", "P", "LA", "1", "L")},
    "png with transparency": _photo("P", "PNG", transparency=3),
    **{f"webp {mode}": _photo(mode, "WEBP") for mode in ("RGB", "RGBA")},
    **{f"tiff {mode}": _photo(mode, "TIFF") for mode in ("RGB", "RGBA", "P", "CMYK", "LAB", "1")},
    "tiff, deflated": _photo("RGB", "TIFF", compression="tiff_deflate"),
    "tiff, jpeg": _photo("RGB", "TIFF", compression="jpeg"),
    **{f"bmp {mode}": _photo(mode, "BMP") for mode in ("RGB", "P")},
    "heic": make_heic(),
}


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """What the sealed process says of each file, by its name here."""
    folder = tmp_path_factory.mktemp("files")
    names: list[str] = []
    paths: list[str] = []
    clips = {name: make(clip) for name, clip in CODECS.items()}
    tracks = {name: film() for name, film in TRACKS.items()}
    for name, data in {**tracks, **clips, **PHOTOS}.items():
        path = folder / str(len(paths))
        path.write_bytes(data)
        names.append(name)
        paths.append(str(path))
    done = subprocess.run(
        [sys.executable, "-m", "tests.cli.sealed_reader", *paths],
        capture_output=True,
        check=False,
        cwd=REPOSITORY,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # as the program sets it
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(names, done.stdout.splitlines(), strict=True))


@pytest.mark.parametrize("name", TRACKS)
def test_a_film_with_any_kind_of_track_is_taken(name: str, read: Mapping[str, str]) -> None:
    assert read[name].split()[-1] == "24"


@pytest.mark.parametrize("name", CODECS)
def test_a_film_in_any_codec_is_taken(name: str, read: Mapping[str, str]) -> None:
    assert read[name].split()[1:] == [name, str(_FRAMES)]


@pytest.mark.parametrize("name", PHOTOS)
def test_a_photo_of_any_kind_is_taken(name: str, read: Mapping[str, str]) -> None:
    assert read[name] == name.split(" ", maxsplit=1)[0].strip(",")

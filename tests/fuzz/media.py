"""Fuzzed parsers of photos and films: what comes from outside, and is read in a sealed process.

Each judge takes any bytes, and raises where a parser of ours does anything but read them or refuse
them with an ``InputError``. The decoders behind them are libraries in C and not instrumented.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from types import SimpleNamespace
from typing import Self

from PIL import Image

from appliance.cli.process.input_files import decode_photo
from appliance.errors import InputError, OutputError
from appliance.pipeline.media.kind import is_video, video_family
from appliance.pipeline.media.orientation import from_display_matrix, from_exif
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.pipeline.media.video.container_check import identify_container
from appliance.pipeline.media.video.hdr import static_hdr
from appliance.pipeline.media.video.probe import probe
from appliance.pipeline.media.video.transcode import transcode
from tests.formats.films import OTHERS, PICTURES, SOUNDS, Film, subtitles
from tests.formats.photos import PHOTOS
from tests.fuzz.target import Target


def judge_container(data: bytes) -> None:
    """The walkers of boxes, EBML elements and RIFF chunks, on a file, which seeks as files do."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        try:
            family, _ = identify_container(file)
        except (InputError, OSError):  # the caller takes both for damage
            return
        assert family == video_family(data)
        assert file.tell() == 0


def judge_film(data: bytes) -> None:
    """Everything up to the first frame: matrices, HDR metadata, tracks."""
    try:
        probe(io.BytesIO(data))
    except InputError:
        return


def judge_rewriting(data: bytes) -> None:
    """All frames and tracks, and what is written of them."""
    try:
        transcode(io.BytesIO(data), io.BytesIO(), lambda *_: None, container="mkv")
    except (InputError, OutputError):
        return


def judge_photo(data: bytes) -> None:
    """Directories, chunks, orientation and profiles of photos, and what is written of them."""
    file = io.BytesIO(data)
    if is_video(file):
        return
    try:
        photo = decode_photo(file, "The photo")
    except InputError:
        return
    height, width, channels = photo.pixels.shape
    assert channels == 3
    assert min(height, width) > 0
    assert photo.alpha is None or photo.alpha.shape == (height, width)
    encode_photo(photo, "png")


def judge_profile(data: bytes) -> None:
    """An ICC profile in a sound photo, which is used or ignored."""
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), "orange").save(buffer, "PNG", icc_profile=data)
    photo = decode_photo(io.BytesIO(buffer.getvalue()), "The photo")
    encode_photo(photo, "bmp")  # converts to sRGB


def judge_subtitle(data: bytes) -> None:
    """The text of a subtitle track."""
    judge_rewriting(Film("", "mkv", "mjpeg", "yuvj420p", add=subtitles("subrip", data)).make())


def judge_side_data(data: bytes) -> None:
    """HDR metadata of a frame, and numbers that turn it, as FFmpeg hands them on."""
    light, mastering = data[:8], data[8:96]
    if len(mastering) < 88:
        return  # FFmpeg's structures have these sizes
    pairs = (("MASTERING_DISPLAY_METADATA", mastering), ("CONTENT_LIGHT_LEVEL", light))
    static_hdr([_Entry(name, value) for name, value in pairs])
    from_display_matrix(memoryview(mastering[:36]).cast("i").tolist())
    from_exif(int.from_bytes(light[:2], "big"))


class _Entry(bytes):
    """One entry of side data, as PyAV has it."""

    type: SimpleNamespace

    def __new__(cls, name: str, value: bytes) -> Self:
        entry = super().__new__(cls, value)
        entry.type = SimpleNamespace(name=name)
        return entry


def _films() -> list[bytes]:
    small = [film for film in (*PICTURES, *SOUNDS, *OTHERS) if film.codec != "libsvtav1"]
    made = [film.make() for film in small]
    return [film for film in made if len(film) < 1 << 14]


def _photos(start: str) -> Callable[[], list[bytes]]:
    return lambda: [make() for name, make in PHOTOS.items() if name.startswith(start)]


def _profile() -> list[bytes]:
    with Image.open(io.BytesIO(PHOTOS["JPEG with a profile"]())) as photo:
        return [photo.info["icc_profile"]]


def _side_data() -> list[bytes]:
    rational = b"".join(value.to_bytes(4, "little") for value in (1, 50_000))
    return [bytes(8) + rational * 10 + b"\1\0\0\0" * 2]


TARGETS = {
    "container": Target(judge_container, _films),
    "film": Target(judge_film, _films),
    "rewriting": Target(judge_rewriting, _films),
    "jpeg": Target(judge_photo, _photos("JPEG")),
    "png": Target(judge_photo, _photos("PNG")),
    "tiff": Target(judge_photo, _photos("TIFF")),
    "webp": Target(judge_photo, _photos("WebP")),
    "bmp": Target(judge_photo, _photos("BMP")),
    "heic": Target(judge_photo, _photos("HEIC")),
    "avif": Target(judge_photo, _photos("AVIF")),
    "dicom": Target(judge_photo, _photos("DICOM")),
    "profile": Target(judge_profile, _profile),
    "subtitle": Target(judge_subtitle, lambda: [b"Hello", b"GPS (11.5754, 48.1371, 19), ISO: 100"]),
    "side-data": Target(judge_side_data, _side_data),
}

"""Polyglots that were taken in leave their picture, and nothing else of what they carried."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from appliance.errors import InputError
from appliance.wire.client import Client
from appliance.wire.message import CallError
from appliance.worker.rewriting import rewrite_media
from tests.pipeline.media import clips
from tests.worker.leftovers import holds_canary, metadata, psnr
from tests.worker.polyglots import CANARY, FILMS, OTHER_FACE, PHOTOS, REFUSED, RGB
from tests.worker.process import Worker

# What exiftool finds in a PNG that has neither words nor times, and of the file itself.
_OF_A_PICTURE = frozenset(
    (
        *("ImageWidth", "ImageHeight", "BitDepth", "ColorType", "Compression", "Filter"),
        *("Interlace", "Gamma", "PixelsPerUnitX", "PixelsPerUnitY", "PixelUnits", "ImageSize"),
        *("Megapixels", "ProfileName"),
    )
)


def rewritten(data: bytes, path: Path) -> bytes:
    """What a workspace gets of ``data``."""
    with path.open("wb+") as sink:
        rewrite_media(io.BytesIO(data), sink)  # type: ignore[arg-type]
    return path.read_bytes()


@pytest.mark.parametrize("name", PHOTOS)
def test_a_photo_leaves_its_picture_alone(name: str, tmp_path: Path) -> None:
    data = PHOTOS[name]()
    assert holds_canary(data)  # the control
    done = rewritten(data, tmp_path / "item.png")
    assert not holds_canary(done)
    with Image.open(io.BytesIO(done)) as written:
        pixels = np.asarray(written.convert("RGB"))
        assert getattr(written, "n_frames", 1) == 1
    assert psnr(pixels, RGB) > 32
    assert not (pixels == OTHER_FACE[0, 0]).all(axis=-1).any()
    found = metadata(tmp_path / "item.png")
    words = {key for key in found if not key.startswith("ICC")}
    assert {key.partition(":")[2] for key in words} <= _OF_A_PICTURE, found
    assert CANARY.decode() not in json.dumps(found)


@pytest.mark.parametrize("name", FILMS)
def test_a_film_leaves_pictures_and_sound(name: str, tmp_path: Path) -> None:
    data = FILMS[name]()
    done = rewritten(data, tmp_path / "item")
    assert not holds_canary(done)
    before, after = _first(data), _first(done)
    assert psnr(after, before) > 32
    facts = probed(tmp_path / "item")
    kinds = [stream["codec_type"] for stream in facts["streams"]]
    assert kinds.count("video") == 1
    assert {*kinds} <= {"video", "audio"}
    assert not any(
        title for chapter in facts["chapters"] for title in chapter.get("tags", {}).values()
    )
    tags = [*facts["format"].get("tags", {}).items()]
    tags += [pair for stream in facts["streams"] for pair in stream.get("tags", {}).items()]
    assert {key.lower() for key, _ in tags} <= _TAGS_OF_A_FILM, tags
    assert CANARY.decode() not in json.dumps(facts)


_TAGS_OF_A_FILM = frozenset(
    (
        # What muxers write of themselves: brands, handlers, and how long each track lasts.
        *("major_brand", "minor_version", "compatible_brands", "handler_name", "vendor_id"),
        *("encoder", "duration", "language"),
    )
)


def _first(data: bytes) -> Any:
    return clips.decode(data)[0].to_ndarray(format="rgb24")


def probed(path: Path) -> Any:
    """What ffprobe finds: an independent build of FFmpeg."""
    show = ("-show_format", "-show_streams", "-show_chapters")
    command = ["ffprobe", "-v", "error", "-of", "json", *show, str(path)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def test_each_film_has_something_to_leave_behind() -> None:
    plain = {"MP4 with a cover", "MPEG-TS", "MP4 with places"}
    assert all(holds_canary(make()) for name, make in FILMS.items() if name not in plain)
    with av.open(io.BytesIO(FILMS["MP4 with a cover"]())) as film:
        assert len(film.streams.video) == 2


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_from_its_first_byte_on_is_refused(name: str, tmp_path: Path) -> None:
    with (tmp_path / "item").open("wb+") as sink, pytest.raises(InputError):
        rewrite_media(io.BytesIO(REFUSED[name]()), sink)  # type: ignore[arg-type]
    assert (tmp_path / "item").read_bytes() == b""


@pytest.mark.parametrize(
    "name",
    [
        "JPEG and ZIP",
        "JPEG with another face in its thumbnail",
        "JPEG with a name in its profile",
        "PNG and what follows",
        "DICOM and a program",
        "MKV with words and an attachment",
        "MP4 and uuid",
    ],
)
def test_a_workspace_holds_nothing_else_of_what_was_imported(
    name: str, worker: Worker, client: Client, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_bytes({**PHOTOS, **FILMS}[name]())
    imported = worker.take_in(client, file)
    (item,) = worker.workspace.glob(f"{imported.item}.item.*")
    assert item.suffix == (".photo" if name in PHOTOS else ".video")
    assert not any(holds_canary(path.read_bytes()) for path in worker.workspace.iterdir())


def test_a_workspace_takes_none_that_is_no_picture_from_its_first_byte_on(
    worker: Worker, client: Client, tmp_path: Path
) -> None:
    before = sorted(worker.workspace.iterdir())
    for make in REFUSED.values():
        (tmp_path / "file").write_bytes(make())
        with pytest.raises(CallError, match="Failed"):
            worker.take_in(client, tmp_path / "file")
    assert sorted(worker.workspace.iterdir()) == before

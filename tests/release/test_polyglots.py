"""What leaves of a polyglot is its picture: no label or manifest takes anything along."""

from __future__ import annotations

import io
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.media.photo.encode import PhotoFormat
from appliance.pipeline.media.photo.photo import Photo
from appliance.release.film import mark_film
from appliance.release.labels.visible import labelled
from appliance.release.provenance.films import sign_film_in_place
from appliance.release.still import released_still
from tests.pipeline.media import clips
from tests.release.signed import FACTS, WATERMARK_KEY, signing_key
from tests.worker.leftovers import holds_canary, metadata, psnr
from tests.worker.polyglots import CANARY, FILMS, OTHER_FACE, PHOTOS, RGB

KINDS: tuple[PhotoFormat, ...] = ("jpeg", "png", "webp", "tiff")


@pytest.mark.parametrize(("name", "kind"), [*zip(PHOTOS, cycle(KINDS), strict=False)])
def test_a_released_polyglot_is_a_picture_alone(
    name: str, kind: PhotoFormat, tmp_path: Path
) -> None:
    data = PHOTOS[name]()
    assert holds_canary(data)  # the control
    released = released_still(read_photo(data), kind, FACTS, signing_key(), WATERMARK_KEY)
    assert not holds_canary(released)
    path = tmp_path / "released"
    path.write_bytes(released)
    assert CANARY.decode() not in str(metadata(path))
    with Image.open(io.BytesIO(released)) as written:
        assert getattr(written, "n_frames", 1) == 1
        pixels = np.asarray(written.convert("RGB"))
    assert psnr(pixels, labelled(Photo(RGB.copy())).pixels) > 30
    assert not (pixels == OTHER_FACE[0, 0]).all(axis=-1).any()


FREED = ("MP4 and ZIP", "MP4 and uuid", "MP4 with words", "MOV with words")


@pytest.mark.parametrize("name", [*FREED, "MP4 with a message between pictures"])
def test_a_released_film_is_pictures_and_sound_alone(name: str, tmp_path: Path) -> None:
    data = FILMS[name]()
    assert holds_canary(data)  # the control
    path = tmp_path / "released.mp4"
    with path.open("wb+") as sink:
        mark_film(io.BytesIO(data), sink, "mp4", FACTS, WATERMARK_KEY)
        sign_film_in_place(sink, "mp4", FACTS, signing_key())
    assert not holds_canary(path.read_bytes())
    assert CANARY.decode() not in str(metadata(path))
    before, after = map(_first, (data, path.read_bytes()))
    below = slice(before.shape[0] // 2, None)  # the label is above
    assert psnr(after[below], before[below]) > 30


def _first(film: bytes) -> Any:
    return clips.decode(film)[0].to_ndarray(format="rgb24")

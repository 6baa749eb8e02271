"""What leaves of a polyglot is its picture: no label or manifest takes anything along."""

from __future__ import annotations

import io
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.media.photo.encode import PhotoFormat
from appliance.pipeline.media.photo.photo import Photo
from appliance.release.labels.visible import labelled
from appliance.release.still import released_still
from tests.release.signed import FACTS, WATERMARK_KEY, signing_key
from tests.worker.leftovers import holds_canary, metadata, psnr
from tests.worker.polyglots import CANARY, OTHER_FACE, PHOTOS, RGB

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

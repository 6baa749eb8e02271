from __future__ import annotations

import io
import struct

import pytest
from PIL import Image, ImageCms

from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.pipeline.media.photo.icc import well_formed

SOUND = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# Version 4, in which libpng wants a multiple of four.
FOURTH = SOUND[:8] + b"\4" + SOUND[9:]


def stating(length: int, profile: bytes) -> bytes:
    """``profile``, whose header states another ``length``."""
    return struct.pack(">I", length) + profile[4:]


@pytest.mark.parametrize(
    "profile",
    [
        SOUND + b"\0\0",
        stating(len(SOUND) + 40, SOUND),
        stating(0, SOUND),
        stating(len(FOURTH) + 2, FOURTH + b"\0\0"),
    ],
    ids=["bytes behind it", "longer than it is", "no length", "not a multiple of four"],
)
def test_a_profile_of_another_length_is_kept_in_a_png(profile: bytes) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6), "orange").save(buffer, "JPEG", icc_profile=profile)
    photo = read_photo(buffer.getvalue())
    assert photo.icc == profile
    with Image.open(io.BytesIO(encode_photo(photo, "png"))) as written:
        kept = written.info["icc_profile"]
    assert struct.unpack(">I", kept[:4])[0] == len(kept)
    assert kept[36:40] == b"acsp"


def test_a_sound_profile_is_kept_as_it_is() -> None:
    assert well_formed(SOUND) == SOUND


def test_what_is_too_short_is_no_profile() -> None:
    assert well_formed(SOUND[:100]) is None

from __future__ import annotations

import io

import pytest

from appliance.pipeline.media.kind import is_heic, is_video
from tests.pipeline.media.heif import make_heic


@pytest.mark.parametrize(
    ("head", "video"),
    [
        (b"\x00\x00\x00\x20ftypisom", True),
        (b"\x00\x00\x00\x20ftypqt  ", True),
        (b"\x00\x00\x00\x20ftypheic", False),
        (b"\x00\x00\x00\x20ftypmif1", False),
        (b"\x00\x00\x00\x20ftypavif", False),
        (b"\x00\x00\x00\x08wide\x00\x00\x00\x00mdat", True),
        (b"\x1a\x45\xdf\xa3", True),
        (b"RIFF\x00\x00\x00\x00AVI LIST", True),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", False),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", False),
        (b"\x89PNG\r\n\x1a\n", False),
        (b"", False),
    ],
)
def test_content_tells_video_from_photo(head: bytes, video: bool) -> None:
    file = io.BytesIO(head)
    assert is_video(file) is video
    assert file.tell() == 0


def test_a_heic_photo_is_recognised_by_the_brand_at_its_place() -> None:
    head = make_heic()[:12]
    assert is_heic(head)
    assert not is_heic(head.replace(b"ftyp", b"free"))
    assert not is_heic(head.replace(b"heic", b"isom"))

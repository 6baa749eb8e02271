from __future__ import annotations

import io

import pytest

from appliance.errors import InputError
from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.media.unread_kind import UnknownKindError, check_kind, unknown_kind
from appliance.pipeline.media.video.container_check import identify_container
from tests.pipeline.media.clips import Clip, make

UNREAD = {
    "WMV": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
    "FLV": b"FLV\1\5\0\0\0\x09",
    "OGG": b"OggS\0\2",
    "MXF": bytes.fromhex("060e2b34020501010d0102010102"),
    "DV": b"\x1f\x07\0\xbf",
    "MPEG": b"\0\0\1\xb3\x2d\x02",
    "stream": b"\0\0\0\1\x67\x42",
    "CD": b"RIFF\0\0\0\0CDXAfmt ",
}


@pytest.mark.parametrize("name", UNREAD)
def test_a_known_kind_that_is_not_read_is_named_with_those_that_are(name: str) -> None:
    head = UNREAD[name] + bytes(64)
    with pytest.raises(UnknownKindError, match=name) as caught:
        check_kind(head, video_too=True)
    assert "MPEG-TS" in caught.value.hint
    with pytest.raises(UnknownKindError, match=name) as caught:
        check_kind(head, video_too=False)
    assert "JPEG" in caught.value.hint
    with pytest.raises(InputError, match=name):
        identify_container(io.BytesIO(head))


@pytest.mark.parametrize("mark", [b"GIF87a", b"GIF89a"])
def test_an_animation_is_said_to_be_one(mark: bytes) -> None:
    with pytest.raises(UnknownKindError, match="GIF") as caught:
        check_kind(mark + bytes(20), video_too=True)
    assert "MP4" in caught.value.hint


@pytest.mark.parametrize("head", [make(Clip(frames=1))[:1024], b"\x89PNG\r\n\x1a\n", b"text", b""])
def test_other_files_pass(head: bytes) -> None:
    check_kind(head, video_too=True)


def test_what_nothing_is_known_of_gets_the_list_of_what_is_read() -> None:
    with pytest.raises(UnknownKindError, match="not a photo") as caught:
        read_photo(b"text, not a photo")
    assert "MP4" not in caught.value.hint
    error = unknown_kind(video_too=True)
    assert "neither" in error.message
    assert "JPEG" in error.hint
    assert "WebM" in error.hint

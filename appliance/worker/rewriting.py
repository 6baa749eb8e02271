"""What a sanitiser's child does with its file: decode it, and encode it in our own formats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, BinaryIO, Literal, TypeAlias, cast

import msgspec

from appliance.errors import InputError
from appliance.files.output import OutputFile
from appliance.pipeline.media.kind import is_video, read_head, written_as
from appliance.pipeline.media.photo.decode import MAX_PHOTO_BYTES, read_photo
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.pipeline.media.unread_kind import UnknownKindError, check_kind, unknown_kind
from appliance.pipeline.media.video.encoder import WORKING_COPY
from appliance.pipeline.media.video.probe import probe
from appliance.pipeline.media.video.transcode import transcode

_Side = Annotated[int, msgspec.Meta(ge=1, le=1 << 30)]


class SanitisedMedia(msgspec.Struct, frozen=True):
    """The file as the child wrote it, in its own words: its kind, and its size in square pixels."""

    media: Literal["photo", "video"]
    width: _Side
    height: _Side


Rewrite: TypeAlias = Callable[[BinaryIO, OutputFile], SanitisedMedia]
"""Decodes the first file and encodes it to the second. Raises ``ApplianceError``."""


def rewrite_media(source: BinaryIO, sink: OutputFile) -> SanitisedMedia:
    """Decode a photo or video and encode it again, without any metadata but a photo's profile.

    Raises ``InputError`` if it cannot be decoded.
    """
    source.seek(0)
    if is_video(source):
        facts = probe(source)
        source.seek(0)
        transcode(
            source,
            cast(BinaryIO, sink),
            lambda _canvas, _info: None,
            container=written_as(facts.container),
            settings=WORKING_COPY,
        )
        return SanitisedMedia("video", facts.display_width, facts.display_height)
    check_kind(read_head(source), video_too=True)
    data = source.read(MAX_PHOTO_BYTES + 1)
    if len(data) > MAX_PHOTO_BYTES:
        raise InputError("The file is larger than a photo can be.", "Scale the photo down.")
    try:
        photo = read_photo(data)
    except UnknownKindError:
        raise unknown_kind(video_too=True) from None
    # Lossless: all bits, transparency and the profile are kept.
    sink.write(encode_photo(photo, "png"))
    return SanitisedMedia("photo", *photo.displayed_size)

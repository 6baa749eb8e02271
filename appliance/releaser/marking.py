"""What a child of the releaser does: a result in, the labelled and marked file out.

It meets what a worker wrote, which may have been taken over, so it is discarded afterwards. It has
the key of watermarks and not the one that signs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, Literal, TypeAlias, cast

import msgspec
import numpy as np

from appliance.errors import InputError, OutputError
from appliance.files.output import OutputFile
from appliance.pipeline.media.photo.decode import MAX_PHOTO_BYTES, Photo, read_photo
from appliance.pipeline.media.photo.encode import check_format
from appliance.pipeline.media.video.encoder import OWN_CODECS
from appliance.pipeline.media.video.probe import probe
from appliance.release.facts import Engine, ReleaseFacts
from appliance.release.film import FilmFormat, mark_film
from appliance.release.record import CopyKind
from appliance.release.still import marked_still

StillKind: TypeAlias = Literal["jpeg", "png", "webp", "tiff"]

Mark: TypeAlias = Callable[["MarkRequest", bytes, BinaryIO, OutputFile], "MarkedFile"]
"""Marks a file by a request and the key of watermarks. Raises ``ApplianceError``."""


class MarkRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is stated, and how.

    ``stills``: the format of photos, where it can hold them. ``corner_mark``: of films.
    """

    number: int
    engine: Engine
    producer: str
    media: Literal["photo", "video"]
    stills: StillKind
    corner_mark: bool


class MarkedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the child says of its file."""

    kind: CopyKind


def mark(
    request: MarkRequest, watermark_key: bytes, source: BinaryIO, sink: OutputFile
) -> MarkedFile:
    """Write the file of ``source``, a result, into ``sink`` as it may leave, but for its signature.

    Raises ``InputError`` if it is not a file as workers write them, ``ReleaseError`` or
    ``OutputError`` if it cannot be marked.
    """
    source.seek(0)
    if request.media == "video":
        return _marked_film(request, watermark_key, source, sink)
    data = source.read(MAX_PHOTO_BYTES + 1)
    if len(data) > MAX_PHOTO_BYTES:
        raise InputError("The result is larger than a photo can be.", "Make it smaller.")
    photo = read_photo(data, only="png")  # workers write photos in no other format
    kind = _kind_for(photo, request.stills)
    sink.write(marked_still(photo, kind, request.number, watermark_key))
    return MarkedFile(kind)


def _marked_film(
    request: MarkRequest, watermark_key: bytes, source: BinaryIO, sink: OutputFile
) -> MarkedFile:
    """As QuickTime if it is that, as MP4 otherwise: other containers cannot carry a manifest."""
    kind: FilmFormat = "mov" if probe(source, only_codecs=OWN_CODECS).container == "mov" else "mp4"
    source.seek(0)
    facts = ReleaseFacts(request.number, request.engine, request.producer)
    mark_film(
        source,
        cast(BinaryIO, sink),
        kind,
        facts,
        watermark_key,
        corner_mark=request.corner_mark,
    )
    return MarkedFile(kind)


def _kind_for(photo: Photo, wanted: StillKind) -> StillKind:
    """``wanted``, or PNG for a photo that it cannot hold, or of which it would lose depth."""
    try:
        check_format(photo, wanted)
    except OutputError:
        return "png"
    deep = photo.pixels.dtype == np.uint16 and wanted in ("jpeg", "webp")
    return "png" if deep else wanted

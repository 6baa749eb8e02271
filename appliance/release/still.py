"""The whole way of a photo that is released: visible label, watermark, encoded, label, signed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from appliance.pipeline.media.photo.encode import PhotoFormat, encode_photo
from appliance.pipeline.media.photo.photo import Photo
from appliance.pipeline.media.quality import QualityWord
from appliance.release.facts import ReleaseFacts
from appliance.release.labels.implicit.photos import with_implicit_label
from appliance.release.labels.visible import labelled
from appliance.release.provenance.library import mime_type
from appliance.release.provenance.signing_key import SigningKey
from appliance.release.provenance.stills import sign_still

Watermark: TypeAlias = Callable[[Photo, int], Photo]
"""Puts the release's number into a photo's pixels."""


def released_still(
    photo: Photo,
    kind: PhotoFormat,
    facts: ReleaseFacts,
    key: SigningKey,
    *,
    quality: QualityWord | int | None = None,
    watermark: Watermark | None = None,
) -> bytes:
    """``photo`` as the file of ``kind`` that leaves; ``photo`` itself stays as it is.

    It is encoded from pixels and a colour profile alone, so nothing else of the file that came in
    can be in it. Raises ``ReleaseError`` if ``kind`` cannot carry a manifest, if the photo is too
    small for the visible label or if ``key`` cannot sign, and ``OutputError`` if ``kind`` cannot
    hold the photo.
    """
    mime_type(kind)
    shown = labelled(photo)
    marked = watermark(shown, facts.number) if watermark else shown
    encoded = with_implicit_label(encode_photo(marked, kind, quality), kind, facts)
    return sign_still(encoded, kind, facts, key)

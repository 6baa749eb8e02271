"""Signs encoded photos in memory."""

from __future__ import annotations

import io

from c2pa import Builder

from appliance.pipeline.media.photo.encode import PhotoFormat
from appliance.release.facts import ReleaseFacts
from appliance.release.provenance.library import as_release_errors, mime_type, signing_context
from appliance.release.provenance.manifest import manifest
from appliance.release.provenance.signing_key import SigningKey

_JPEG_END = b"\xff\xd9"
_FILL = b"\xff"  # may precede any marker (ITU-T T.81, B.1.1.2)


def sign_still(encoded: bytes, kind: PhotoFormat, facts: ReleaseFacts, key: SigningKey) -> bytes:
    """``encoded``, a file of ``kind``, with a manifest that states ``facts``.

    A JPEG has an even length, so that DICOM, which knows no other, can hold it as it is. Raises
    ``ReleaseError`` if ``kind`` cannot carry a manifest, or ``key`` cannot sign it.
    """
    signed = _signed(encoded, kind, facts, key)
    if kind == "jpeg" and len(signed) % 2 and encoded.endswith(_JPEG_END):
        longer = encoded.removesuffix(_JPEG_END) + _FILL + _JPEG_END
        return _signed(longer, kind, facts, key)
    return signed


def _signed(encoded: bytes, kind: PhotoFormat, facts: ReleaseFacts, key: SigningKey) -> bytes:
    mime = mime_type(kind)
    signed = io.BytesIO()
    with (
        as_release_errors(),
        signing_context(key) as context,
        Builder(manifest(facts, mime), context=context) as builder,
    ):
        builder.sign(mime, io.BytesIO(encoded), signed)
    return signed.getvalue()

"""Signs encoded photos in memory."""

from __future__ import annotations

import io

from c2pa import Builder

from appliance.pipeline.media.photo.encode import PhotoFormat
from appliance.release.facts import ReleaseFacts
from appliance.release.provenance.library import as_release_errors, mime_type, signing_context
from appliance.release.provenance.manifest import manifest
from appliance.release.provenance.signing_key import SigningKey


def sign_still(encoded: bytes, kind: PhotoFormat, facts: ReleaseFacts, key: SigningKey) -> bytes:
    """``encoded``, a file of ``kind``, with a manifest that states ``facts``.

    Raises ``ReleaseError`` if ``kind`` cannot carry one, or ``key`` cannot sign it.
    """
    mime = mime_type(kind)
    signed = io.BytesIO()
    with (
        as_release_errors(),
        signing_context(key) as context,
        Builder(manifest(facts, mime), context=context) as builder,
    ):
        builder.sign(mime, io.BytesIO(encoded), signed)
    return signed.getvalue()

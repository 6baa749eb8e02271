"""The way of a photo that is released: shown label, watermark, encoded; then label and signature.

The two halves are for two processes. :func:`marked_still` handles pixels and needs no key to sign
with; :func:`signed_still` holds that key and handles bytes of our own encoder.
"""

from __future__ import annotations

from appliance.pipeline.media.photo.encode import PhotoFormat, encode_photo
from appliance.pipeline.media.photo.photo import Photo
from appliance.pipeline.media.quality import QualityWord
from appliance.release.facts import ReleaseFacts
from appliance.release.labels.implicit.photos import with_implicit_label
from appliance.release.labels.visible import labelled
from appliance.release.provenance.library import mime_type
from appliance.release.provenance.signing_key import SigningKey
from appliance.release.provenance.stills import sign_still
from appliance.release.watermark.photo import embed_in_photo


def marked_still(
    photo: Photo,
    kind: PhotoFormat,
    number: int,
    watermark_key: bytes,
    quality: QualityWord | int | None = None,
) -> bytes:
    """``photo`` as a file of ``kind`` that people see the label of, with the mark of ``number``.

    ``photo`` itself stays as it is. The mark goes over the label, which it does not harm: in
    letters and plate it is as weak as in any smooth place. The file is encoded from pixels and a
    colour profile alone, so nothing else of the file that came in can be in it.
    ``watermark_key``: 32 bytes. Raises ``ReleaseError`` if ``kind`` cannot carry a manifest or the
    photo is too small for the label, and ``OutputError`` if it is too small or too narrow for the
    mark, or ``kind`` cannot hold it.
    """
    mime_type(kind)
    return encode_photo(embed_in_photo(labelled(photo), number, watermark_key), kind, quality)


def signed_still(encoded: bytes, kind: PhotoFormat, facts: ReleaseFacts, key: SigningKey) -> bytes:
    """``encoded``, as :func:`marked_still` returns it, with the label for programs, signed.

    Raises ``ReleaseError`` if ``kind`` cannot carry a manifest or ``key`` cannot sign.
    """
    return sign_still(with_implicit_label(encoded, kind, facts), kind, facts, key)


def released_still(
    photo: Photo,
    kind: PhotoFormat,
    facts: ReleaseFacts,
    key: SigningKey,
    watermark_key: bytes,
    *,
    quality: QualityWord | int | None = None,
) -> bytes:
    """``photo`` as the file of ``kind`` that leaves: both halves in one process.

    Raises as they do.
    """
    return signed_still(
        marked_still(photo, kind, facts.number, watermark_key, quality), kind, facts, key
    )

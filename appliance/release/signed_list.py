"""The signed list of a disc, as far as it tells about one copy."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Literal

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from appliance.errors import ReleaseError
from appliance.release.provenance.signing_key import verify_signature
from appliance.release.record import ReleaseRecord

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"


class ListedRelease(msgspec.Struct, frozen=True):
    """A copy on the disc: its ``name`` there, and its record."""

    name: str
    record: ReleaseRecord


class NamedLedger(msgspec.Struct, frozen=True):
    """The ledger that the releases stand in: its public key as a vkey."""

    vkey: str


class SignedList(msgspec.Struct, frozen=True):
    """What the disc says, and the site signed."""

    releases: Sequence[ListedRelease]
    ledger: NamedLedger | None = None


class _Signature(msgspec.Struct, frozen=True):
    algorithm: Literal["ed25519", "es256"]
    certificates: str
    signature: str


def open_list(manifest: bytes, signature: bytes, anchors: str) -> SignedList:
    """The list in ``manifest``, whose ``signature`` one of the ``anchors``, PEM, vouches for.

    Raises ``ReleaseError`` if none does, or it is no list of releases.
    """
    try:
        _check(manifest, msgspec.json.decode(signature, type=_Signature), anchors)
        return msgspec.json.decode(manifest, type=SignedList)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
        raise ReleaseError(
            "The list of the disc is not one that this site signed.",
            "Do not rely on this disc; ask the site for another one.",
        ) from error


def _check(manifest: bytes, stated: _Signature, anchors: str) -> None:
    """Raises ``InvalidSignature`` or ``ValueError`` unless an anchor vouches for ``manifest``."""
    signer = x509.load_pem_x509_certificate(stated.certificates.encode())
    trusted = x509.load_pem_x509_certificates(anchors.encode())
    public = signer.public_key()
    vouched = any(_issued(signer, one) for one in trusted)
    if not vouched or not isinstance(public, Ed25519PublicKey | EllipticCurvePublicKey):
        raise InvalidSignature
    verify_signature(public, base64.b64decode(stated.signature, validate=True), manifest)


def _issued(signer: x509.Certificate, anchor: x509.Certificate) -> bool:
    try:
        signer.verify_directly_issued_by(anchor)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True

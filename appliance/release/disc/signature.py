"""The signature of a disc's list.

``manifest.sig`` holds the signature of the bytes of ``manifest.json``, and the certificates that
lead from the key to the anchor; ``openssl pkeyutl`` and ``openssl verify`` check them as well as
the program on the disc does.
"""

from __future__ import annotations

import base64
import datetime as dt
from typing import Final

import msgspec
import rfc8785
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from appliance.errors import ReleaseError
from appliance.release.disc.manifest import Manifest, read_manifest
from appliance.release.provenance.identity import issued_by_any
from appliance.release.provenance.signing_key import Algorithm, SigningKey, verify_signature

SIGNATURE: Final = "manifest.sig"


class ManifestSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``certificates``: of the key, then of those that issued it, PEM; ``signature`` in base64.

    The signature is that of RFC 8032, or r and s of ECDSA with P-256 and SHA-256, 32 bytes each.
    """

    algorithm: Algorithm
    certificates: str
    signature: str


def signed(data: bytes, key: SigningKey) -> bytes:
    """What stands in the file with the signature of ``data`` by ``key``."""
    signature = base64.b64encode(key.sign(data)).decode()
    return rfc8785.dumps(
        msgspec.to_builtins(ManifestSignature(key.algorithm, key.chain, signature))
    )


def open_signed(data: bytes, signature: bytes, anchors: str) -> Manifest:
    """The manifest in ``data``, whose ``signature`` one of the ``anchors``, PEM, vouches for.

    Raises ``ReleaseError`` if none does, or it is no list of releases.
    """
    try:
        _check(data, msgspec.json.decode(signature, type=ManifestSignature), anchors)
        return read_manifest(data)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
        raise ReleaseError(
            "The list of the disc is not one that this site signed.",
            "Do not rely on this disc; ask the site for another one.",
        ) from error


def _check(data: bytes, stated: ManifestSignature, anchors: str) -> None:
    """Raises ``InvalidSignature`` or ``ValueError`` unless an anchor vouches for ``data`` today."""
    signer = x509.load_pem_x509_certificate(stated.certificates.encode())
    public, now = signer.public_key(), dt.datetime.now(dt.UTC)
    lives = signer.not_valid_before_utc <= now <= signer.not_valid_after_utc
    if (
        not lives
        or not issued_by_any(signer, anchors.encode())
        or not isinstance(public, Ed25519PublicKey | EllipticCurvePublicKey)
    ):
        raise InvalidSignature
    verify_signature(public, base64.b64decode(stated.signature, validate=True), data)

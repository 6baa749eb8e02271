"""A site's own anchor, and the certificate that signs what it releases; made without a network.

There is no authority for time stamps on a machine without a network, and a signature without one
counts as invalid once its certificate has expired. So the certificate lives for 20 years.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

LEAF_YEARS: Final = 20
_ANCHOR_YEARS: Final = 30  # longer than any certificate that it signs within its first ten years
_YEAR = dt.timedelta(days=365.25)
_C2PA_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # id-kp-documentSigning (RFC 9336)
# Clocks of readers may be behind ours.
_BEFORE = dt.timedelta(days=1)
_NO_USAGE = {
    "digital_signature": False,
    "content_commitment": False,
    "key_encipherment": False,
    "data_encipherment": False,
    "key_agreement": False,
    "key_cert_sign": False,
    "crl_sign": False,
    "encipher_only": False,
    "decipher_only": False,
}


@dataclass(frozen=True, slots=True)
class Identity:
    """All as PEM.

    ``anchor``: the root certificate, which is public and is what readers trust. ``chain``: the
    signing certificate, then the root. ``key``: the private key of the signing certificate,
    empty if it is on a token, and ``anchor_key`` that of the root, both Ed25519 in PKCS #8, not
    encrypted.
    """

    anchor: bytes
    chain: bytes
    key: bytes
    anchor_key: bytes


def make_identity(
    organisation: str,
    now: dt.datetime | None = None,
    token: Ed25519PublicKey | EllipticCurvePublicKey | None = None,
) -> Identity:
    """A new anchor and signing certificate that name ``organisation``, and nobody in person.

    ``token``: the public key of a signing key on a token; without it one is made.
    """
    start = (now or dt.datetime.now(dt.UTC)) - _BEFORE
    root_key, leaf_key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    signing = leaf_key.public_key() if token is None else token
    issuer = _name(organisation, "Release anchor")
    root = (
        _certificate(issuer, issuer, root_key.public_key(), start, _ANCHOR_YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(**{**_NO_USAGE, "key_cert_sign": True, "crl_sign": True}), critical=True
        )
        .sign(root_key, None)
    )
    leaf = (
        _certificate(_name(organisation, "Release"), issuer, signing, start, LEAF_YEARS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**{**_NO_USAGE, "digital_signature": True}), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([_C2PA_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]),
            critical=False,
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()),
            critical=False,
        )
        .sign(root_key, None)
    )
    anchor, signer = (one.public_bytes(serialization.Encoding.PEM) for one in (root, leaf))
    private = _private(leaf_key) if token is None else b""
    return Identity(anchor, signer + anchor, private, _private(root_key))


def issued_by_any(certificate: x509.Certificate, anchors: bytes) -> bool:
    """Whether one of ``anchors``, PEM, issued ``certificate``. Raises ``ValueError`` for no PEM."""
    for anchor in x509.load_pem_x509_certificates(anchors):
        with suppress(InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
            certificate.verify_directly_issued_by(anchor)
            return True
    return False


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: Ed25519PublicKey | EllipticCurvePublicKey,
    start: dt.datetime,
    years: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + years * _YEAR)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(organisation: str, role: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, role),
        ]
    )


def _private(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )

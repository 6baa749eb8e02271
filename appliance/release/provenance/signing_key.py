"""The key that signs what is released, wherever it is kept."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Self, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from appliance.errors import ReleaseError
from appliance.release.provenance.token_signer import TokenKey, TokenSigner

Algorithm: TypeAlias = Literal["ed25519", "es256"]

_LONGEST_CHAIN = 1 << 14  # bytes; a manifest then fits into one segment of a JPEG
_HINT = "Name a folder that `appliance release keys` made."


@dataclass(frozen=True, slots=True)
class SigningKey:
    """What signs: a function, so that a key on a token can sign as well as one in memory.

    ``chain``: the certificate of the key, then those that issued it, as PEM. ``sign``: from the
    bytes to be signed to the signature, as COSE has it (RFC 9053: ES256 as r and s of 32 bytes).
    ``private``: the key itself as PKCS #8 in PEM, if it is in memory: the library then signs by
    itself, and keeps far less space for a signature than it does for one that it asks for.
    """

    chain: str
    algorithm: Algorithm
    sign: Callable[[bytes], bytes]
    private: bytes | None = field(default=None, repr=False)

    @classmethod
    def from_pem(cls, chain: bytes, key: bytes) -> Self:
        """From a certificate chain and an unencrypted private key, both PEM.

        Raises ``ReleaseError`` if they do not belong together, or for another kind of key.
        """
        first = _signing_certificate(chain)
        try:
            private = serialization.load_pem_private_key(key, None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ReleaseError("The key for releases cannot be read.", _HINT) from error
        if private.public_key() != first.public_key():
            raise ReleaseError("The key for releases does not belong to its certificate.", _HINT)
        algorithm = _algorithm(first.public_key())
        if isinstance(private, Ed25519PrivateKey):
            return cls(chain.decode(), algorithm, private.sign, _pem(private))
        if isinstance(private, EllipticCurvePrivateKey):
            return cls(chain.decode(), algorithm, _es256(private), _pem(private))
        raise _unsuitable()

    @classmethod
    def from_pkcs11(cls, chain: bytes, place: TokenKey, pin: str) -> Self:
        """From a certificate chain, PEM, and a key on a token, which ``pin`` opens.

        Raises ``ReleaseError`` if the token cannot be used, or its key is another one than the
        certificate's.
        """
        public = _signing_certificate(chain).public_key()
        algorithm = _algorithm(public)
        if not isinstance(public, Ed25519PublicKey | EllipticCurvePublicKey):
            raise _unsuitable()
        signer = TokenSigner(place, pin, algorithm)
        key = cls(chain.decode(), algorithm, signer.sign)
        if not _fits(public, key):
            raise ReleaseError(
                "The token's key for releases does not belong to its certificate.",
                "Give the public key of the token's key to `appliance release keys`.",
            )
        return key


def _signing_certificate(chain: bytes) -> x509.Certificate:
    """The first certificate of ``chain``, PEM. Raises ``ReleaseError``."""
    if len(chain) > _LONGEST_CHAIN:
        hint = "Leave certificates out that no reader needs."
        raise ReleaseError("The chain of the certificate for releases is too long.", hint)
    try:
        return x509.load_pem_x509_certificates(chain)[0]
    except ValueError as error:
        raise ReleaseError("The certificate for releases cannot be read.", _HINT) from error


def _algorithm(public: object) -> Algorithm:
    """How a key signs whose other half is ``public``. Raises ``ReleaseError``."""
    if isinstance(public, Ed25519PublicKey):
        return "ed25519"
    if isinstance(public, EllipticCurvePublicKey) and isinstance(public.curve, SECP256R1):
        return "es256"
    raise _unsuitable()


def _unsuitable() -> ReleaseError:
    return ReleaseError(
        "The key for releases is of an unsuitable kind.", "Use Ed25519, or ECDSA with P-256."
    )


def verify_signature(
    public: Ed25519PublicKey | EllipticCurvePublicKey, signature: bytes, data: bytes
) -> None:
    """Raises ``InvalidSignature`` unless ``signature``, as COSE has it, is that of ``data``."""
    if isinstance(public, Ed25519PublicKey):
        public.verify(signature, data)
        return
    if len(signature) != 64:
        raise InvalidSignature
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    public.verify(encode_dss_signature(r, s), data, ECDSA(hashes.SHA256()))


def _fits(public: Ed25519PublicKey | EllipticCurvePublicKey, key: SigningKey) -> bool:
    """Whether what ``key`` signs is verified by ``public``."""
    challenge = secrets.token_bytes(32)
    try:
        verify_signature(public, key.sign(challenge), challenge)
    except InvalidSignature:
        return False
    return True


def _es256(private: EllipticCurvePrivateKey) -> Callable[[bytes], bytes]:
    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(private.sign(data, ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return sign


def _pem(private: Ed25519PrivateKey | EllipticCurvePrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )

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

_HALF = 32  # bytes of r and of s
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256's base point (NIST SP 800-186, 3.2.1.3)."""

_LONGEST_CHAIN = 1 << 14  # bytes; a manifest then fits into one segment of a JPEG
_HINT = "Name a folder that `appliance release keys` made."


@dataclass(frozen=True, slots=True)
class SigningKey:
    """What signs: a function, so that a key on a token can sign as well as one in memory.

    ``chain``: the certificate of the key, then those that issued it, as PEM. ``sign``: from the
    bytes to be signed to the signature, as COSE has it (RFC 9053: ES256 as r and s of 32 bytes),
    with the lower s. ``private``: an Ed25519 key itself as PKCS #8 in PEM, if it is in memory: the
    library then signs by itself, and keeps far less space for a signature than it does for one that
    it asks for. By ES256 it would sign with either s.
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
            return cls(chain.decode(), algorithm, _es256(private))
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
        sign = signer.sign if algorithm == "ed25519" else _lower(signer.sign)
        key = cls(chain.decode(), algorithm, sign)
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
    """Raises ``InvalidSignature`` unless ``signature``, as COSE has it, is that of ``data``.

    Of the two that ECDSA takes, only the one that we write counts.
    """
    if isinstance(public, Ed25519PublicKey):
        public.verify(signature, data)
        return
    if len(signature) != 2 * _HALF or not has_low_s(signature):
        raise InvalidSignature
    r, s = (int.from_bytes(half, "big") for half in (signature[:_HALF], signature[_HALF:]))
    public.verify(encode_dss_signature(r, s), data, ECDSA(hashes.SHA256()))


def has_low_s(signature: bytes) -> bool:
    """Whether an ES256 ``signature`` has the lower of the two s that would be verified.

    With r and s, r and the order less s is verified too: so a file could be changed unseen.
    """
    return int.from_bytes(signature[_HALF:], "big") <= _ORDER // 2


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
        return r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")

    return _lower(sign)


def _lower(sign: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """``sign`` by ES256, with the lower s."""

    def sign_lower(data: bytes) -> bytes:
        signature = sign(data)
        if has_low_s(signature):
            return signature
        s = _ORDER - int.from_bytes(signature[_HALF:], "big")
        return signature[:_HALF] + s.to_bytes(_HALF, "big")

    return sign_lower


def _pem(private: Ed25519PrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )

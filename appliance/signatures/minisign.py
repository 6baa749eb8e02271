"""Ed25519 signatures in minisign's file formats, so that its tools can make and verify them too.

::

    untrusted comment: …
    base64(algorithm[2] ‖ key id[8] ‖ signature[64])
    trusted comment: …
    base64(signature over the 64 bytes above and the trusted comment [64])

Algorithm ``ED`` signs the BLAKE2b-512 of the file. ``Ed`` (legacy), which signs the file itself, is
refused: a signature of the one kind would fit another file as the other kind. Source: Frank Denis,
"Minisign", https://jedisct1.github.io/minisign/ (signature, public key and secret key format);
secret keys are sealed with libsodium's crypto_pwhash_scryptsalsa208sha256.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from appliance.errors import ModelError
from appliance.signatures.ed25519_point import is_sound

TEXT_LIMIT = 8192  # bytes of a key or signature file; real ones have a few hundred

_HASHED, _LEGACY = b"ED", b"Ed"  # keys are marked with the latter, whatever they sign
_SCRYPT, _PLAIN, _BLAKE2B = b"Sc", b"\0\0", b"B2"
_UNTRUSTED, _TRUSTED = "untrusted comment: ", "trusted comment: "

# libsodium's limits for a password of N = 2^17, r = 8, p = 1: 128 MiB and about half a second.
# Its own "sensitive" takes 1 GiB, more than a small appliance can spare.
_OPS_LIMIT, _MEMORY_LIMIT = 1 << 22, 1 << 27
_MOST_MEMORY = 1 << 30


class SignatureError(ModelError):
    """A signature that is missing, malformed, wrong, or not by a trusted key."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that verifies signatures.

    Raises ``SignatureError`` for a key that others than its owner could sign for: see
    ``ed25519_point``.
    """

    id: bytes
    """Eight bytes that identify the key; they prove nothing."""
    key: bytes

    def __post_init__(self) -> None:
        if len(self.id) != 8 or not is_sound(self.key):
            raise SignatureError(
                "The public key is not a sound Ed25519 key.", "Ask the signer for the key again."
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the text of a ``.pub`` file, or from its second line alone.

        Raises ``SignatureError`` if it is malformed or not sound.
        """
        lines = [line for line in text.splitlines() if line]
        blob = _decoded(lines[-1] if lines else "", 42, "public key")
        if blob[:2] != _LEGACY:
            raise _malformed("public key")
        return cls(blob[2:10], blob[10:])

    @property
    def name(self) -> str:
        """The key id as minisign prints it: a little-endian number in hex."""
        return f"{int.from_bytes(self.id, 'little'):X}"

    @property
    def line(self) -> str:
        """The second line of a ``.pub`` file, which holds the whole key."""
        return base64.b64encode(_LEGACY + self.id + self.key).decode()

    def text(self) -> str:
        """The text of a ``.pub`` file."""
        return f"{_UNTRUSTED}minisign public key {self.name}\n{self.line}\n"

    def signed(self, signature: str) -> bool:
        """Whether ``signature`` claims to be by this key.

        Raises ``SignatureError`` if it is malformed.
        """
        return _signature_parts(signature)[0][2:10] == self.id

    def verify(self, data: bytes, signature: str) -> str:
        """Verify a signature of ``data``; returns its trusted comment.

        Raises ``SignatureError`` if it is malformed, by another key, or does not match ``data``.
        """
        blob, comment, whole = _signature_parts(signature)
        if blob[2:10] != self.id:
            raise SignatureError(
                f"The signature is not by the key {self.name}.",
                "Give the public key of the signer.",
            )
        signed = hashlib.blake2b(data).digest()
        key = Ed25519PublicKey.from_public_bytes(self.key)
        try:
            key.verify(blob[10:], signed)
            key.verify(whole, blob[10:] + comment.encode())
        except InvalidSignature as error:
            raise SignatureError(
                f"The signature by the key {self.name} does not fit what it should sign.",
                "The file or its signature has been altered: obtain both again.",
            ) from error
        return comment


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A key that signs."""

    id: bytes
    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """A new key from the operating system's random source."""
        return cls(secrets.token_bytes(8), secrets.token_bytes(32))

    @classmethod
    def parse(cls, text: str, password: str | None = None) -> Self:
        """From the text of a ``.key`` file; see :func:`needs_password`.

        Raises ``SignatureError`` if it is malformed or the password is wrong.
        """
        blob = _secret_blob(text)
        body = blob[54:]
        if blob[2:4] == _SCRYPT:
            body = _masked(body, password or "", blob[6:54])
        elif blob[2:4] != _PLAIN:
            raise _malformed("secret key")
        identity, seed, public, check = body[:8], body[8:40], body[40:72], body[72:]
        # Some versions of minisign leave the checksum of an unencrypted key zero.
        wrong = check != _checksum(body[:72])
        if wrong and (blob[2:4] == _SCRYPT or any(check)):
            raise SignatureError("The password of the secret key is wrong.", "Type it again.")
        key = cls(identity, seed)
        if key.public.key != public:
            raise _malformed("secret key")
        return key

    @property
    def public(self) -> PublicKey:
        """The key that verifies what this one signs."""
        raw = (
            self._private()
            .public_key()
            .public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        )
        return PublicKey(self.id, raw)

    def text(self, password: str | None) -> str:
        """The text of a ``.key`` file, encrypted with ``password`` unless that is ``None``."""
        body = self.id + self.seed + self.public.key
        body += _checksum(body)
        limits = _OPS_LIMIT.to_bytes(8, "little") + _MEMORY_LIMIT.to_bytes(8, "little")
        parameters = bytes(48)
        if password is not None:
            parameters = secrets.token_bytes(32) + limits
            body = _masked(body, password, parameters)
        kind = _PLAIN if password is None else _SCRYPT
        blob = base64.b64encode(_LEGACY + kind + _BLAKE2B + parameters + body).decode()
        sealed = "" if password is None else "encrypted "
        return f"{_UNTRUSTED}minisign {sealed}secret key\n{blob}\n"

    def sign(self, data: bytes, trusted: str) -> str:
        """The text of a ``.minisig`` file for ``data``, with the signed comment ``trusted``.

        Raises ``ValueError`` if ``trusted`` has more than one line.
        """
        if "\n" in trusted or "\r" in trusted:
            raise ValueError("a trusted comment is one line")
        private = self._private()
        signature = private.sign(hashlib.blake2b(data).digest())
        blob = base64.b64encode(_HASHED + self.id + signature).decode()
        whole = base64.b64encode(private.sign(signature + trusted.encode())).decode()
        first = f"{_UNTRUSTED}signature from minisign secret key"
        return f"{first}\n{blob}\n{_TRUSTED}{trusted}\n{whole}\n"

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def needs_password(text: str) -> bool:
    """Whether the secret key in ``text`` is encrypted.

    Raises ``SignatureError`` if it is malformed.
    """
    return _secret_blob(text)[2:4] == _SCRYPT


def _signature_parts(signature: str) -> tuple[bytes, str, bytes]:
    """Algorithm, key id and signature; the trusted comment; the signature over both.

    Raises ``SignatureError`` if they are malformed or of the legacy kind.
    """
    lines = signature.splitlines()
    if len(lines) != 4 or not (lines[0].startswith(_UNTRUSTED) and lines[2].startswith(_TRUSTED)):
        raise _malformed("signature")
    blob = _decoded(lines[1], 74, "signature")
    if blob[:2] == _LEGACY:
        raise SignatureError(
            "The signature is of minisign's legacy kind, which is not accepted.",
            "Have the file signed again without minisign's option -l.",
        )
    if blob[:2] != _HASHED:
        raise _malformed("signature")
    return blob, lines[2].removeprefix(_TRUSTED), _decoded(lines[3], 64, "signature")


def _secret_blob(text: str) -> bytes:
    """Algorithm, key derivation and checksum (2 bytes each), salt 32, limits 8 + 8, body 104."""
    lines = [line for line in text.splitlines() if line]
    blob = _decoded(lines[-1] if lines else "", 158, "secret key")
    if blob[:2] != _LEGACY or blob[4:6] != _BLAKE2B:
        raise _malformed("secret key")
    return blob


def _checksum(body: bytes) -> bytes:
    return hashlib.blake2b(_LEGACY + body, digest_size=32).digest()


def _masked(body: bytes, password: str, parameters: bytes) -> bytes:
    """``body`` XORed with the password's key stream, which encrypts as well as decrypts it.

    Raises ``SignatureError`` if the key's parameters ask for more than 1 GiB of memory.
    """
    operations = int.from_bytes(parameters[32:40], "little")
    memory = int.from_bytes(parameters[40:48], "little")
    n, p = _scrypt_cost(operations, memory)
    if 1024 * n > _MOST_MEMORY:
        raise SignatureError(
            "Opening the secret key would take more than 1 GiB of memory.", "Make another key."
        )
    stream = hashlib.scrypt(
        password.encode(),
        salt=parameters[:32],
        n=n,
        r=8,
        p=p,
        maxmem=_MOST_MEMORY + (1 << 26),
        dklen=len(body),
    )
    return bytes(a ^ b for a, b in zip(body, stream, strict=True))


def _scrypt_cost(operations: int, memory: int) -> tuple[int, int]:
    """N and p for r = 8 as libsodium picks them (pickparams in pwhash_scryptsalsa208sha256.c)."""
    operations = max(operations, 32768)
    largest = operations // 32 if operations < memory // 32 else memory // 1024
    log = next((log for log in range(1, 63) if 1 << log > largest // 2), 63)
    if operations < memory // 32:
        return 1 << log, 1
    return 1 << log, max(1, min(operations // 4 // (1 << log), 0x3FFFFFFF) // 8)


def _decoded(line: str, size: int, what: str) -> bytes:
    try:
        blob = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _malformed(what) from error
    # Unused bits at the end could hold anything: one signature, many texts.
    if len(blob) != size or base64.b64encode(blob).decode() != line:
        raise _malformed(what)
    return blob


def _malformed(what: str) -> SignatureError:
    return SignatureError(
        f"The {what} is not in minisign's format.", "Obtain the file again, or create a new one."
    )

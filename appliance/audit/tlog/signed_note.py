r"""Signed notes (C2SP signed-note): a text, a blank line, and signature lines.

::

    TEXT, ends in a newline
    <blank line>
    — <key name> base64(key id ‖ signature)

    vkey   <name>+<key id, 8 hex digits>+base64(algorithm ‖ public key)
    skey   PRIVATE+KEY+<name>+<key id>+base64(0x01 ‖ Ed25519 seed), as Go's sumdb/note writes it

    key id = SHA-256(name ‖ 0x0A ‖ algorithm ‖ public key)[:4]

Algorithm 0x01 is Ed25519 over the text; 0x04 is a witness's cosignature/v1 (C2SP
tlog-cosignature): eight bytes of POSIX time, then Ed25519 over
``"cosignature/v1\ntime <time>\n" ‖ text``.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from appliance.errors import LedgerError

ED25519 = 0x01
COSIGNATURE = 0x04

_MAX_SIZE = 64 * 1024
_MAX_SIGNATURES = 64
_DASH = "\N{EM DASH} "
_PRIVATE = "PRIVATE+KEY+"
_HINT = "Get the file again from its source, or restore the last good copy."
# No Unicode white space, no plus sign, no control character.
_NAME = re.compile(r"\A[^\s+\x00-\x1f\x7f]{1,200}\Z")


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: the signer it names, and the bytes after the key id."""

    name: str
    key_id: bytes
    payload: bytes

    def line(self) -> str:
        """The line in the note, with its newline."""
        return f"{_DASH}{self.name} {b64(self.key_id + self.payload)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note whose signatures were parsed, but not verified."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The note in ``data``. Raises ``LedgerError`` if it is not exactly of the form above."""
        if len(data) > _MAX_SIZE:
            raise _malformed("it is longer than a note can be")
        try:
            whole = data.decode()
        except UnicodeDecodeError as error:
            raise _malformed("it is not UTF-8") from error
        if any(char < " " and char != "\n" for char in whole):
            raise _malformed("it contains control characters")
        text, blank, tail = whole.rpartition("\n\n")
        if not blank or not tail.endswith("\n"):
            raise _malformed("it has no signatures after a blank line")
        lines = tail[:-1].split("\n")
        if len(lines) > _MAX_SIGNATURES:
            raise _malformed("it has too many signatures")
        return cls(text + "\n", tuple(map(_parse_line, lines)))

    def encode(self) -> bytes:
        """The note's bytes."""
        return f"{self.text}\n{''.join(s.line() for s in self.signatures)}".encode()


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name; ``algorithm`` is ``ED25519`` or ``COSIGNATURE``."""

    name: str
    public: bytes
    algorithm: int = ED25519

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Parse a vkey. Raises ``LedgerError`` if it is malformed or its key id is wrong."""
        name, _, rest = vkey.partition("+")
        digits, _, material = rest.partition("+")
        raw = unb64(material)
        if not _NAME.match(name) or raw is None or len(raw) != 33:
            raise LedgerError("The public key is not a C2SP vkey.", _HINT)
        if raw[0] not in (ED25519, COSIGNATURE):
            raise LedgerError("The public key is for an unknown algorithm.", _HINT)
        verifier = cls(name, raw[1:], raw[0])
        if digits != verifier.key_id.hex():
            raise LedgerError("The public key does not belong to its own key id.", _HINT)
        return verifier

    @property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, identify the key."""
        preimage = self.name.encode() + b"\n" + bytes((self.algorithm,)) + self.public
        return sha256(preimage).digest()[:4]

    @property
    def vkey(self) -> str:
        """The vkey, without a newline."""
        return f"{self.name}+{self.key_id.hex()}+{b64(bytes((self.algorithm,)) + self.public)}"

    def signed(self, note: Note) -> Signature | None:
        """This key's verified signature on ``note``; ``None`` if there is none.

        Raises ``LedgerError`` if the signature is wrong, or if there are two.
        """
        ours = [s for s in note.signatures if (s.name, s.key_id) == (self.name, self.key_id)]
        if not ours:
            return None
        if len(ours) > 1:
            raise LedgerError("The note has two signatures of one key.", _HINT)
        signature = ours[0].payload
        message = note.text.encode()
        if self.algorithm == COSIGNATURE:
            message = _cosigned(signature[:8], message)
            signature = signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature as error:
            raise LedgerError(
                "The signature on the note does not match its text.", _HINT
            ) from error
        return ours[0]


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A private key with its name; without a ``repr``, so that it is not logged by accident."""

    name: str
    _key: Ed25519PrivateKey
    algorithm: int = ED25519

    @classmethod
    def generate(cls, name: str, algorithm: int = ED25519) -> Self:
        """A new key. Raises ``LedgerError`` if ``name`` contains a space or a plus sign."""
        if not _NAME.match(name):
            raise LedgerError(
                "The name of a key must not contain a space or a plus sign.",
                "Use a name such as hospital.example/a1.",
            )
        return cls(name, Ed25519PrivateKey.generate(), algorithm)

    @classmethod
    def parse(cls, skey: str) -> Self:
        """Parse an skey. Raises ``LedgerError``, whose message contains nothing of it."""
        name, _, rest = skey.removeprefix(_PRIVATE).partition("+")
        digits, _, material = rest.partition("+")
        raw = unb64(material)
        if (
            not skey.startswith(_PRIVATE)
            or not _NAME.match(name)
            or raw is None
            or len(raw) != 33
            or raw[0] not in (ED25519, COSIGNATURE)
        ):
            raise LedgerError("The signing key is not a key of a signed note.", _HINT)
        signer = cls(name, Ed25519PrivateKey.from_private_bytes(raw[1:]), raw[0])
        if digits != signer.verifier.key_id.hex():
            raise LedgerError("The signing key does not belong to its own key id.", _HINT)
        return signer

    @property
    def skey(self) -> str:
        """The skey, without a newline: a secret."""
        raw = bytes((self.algorithm,)) + self._key.private_bytes_raw()
        return f"{_PRIVATE}{self.name}+{self.verifier.key_id.hex()}+{b64(raw)}"

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self.name, self._key.public_key().public_bytes_raw(), self.algorithm)

    def sign(self, text: str) -> Signature:
        """This key's signature on ``text``, which ends in a newline."""
        return Signature(self.name, self.verifier.key_id, self._key.sign(text.encode()))

    def cosign(self, text: str, time: int) -> Signature:
        """A witness's statement of ``time`` (POSIX seconds) on a checkpoint's ``text``."""
        stamp = time.to_bytes(8)
        signature = self._key.sign(_cosigned(stamp, text.encode()))
        return Signature(self.name, self.verifier.key_id, stamp + signature)


def open_note(data: bytes, verifiers: Iterable[Verifier]) -> Note:
    """The note in ``data``, reduced to the valid signatures of ``verifiers``.

    Raises ``LedgerError`` if it has none, or if the signature of a known key is wrong.
    """
    note = Note.parse(data)
    good = tuple(s for verifier in verifiers if (s := verifier.signed(note)) is not None)
    if not good:
        raise LedgerError("The note has no signature of a known key.", _HINT)
    return Note(note.text, good)


def b64(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(data).decode()


def unb64(text: str) -> bytes | None:
    """The bytes that ``text`` encodes; ``None`` unless it is their only canonical encoding."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # Unused bits of the last character may be set, which would be a second text for the bytes.
    return data if b64(data) == text else None


def _cosigned(stamp: bytes, text: bytes) -> bytes:
    return b"cosignature/v1\ntime %d\n%b" % (int.from_bytes(stamp), text)


def _parse_line(line: str) -> Signature:
    name, space, material = line.removeprefix(_DASH).partition(" ")
    raw = unb64(material)
    if not line.startswith(_DASH) or not space or not _NAME.match(name):
        raise _malformed("a signature line has another form")
    if raw is None or len(raw) < 5:
        raise _malformed("a signature is not base64")
    return Signature(name, raw[:4], raw[4:])


def _malformed(what: str) -> LedgerError:
    return LedgerError(f"The signed note is malformed: {what}.", _HINT)

"""A bundle: one file with a document and the signatures of two people.

::

    face-appliance provisioning 1
    {"appliance":…}
    untrusted comment: …          four lines for each signature, as minisign writes them
    …

The two first lines, with their ends, are what is signed, so that ``head -n 2`` and minisign verify
a bundle without this program. The first keeps a signature of anything else from fitting.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from appliance.provisioning.document import MOST_SIGNERS, Document
from appliance.provisioning.refusal import RefusedError
from appliance.signatures.minisign import PublicKey, SecretKey, SignatureError

NAME: Final = "appliance-provision.bundle"
"""Of the file on a disc."""

LIMIT: Final = 1 << 20
"""Bytes of a bundle: 256 tokens take 128 KiB, a policy 64."""

ENOUGH: Final = 2
"""Signatures by different people that a bundle needs."""

_TITLE = b"face-appliance provisioning 1"
_LINES = 4  # of a signature


@dataclass(frozen=True, slots=True)
class Bundle:
    """``line``: the document, not parsed yet. ``signatures``: as minisign's files have them."""

    line: bytes
    signatures: tuple[str, ...] = ()

    @classmethod
    def parse(cls, data: bytes) -> Bundle:
        """Split a file into its parts; nothing of the document is read.

        Raises ``RefusedError`` if it is no bundle.
        """
        lines = data.split(b"\n") if len(data) <= LIMIT else []
        if len(lines) < 3 or lines[0] != _TITLE or lines[-1] or (len(lines) - 3) % _LINES:
            raise _no_bundle()
        if len(lines) > 3 + MOST_SIGNERS * _LINES:
            raise _no_bundle()
        try:
            texts = [line.decode() for line in lines[2:-1]]
        except UnicodeDecodeError as error:
            raise _no_bundle() from error
        groups = [texts[at : at + _LINES] for at in range(0, len(texts), _LINES)]
        return cls(lines[1], tuple("\n".join(group) + "\n" for group in groups))

    def encoded(self) -> bytes:
        """The bytes of the file."""
        return self.signed_part + "".join(self.signatures).encode()

    @property
    def signed_part(self) -> bytes:
        """What the signatures are of."""
        return b"%b\n%b\n" % (_TITLE, self.line)

    @property
    def digest(self) -> bytes:
        """SHA-256 of what is signed, which does not depend on who signed it."""
        return hashlib.sha256(self.signed_part).digest()

    def signed_by(self, keys: Mapping[str, PublicKey]) -> frozenset[str]:
        """Who of ``keys`` signed it. A signature that does not verify counts for nothing."""
        return frozenset(
            name
            for name, key in keys.items()
            if any(self._is_by(key, one) for one in self.signatures)
        )

    def check_signed(self, keys: Mapping[str, PublicKey], whose: str) -> None:
        """Raise ``RefusedError`` unless two of ``keys`` signed it.

        ``whose``: who they are, in words.
        """
        if len(self.signed_by(keys)) < ENOUGH:
            raise RefusedError(
                f"The bundle is not signed by two {whose}.",
                "Have two of them sign it: `appliance provision sign`.",
                "signatures",
            )

    def with_signature(self, key: SecretKey) -> Bundle:
        """It with a signature by ``key``. Raises ``RefusedError`` if it has one already."""
        if any(self._is_by(key.public, one) for one in self.signatures):
            raise RefusedError(
                "This key has signed the bundle already.",
                "Another person signs with another key.",
                "signatures",
            )
        number = Document.decoded(self.line).number
        signature = key.sign(self.signed_part, f"provisioning bundle {number}")
        return Bundle(self.line, (*self.signatures, signature))

    def _is_by(self, key: PublicKey, signature: str) -> bool:
        try:
            key.verify(self.signed_part, signature)
        except SignatureError:
            return False
        return True


def _no_bundle() -> RefusedError:
    return RefusedError(
        "The file is no bundle of this version's form.",
        "Name one that `appliance provision make` wrote.",
    )

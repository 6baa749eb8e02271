"""The signed list of what is on a disc.

``manifest.json`` is canonical JSON (RFC 8785). ``manifest.sig`` holds the signature of its bytes,
and the certificates that lead from the key to the anchor; ``openssl pkeyutl`` and
``openssl verify`` check them as well as the program on the disc does.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final, Literal

import msgspec
import rfc8785

from appliance.release.provenance.signing_key import SigningKey
from appliance.release.record import ReleaseRecord

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"


class ListedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file on the disc: its name from the root, its bytes, its SHA-256 in hex."""

    name: str
    size: int
    sha256: str


class ReleasedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A copy on the disc: its ``name``, and what is known of it."""

    name: str
    record: ReleaseRecord


class DiscLedger(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ledger in which the releases stand: its name, and its public key as a vkey."""

    origin: str
    vkey: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a disc holds.

    ``made``: milliseconds since 1970. ``encrypted``: all else is within one encrypted file, so that
    ``releases`` is empty. ``files``: all files but this one and its signature.
    """

    version: Literal[1]
    label: str
    made: int
    software: str
    encrypted: bool
    ledger: DiscLedger | None
    releases: Sequence[ReleasedFile]
    files: Sequence[ListedFile]


class ManifestSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``certificates``: of the key, then of those that issued it, PEM; ``signature`` in base64.

    The signature is that of RFC 8032, or r and s of ECDSA with P-256 and SHA-256, 32 bytes each.
    """

    algorithm: Literal["ed25519", "es256"]
    certificates: str
    signature: str


def manifest_bytes(manifest: Manifest) -> bytes:
    """The same manifest always as the same bytes."""
    return rfc8785.dumps(msgspec.to_builtins(manifest))


def signed(data: bytes, key: SigningKey) -> bytes:
    """What stands in the file with the signature of ``data`` by ``key``."""
    signature = base64.b64encode(key.sign(data)).decode()
    return rfc8785.dumps(
        msgspec.to_builtins(ManifestSignature(key.algorithm, key.chain, signature))
    )

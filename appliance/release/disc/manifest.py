"""The list of what is on a disc, as its bytes: ``manifest.json``, canonical JSON (RFC 8785)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec
import rfc8785

from appliance.release.record import ReleaseRecord

MANIFEST: Final = "manifest.json"
LEDGER: Final = "ledger"
"""Folder of the proofs."""


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


def manifest_bytes(manifest: Manifest) -> bytes:
    """The same manifest always as the same bytes."""
    return rfc8785.dumps(msgspec.to_builtins(manifest))


def read_manifest(data: bytes) -> Manifest:
    """The manifest in ``data``. Raises ``ValueError`` if it is none."""
    return msgspec.json.decode(data, type=Manifest)


def proof_names(number: int) -> tuple[str, str]:
    """Where the two proofs of a release lie: of the entry that is its number, and of its copy."""
    return (
        f"{LEDGER}/release-{number}-number.tlog-proof",
        f"{LEDGER}/release-{number}-copy.tlog-proof",
    )

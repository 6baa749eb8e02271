"""The keys of a site, and the folder or the credentials of a service that they are kept in."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from appliance.errors import OutputError, ReleaseError
from appliance.files.output import PendingOutput
from appliance.files.read import read_regular
from appliance.files.reasons import reason_of
from appliance.release.provenance.identity import Identity, issued_by_any
from appliance.release.provenance.signing_key import SigningKey
from appliance.release.provenance.token_signer import TokenKey
from appliance.release.watermark.message import KEY_BYTES

ANCHOR: Final = "anchor.pem"
"""What is given to everybody who checks a release."""

WATERMARK_KEY: Final = "watermark.key"
_CHAIN, _KEY, _ANCHOR_KEY = "release.pem", "release.key", "anchor.key"
_TOKEN, _PIN = "release.token", "release.pin"
_LARGEST = 1 << 16  # bytes of a file of certificates


@dataclass(frozen=True, slots=True)
class ReleaseKeys:
    """What a release takes.

    ``signing``: signs copies. ``watermark``: 32 bytes, of the marks in their pixels; who has it can
    read and remove them. ``anchor``: the root that vouches for ``signing``, PEM; it is public.
    """

    signing: SigningKey
    watermark: bytes
    anchor: bytes


def write_release_keys(folder: Path, made: Identity) -> None:
    """Write ``made`` and a new key of watermarks into a new ``folder``, for its owner alone.

    The private key of the anchor goes there too, for its owner to take it elsewhere. Raises
    ``OutputError``.
    """
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError as error:
        hint = "Name a new one. A new anchor makes nothing trusted that the old one vouches for."
        raise OutputError("The folder for the keys exists already.", hint) from error
    except OSError as error:
        reason = reason_of(error)
        raise OutputError(f"The keys cannot be written: {reason.why}.", reason.hint) from error
    contents = {
        _ANCHOR_KEY: made.anchor_key,
        _KEY: made.key,
        _CHAIN: made.chain,
        WATERMARK_KEY: secrets.token_bytes(KEY_BYTES),
        ANCHOR: made.anchor,
    }
    for name, content in contents.items():
        if name == _KEY and not content:  # it is on a token
            continue
        with PendingOutput(os.path.join(folder, name)) as output:  # noqa: PTH118 - as it is taken
            output.file.write(content)
            output.commit()


def read_release_keys(folder: Path) -> ReleaseKeys:
    """The keys in ``folder``; the private key of the anchor is not read.

    Where there is a ``release.token``, the signing key is on a token: see :func:`_token_key`. Call
    this before the seal. Raises ``ReleaseError`` if a file is missing, damaged, or does not belong
    to the others, or if a token cannot be used.
    """
    chain = _content(folder / _CHAIN, "The certificate for releases")
    if (folder / _TOKEN).exists():
        signing = _token_key(folder, chain)
    else:
        signing = SigningKey.from_pem(chain, _content(folder / _KEY, "The key for releases"))
    anchor = _content(folder / ANCHOR, "The anchor")
    check_anchor(anchor, signing)
    return ReleaseKeys(signing, read_watermark_key(folder / WATERMARK_KEY), anchor)


def read_watermark_key(path: Path) -> bytes:
    """The key of watermarks in the file ``path``. Raises ``ReleaseError``."""
    key = _content(path, "The key of watermarks")
    if len(key) != KEY_BYTES:
        raise ReleaseError(
            f"The key of watermarks does not have {KEY_BYTES} bytes.",
            "Name one that `appliance release keys` made.",
        )
    return key


def read_anchors(path: Path) -> str:
    """The anchors in the file ``path``, or in the folder that ``release keys`` made, as PEM.

    Raises ``ReleaseError`` if they cannot be read.
    """
    file = path / ANCHOR if path.is_dir() else path
    return _content(file, "The file of anchors").decode("ascii", "replace")


def read_public_key(path: Path) -> Ed25519PublicKey | EllipticCurvePublicKey:
    """The public key in the file ``path``, PEM. Raises ``ReleaseError`` if it cannot sign here."""
    content = _content(path, "The public key")
    try:
        key = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, Ed25519PublicKey) or (
        isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    ):
        return key
    raise ReleaseError(
        "The public key is none that can be used here.",
        "Name a PEM file of an Ed25519 or P-256 key.",
    )


def _token_key(folder: Path, chain: bytes) -> SigningKey:
    """The key that ``release.token`` names: TOML with the fields of ``TokenKey``.

    Its PIN is the first line of ``release.pin``.
    """
    try:
        text = _content(folder / _TOKEN, "The name of the token").decode()
        place = msgspec.toml.decode(text, type=TokenKey)
    except (ValueError, msgspec.DecodeError) as error:
        raise ReleaseError(
            "The name of the token cannot be understood.",
            'Write three lines: module = "/path", token = "label", key = "label".',
        ) from error
    pin, _, _ = _content(folder / _PIN, "The PIN of the token").partition(b"\n")
    return SigningKey.from_pkcs11(chain, place, pin.decode("utf-8", "replace"))


def check_anchor(anchor: bytes, signing: SigningKey) -> None:
    """Raises ``ReleaseError`` unless one of the certificates in ``anchor`` issued that of a key."""
    signer = x509.load_pem_x509_certificate(signing.chain.encode())
    with suppress(ValueError):  # it holds no certificate
        if issued_by_any(signer, anchor):
            return
    raise ReleaseError(
        "The anchor does not vouch for the certificate for releases.",
        "Name a folder that `appliance release keys` made.",
    )


def _content(path: Path, what: str) -> bytes:
    try:
        return read_regular(path, _LARGEST)
    except OSError as error:
        reason = reason_of(error)
        raise ReleaseError(
            f"{what} cannot be read: {reason.why}.", "Name what `appliance release keys` made."
        ) from error

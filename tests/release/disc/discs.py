"""Folders as they become discs, of copies that were really released."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.audit import standalone
from appliance.release.disc.manifest import DiscLedger
from appliance.release.disc.tree import Copy, DiscTexts, disc_label, write_tree
from appliance.release.facts import ReleaseFacts
from appliance.release.keys import ReleaseKeys
from appliance.release.provenance.signing_key import SigningKey
from appliance.release.record import ReleaseRecord
from appliance.release.still import released_still
from tests.release.signed import WATERMARK_KEY, identity, photo, signing_key

MADE: Final = 1_764_500_000_123  # ms since 1970


def site_keys() -> ReleaseKeys:
    return ReleaseKeys(signing_key(), WATERMARK_KEY, identity("Hospital").anchor)


def ecdsa_keys() -> ReleaseKeys:
    """Such as a smart card has, with a certificate of the same anchor."""
    site = identity("Hospital")
    (anchor,) = x509.load_pem_x509_certificates(site.anchor)
    anchor_key = serialization.load_pem_private_key(site.anchor_key, None)
    assert isinstance(anchor_key, Ed25519PrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder(anchor.subject, anchor.subject, key.public_key(), 7)
        .not_valid_before(anchor.not_valid_before_utc)
        .not_valid_after(anchor.not_valid_after_utc)
        .sign(anchor_key, None)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    chain = certificate.public_bytes(serialization.Encoding.PEM)
    return ReleaseKeys(SigningKey.from_pem(chain, private), WATERMARK_KEY, site.anchor)


@cache
def _content(number: int) -> bytes:
    facts = ReleaseFacts(number, "simulation", "")
    return released_still(photo(), "jpeg", facts, signing_key(), WATERMARK_KEY)


def copy(number: int = 12) -> Copy:
    """Number ``number``, released and signed."""
    data = _content(number)
    record = ReleaseRecord(
        number=number,
        engine="simulation",
        media="photo",
        kind="jpeg",
        result=hashlib.sha256(b"the result").hexdigest(),
        copy=hashlib.sha256(data).hexdigest(),
        size=len(data),
        signed=MADE - 1000,
    )
    return record, io.BytesIO(data)


def write(
    folder: Path,
    copies: list[Copy],
    extra: Mapping[str, bytes] | None = None,
    ledger: DiscLedger | None = None,
    keys: ReleaseKeys | None = None,
) -> Path:
    folder.mkdir()
    label = disc_label([record for record, _ in copies] or [copy()[0]])
    texts = DiscTexts(label, MADE, Path(standalone.__file__).read_bytes(), ledger=ledger)
    write_tree(folder, copies, extra or {}, keys or site_keys(), texts)
    return folder


def anchor(folder: Path, organisation: str = "Hospital") -> Path:
    """What a recipient got by another way."""
    path = folder / f"{organisation}.pem"
    path.write_bytes(identity(organisation).anchor)
    return path

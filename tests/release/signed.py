"""What the tests of releases share: a site's identity, and photos of every kind of pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

import encypher_c2pa
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.media.photo.photo import Photo
from appliance.release.facts import ReleaseFacts
from appliance.release.provenance.identity import Identity, make_identity
from appliance.release.provenance.signing_key import SigningKey
from tests.paths import PORTRAITS

WATERMARK_KEY: Final = bytes(range(32))
ORDER: Final = 2**256 - 2**224 + 2**192 - 0x4319055258E8617B0C46353D039CDAAF
"""Of P-256's base point (NIST SP 800-186)."""

FACTS: Final = ReleaseFacts(70_000, "simulation", "001191110000000000000X00000")


@cache
def identity(organisation: str) -> Identity:
    return make_identity(organisation)


@cache
def signing_key() -> SigningKey:
    return SigningKey.from_pem(identity("Hospital").chain, identity("Hospital").key)


@cache
def ecdsa_site() -> tuple[Identity, SigningKey]:
    """A hospital whose key signs by ES256, such as a smart card has."""
    key = generate_private_key(SECP256R1())
    made = make_identity("ECDSA", token=key.public_key())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made, SigningKey.from_pem(made.chain, private)


def anchors(organisation: str = "Hospital") -> str:
    return identity(organisation).anchor.decode()


def photo() -> Photo:
    return read_photo((PORTRAITS / "person_e_1.png").read_bytes())


def deep_photo() -> Photo:
    eight_bits = photo()
    return replace(eight_bits, pixels=eight_bits.pixels.astype(np.uint16) * 257)


def clear_photo() -> Photo:
    opaque = photo()
    return replace(opaque, alpha=np.full(opaque.pixels.shape[:2], 100, np.uint8))


def second_opinion(data: bytes, mime: str, trusted: str) -> tuple[str, str]:
    """Integrity and trust of ``data`` as another implementation of C2PA sees them."""
    report: Mapping[str, Any] = encypher_c2pa.verify(
        data, mime, trust_pem=trusted, no_default_trust=True, telemetry=False, online=False
    )
    return report["integrity"], report["trust"]["status"]

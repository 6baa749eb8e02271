"""An attestation: what a TPM signed, and what is needed to check it, as one JSON file.

``docs/formats.md`` describes it; ``appliance-verify attest`` reads it without this module.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from appliance.attestation.measured import Image
from appliance.files.read import read_regular
from appliance.tpm.attestation_key import AttestationKey, endorsement_certificate

VERSION: Final = 1
EVENT_LOG: Final = Path("/sys/kernel/security/tpm0/binary_bios_measurements")
_LIMIT: Final = 1 << 18  # bytes; the firmware's log has some 60 KB


class Attestation(msgspec.Struct, frozen=True, omit_defaults=True):
    """Bytes are in base64, hashes and the nonce in hex. ``key``: TPMT_PUBLIC."""

    version: int
    nonce: str
    quote: str
    signature: str
    key: str
    pcrs: dict[str, str]
    image: Image
    certificate: str | None = None
    event_log: str | None = None

    def encode(self) -> bytes:
        """The one encoding: sorted keys, no spaces, a line end."""
        return msgspec.json.encode(self, order="sorted") + b"\n"


def attest(
    key: AttestationKey, nonce: bytes, image: Image, event_log: Path = EVENT_LOG
) -> Attestation:
    """Have ``key`` sign ``nonce`` and the registers. Raises ``TpmError``."""
    quote = key.quote(nonce)
    certificate = endorsement_certificate()
    try:
        events: bytes | None = read_regular(event_log, _LIMIT)
    except OSError:  # root alone may read it, and not every firmware has one
        events = None
    return Attestation(
        version=VERSION,
        nonce=nonce.hex(),
        quote=_text(quote.message),
        signature=_text(quote.signature),
        key=_text(key.public),
        pcrs={str(pcr): value.hex() for pcr, value in quote.pcrs.items()},
        image=image,
        certificate=None if certificate is None else _text(certificate),
        event_log=None if events is None else _text(events),
    )


def nonce_of(checkpoint: bytes) -> bytes:
    """The nonce that binds a quote to the head of a ledger: SHA-256 of the signed note."""
    return sha256(checkpoint).digest()


def _text(data: bytes) -> str:
    return b64encode(data).decode()

"""The identifiers of DICOM that are used here, and those that are made (PS3.5, annex B.2)."""

from __future__ import annotations

import uuid
from hashlib import sha256
from typing import Final

PHOTOGRAPH: Final = "1.2.840.10008.5.1.4.1.1.77.1.4"
"""VL Photographic Image Storage."""
SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
DIRECTORY: Final = "1.2.840.10008.1.3.10"
"""Media Storage Directory Storage."""
EXPLICIT_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1"
JPEG_BASELINE: Final = "1.2.840.10008.1.2.4.50"

IMPLEMENTATION: Final = "2.25.253066229462330166391640486172498029083"
"""Of this program, a random UUID that never changes."""


def derived_uid(what: str, *parts: str | bytes) -> str:
    """The same identifier for the same parts, and another for others.

    A UUID of version 8 (RFC 9562, 5.8), of the first 128 bits of a SHA-256.
    """
    content = sha256(what.encode())
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        content.update(len(data).to_bytes(8, "big") + data)
    bits = bytearray(content.digest()[:16])
    bits[6] = bits[6] & 0x0F | 0x80  # the version
    bits[8] = bits[8] & 0x3F | 0x80  # the variant
    return f"2.25.{uuid.UUID(bytes=bytes(bits)).int}"

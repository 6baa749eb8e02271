"""The SHA-256 of a file that is open."""

from __future__ import annotations

import hashlib
from typing import BinaryIO, Final

from appliance.files.output import OutputFile

_BLOCK: Final = 1 << 20  # bytes


def sha256_of(file: BinaryIO | OutputFile) -> str:
    """The SHA-256 of all of ``file`` in hexadecimal digits; it is left at its start."""
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(_BLOCK):
        digest.update(block)
    file.seek(0)
    return digest.hexdigest()

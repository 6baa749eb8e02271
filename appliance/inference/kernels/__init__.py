"""Operators of ours for ONNX Runtime, in a library that `make cuda` builds (``fused.h``)."""

from __future__ import annotations

import hashlib
from pathlib import Path

DOMAIN = "face.appliance"
VERSION = 1
OPERATORS = frozenset({"StyledNorm", "PadUpsample"})

LIBRARY = Path(__file__).with_name("libfused.so")


def digest() -> str | None:
    """The SHA-256 of the library, if it was built."""
    try:
        return hashlib.sha256(LIBRARY.read_bytes()).hexdigest()
    except OSError:
        return None


def verified(wanted: str) -> Path | None:
    """The library, if it is the very one that a variant was measured with.

    Whoever could change it after this look could change this program as well: they lie in one
    folder.
    """
    return LIBRARY if digest() == wanted else None

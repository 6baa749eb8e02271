"""Names that a file on a disc may have: such as every system can read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

MOST_LEVELS: Final = 6
"""Folders and the file itself; ISO 9660 allows eight (ECMA-119, 6.8.2.1), the root included."""

_COMPONENT = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")  # Joliet has room for 64


def is_disc_name(name: str) -> bool:
    """Whether ``name``, relative to the root and with ``/`` between folders, may be on a disc."""
    parts = name.split("/")
    return len(parts) <= MOST_LEVELS and all(map(is_component, parts))


def is_component(name: str) -> bool:
    """Whether a single folder or file of a disc may be called ``name``."""
    return bool(_COMPONENT.match(name)) and not name.endswith(".")


def one_name_to_some(names: Iterable[str]) -> bool:
    """Whether two of ``names`` are one where upper and lower case are the same, as on Windows."""
    seen = [name.lower() for name in names]
    return len(set(seen)) < len(seen)

"""The version of the program, as pyproject.toml states it and the installation recorded it."""

from __future__ import annotations

import importlib.metadata

DISTRIBUTION = "face-appliance"


def version() -> str:
    """For example ``0.1.0``.

    Raises ``importlib.metadata.PackageNotFoundError`` if the package runs without having been
    installed.
    """
    return importlib.metadata.version(DISTRIBUTION)

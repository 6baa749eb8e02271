"""Data files that ship with the package: the starter pack, policies, sample portraits, a font.

``starter`` and ``policies`` are symbolic links to folders at the top of the repository, where
people look for them. A wheel holds copies of the files in their place, so a checkout, an editable
installation and a wheel all find them here.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def starter_pack() -> Path:
    """The folder of the model pack that ships with the package."""
    return _folder("starter")


def policies() -> Path:
    """The folder of the policies that ship with the package."""
    return _folder("policies")


def portraits() -> Path:
    """The folder of the sample portraits; their authors and licences are in its CREDITS.md."""
    return _folder("portraits")


def training_photos() -> Path:
    """The folder of the photos of the training machine: a rendered head that is nobody's."""
    return _folder("training")


def fonts() -> Path:
    """The folder of the fonts; where they come from and their licences are in its CREDITS.md."""
    return _folder("fonts")


def _folder(name: str) -> Path:
    # A real folder, because a seal grants access by path: the package is never run from an archive.
    return Path(str(files(__name__) / name))

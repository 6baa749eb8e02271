"""What the media libraries would load with the first file that needs it, loaded before the seal.

PyAV, Pillow and numpy load some of their modules late: with the first subtitle track, or the first
palette. A sealed process cannot load anything.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Final

import av
from PIL import Image

NEVER_USED: Final = frozenset(("av.__main__", "av.datasets"))
"""PyAV's command line, and its downloader, which would load Python's HTTP client."""

# What functions of Pillow and numpy (`np.unique`) import that any file could reach, and Python's
# codecs for text in tags and subtitles; `Image.preinit` loads the readers of the common kinds.
_LATE = (
    *("numpy.fft", "numpy.linalg", "numpy.ma", "numpy.random"),
    *("PIL.ImageCms", "PIL.ImageColor", "PIL.ImageFile", "PIL.ImageFilter", "PIL.ImagePalette"),
    *("PIL.MpoImagePlugin", "PIL.TiffImagePlugin", "PIL.TiffTags", "colorsys", "mmap"),
    *("encodings.ascii", "encodings.cp1252", "encodings.latin_1", "encodings.utf_8"),
    *("encodings.utf_16", "encodings.utf_16_be", "encodings.utf_16_le", "encodings.utf_32"),
)


def load_media_libraries() -> None:
    """Load all of PyAV, and what the others load late. Call it wherever one of them is imported."""
    for name in (*modules_of(av), *_LATE):
        importlib.import_module(name)
    Image.preinit()


def modules_of(package: ModuleType) -> Iterator[str]:
    """The names of all modules of ``package`` but those in ``NEVER_USED``."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if found.name not in NEVER_USED:
            yield found.name

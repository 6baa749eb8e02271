"""libtiff's own messages on stderr."""

from __future__ import annotations

import ctypes

from PIL import _imaging


def silence_libtiff() -> None:
    """Keep libtiff from writing about damaged files on stderr; Pillow's exceptions are enough.

    Redirecting stderr instead would silence all other threads too. Does nothing if Pillow has no
    libtiff, or one whose functions it does not export.
    """
    library = ctypes.CDLL(_imaging.__file__)
    for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
        install = getattr(library, name, None)
        if install is not None:
            install.argtypes, install.restype = [ctypes.c_void_p], ctypes.c_void_p
            install(None)

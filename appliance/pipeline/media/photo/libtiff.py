"""Libraries below Python that talk to the terminal on their own account."""

from __future__ import annotations

import ctypes

from PIL import _imaging


def silence_libtiff() -> None:
    """Keep libtiff from writing about damaged files on stderr; what Pillow raises says enough.

    Redirecting stderr itself would silence every other thread with it, for as long as it lasts.
    A Pillow whose libtiff cannot be reached (none, or linked in without its names) stays as it is.
    """
    library = ctypes.CDLL(_imaging.__file__)
    for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
        install = getattr(library, name, None)
        if install is not None:
            install.argtypes, install.restype = [ctypes.c_void_p], ctypes.c_void_p
            install(None)

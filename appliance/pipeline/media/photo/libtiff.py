"""Messages of libtiff on stderr: of the one in Pillow, and of the one in OpenCV."""

from __future__ import annotations

import ctypes

import cv2
from PIL import _imaging

_NOTHING = 0  # cv::utils::logging::LOG_LEVEL_SILENT


def silence_libtiff() -> None:
    """Keep libtiff from writing about damaged files on stderr; exceptions are enough.

    Redirecting stderr instead would silence all other threads too. Does nothing if Pillow has no
    libtiff, or one whose functions it does not export.
    """
    cv2.utils.logging.setLogLevel(_NOTHING)
    library = ctypes.CDLL(_imaging.__file__)
    for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
        install = getattr(library, name, None)
        if install is not None:
            install.argtypes, install.restype = [ctypes.c_void_p], ctypes.c_void_p
            install(None)

"""ICC profiles: what a photo's numbers mean, and conversion from one space to another."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

from appliance.pipeline.media.canvas import Rgb

_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_ICC_HEADER = 132  # bytes: the header and the number of tags (ICC.1:2022, 7.1 and 7.3)
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION


def profile_space(icc: bytes) -> str | None:
    """``"RGB"``, ``"CMYK"``, ``"GRAY"``, ``"LAB"`` …, or ``None`` for a profile that is invalid."""
    try:
        return str(_open(icc).profile.xcolor_space).strip().upper()
    except (OSError, ValueError, TypeError):
        return None


def convert_profile(rgb: Rgb, source: bytes | None, target: bytes | None) -> Rgb:
    """``rgb``, (h, w, 3) 0-255, converted from profile ``source`` to ``target``; ``None`` is sRGB.

    Relative colorimetric with black point compensation, the default of photo editors. Unchanged if
    a profile cannot be used.
    """
    if source == target:
        return rgb
    image = Image.fromarray(np.ascontiguousarray(rgb))
    try:
        moved = ImageCms.profileToProfile(
            image,
            _open(source),
            _open(target),
            renderingIntent=_INTENT,
            outputMode="RGB",
            flags=_FLAGS,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return rgb
    return rgb if moved is None else np.asarray(moved)


def to_srgb(image: Image.Image, icc: bytes) -> Image.Image | None:
    """A CMYK, Lab or grey image in sRGB; ``None`` if ``icc`` is not a profile for its mode."""
    try:
        return ImageCms.profileToProfile(
            image, _open(icc), _open(None), renderingIntent=_INTENT, outputMode="RGB", flags=_FLAGS
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def lab_to_srgb(image: Image.Image) -> Image.Image:
    """A CIE Lab image without a profile (D50, as in TIFF) in sRGB. Raises ``ValueError``."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    converted = ImageCms.profileToProfile(image, lab, _open(None), outputMode="RGB")
    if converted is None:
        raise ValueError("no conversion from Lab")
    return converted


def well_formed(icc: bytes) -> bytes | None:
    """``icc`` with the length that its header states, a multiple of four; ``None`` if too short.

    Little CMS uses profiles of other lengths, as cameras and old programs write them, but libpng
    refuses to write them.
    """
    stated = int.from_bytes(icc[:4], "big")
    body = icc[:stated] if stated >= _ICC_HEADER else icc
    if len(body) < _ICC_HEADER:
        return None
    padded = body + bytes(-len(body) % 4)
    return len(padded).to_bytes(4, "big") + padded[4:]


def _open(icc: bytes | None) -> ImageCms.ImageCmsProfile:
    if icc is None:
        return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    return ImageCms.ImageCmsProfile(io.BytesIO(icc))

"""What Pillow has opened, as arrays of RGB and alpha."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from appliance.errors import InputError
from appliance.pipeline.media.photo import icc as profiles
from appliance.pipeline.media.photo.canvas import Pixels
from appliance.pipeline.media.photo.colour_space import ColourSpace, with_srgb_curve
from appliance.pipeline.media.photo.photo import Photo

# 65535 / 255
_TO_16_BIT = 257


def as_rgb(image: Image.Image, icc: bytes | None) -> tuple[Pixels, Any, bytes | None]:
    """(h, w, 3) and (h, w), 0-255, and their profile, from an image of any 8-bit Pillow mode.

    Raises ``InputError`` for grey levels of other depths.
    """
    if image.mode in ("P", "PA") or (
        image.mode in ("RGB", "L", "1") and "transparency" in image.info
    ):
        image = image.convert(
            "RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB"
        )
    elif image.mode == "RGBa":
        image = image.convert("RGBA")
    elif image.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        raise InputError(
            "The photo's grey levels are of an unusual kind.", "Save it as an 8-bit photo."
        )
    alpha = np.array(image.getchannel("A")) if image.mode in ("RGBA", "LA") else None
    if image.mode in ("RGBA", "RGBX"):
        image = image.convert("RGB")
    elif image.mode in ("LA", "1"):
        image = image.convert("L")
    if image.mode == "RGB":
        return np.array(image), alpha, icc if icc and profiles.profile_space(icc) == "RGB" else None
    converted = profiles.to_srgb(image, icc) if icc else None
    if converted is None:
        converted = profiles.lab_to_srgb(image) if image.mode == "LAB" else image.convert("RGB")
    return np.array(converted), alpha, None


def has_alpha(image: Image.Image) -> bool:
    """Whether some of its pixels may be transparent."""
    return "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info


def chroma_subsampling(image: Image.Image) -> int:
    """A JPEG's chroma subsampling in Pillow's numbering; 0 for all other kinds."""
    layers: Any = getattr(image, "layer", None)
    if not layers or len(layers) != 3:
        return 0
    across, down = layers[0][1] // layers[1][1], layers[0][2] // layers[1][2]
    return {(1, 1): 0, (2, 1): 1, (2, 2): 2}.get((across, down), 0)


def in_space(photo: Photo, space: ColourSpace | None) -> Photo:
    """``photo``, whose numbers mean what ``space`` says, with a profile that says so too.

    Linear light, and other curves of computing, become the curve of sRGB at 16 bits: 8 bits of the
    former, which is what faces are found and drawn in, hold too few steps of dark.
    """
    if space is None:
        return photo
    if not space.is_far_from_displays:
        return replace(photo, icc=space.icc())
    alpha = photo.alpha
    if alpha is not None and alpha.dtype == np.uint8:
        alpha = alpha.astype(np.uint16) * _TO_16_BIT
    return replace(
        photo,
        pixels=with_srgb_curve(photo.pixels, space.curve),
        alpha=alpha,
        icc=ColourSpace(space.primaries).icc(),
    )

"""What EXIF says that the numbers of a photo without a profile mean (EXIF 3.0, DCF 2.0)."""

from __future__ import annotations

from typing import Any

from PIL import Image

from appliance.pipeline.media.photo.colour_space import (
    ADOBE_RGB_PRIMARIES,
    ColourSpace,
    Curve,
    Primaries,
)

_EXIF_IFD, _INTEROPERABILITY_IFD = 0x8769, 0xA005
_INDEX, _COLOUR_SPACE, _GAMMA, _WHITE, _PRIMARIES = 1, 0xA001, 0xA500, 318, 319
_UNCALIBRATED = 0xFFFF
_ADOBE_RGB = 2  # not in EXIF, yet written by cameras, as ExifTool lists it
_OPTION_FILE = "R03"  # DCF's name for a photo in Adobe RGB
# Adobe RGB (1998), 4.3.4.2: 2 51/256.
_ADOBE_GAMMA = 2.19921875


def exif_colour(exif: Image.Exif) -> ColourSpace | None:
    """The colour space that ``exif`` names, unless it is sRGB or unknown."""
    try:
        details: dict[int, Any] = exif.get_ifd(_EXIF_IFD)
        index = str(exif.get_ifd(_INTEROPERABILITY_IFD).get(_INDEX, "")).strip("\0 ")
        named = details.get(_COLOUR_SPACE)
        if named == _ADOBE_RGB or (named in (None, _UNCALIBRATED) and index == _OPTION_FILE):
            return ColourSpace(ADOBE_RGB_PRIMARIES, Curve(_ADOBE_GAMMA))
        if named != _UNCALIBRATED or not all(tag in exif for tag in (_WHITE, _PRIMARIES)):
            return None
        return _measured(exif, details)
    except Exception:  # noqa: BLE001 - Pillow raises nearly anything for damaged EXIF
        return None


def _measured(exif: Image.Exif, details: dict[int, Any]) -> ColourSpace:
    white, numbers = exif[_WHITE], [float(value) for value in exif[_PRIMARIES]]
    red, green, blue = ((numbers[i], numbers[i + 1]) for i in (0, 2, 4))
    primaries = Primaries((float(white[0]), float(white[1])), red, green, blue)
    space = ColourSpace(primaries, Curve(float(details.get(_GAMMA, _ADOBE_GAMMA))))
    space.icc()  # raises ValueError for colours that span no space
    return space

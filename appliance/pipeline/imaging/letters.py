"""Letters of the fonts that ship with the package.

A font is read from its file once, at its first use, which must come before the process is sealed.
"""

from __future__ import annotations

from functools import cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from appliance.resources import fonts


@cache
def font_file(name: str) -> bytes:
    """The TrueType file ``name`` among the fonts of the package."""
    return (fonts() / name).read_bytes()


def sized_font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """The font ``name`` with characters of ``size`` pixels, 1 or more."""
    # Not Raqm, which is a library that is loaded at its first use.
    layout = ImageFont.Layout.BASIC
    return ImageFont.truetype(BytesIO(font_file(name)), size, layout_engine=layout)


def ink_of(font: ImageFont.FreeTypeFont, text: str) -> NDArray[np.uint8]:
    """``text`` without a margin: (h, w), from 0 for the ground to 255 for a letter."""
    left, top, right, bottom = (int(edge) for edge in font.getbbox(text))
    image = Image.new("L", (right - left, bottom - top), 0)
    ImageDraw.Draw(image).text((-left, -top), text, fill=255, font=font)
    return np.array(image)

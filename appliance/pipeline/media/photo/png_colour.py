"""What the chunks of a PNG say that its numbers mean (PNG, third edition, 11.3.2 and 4.3)."""

from __future__ import annotations

import struct

from appliance.errors import InputError
from appliance.pipeline.media.photo.colour_space import (
    BT_709,
    CURVES,
    HDR_CURVES,
    PRIMARIES,
    SRGB_CURVE,
    ColourSpace,
    Curve,
    Primaries,
)
from appliance.pipeline.media.photo.png_chunks import first_chunks

_UNIT = 100_000
# Between linear light and twice a display's curve; anything else is a damaged file.
_GAMMAS = (0.1, 10.0)


def png_colour(data: bytes) -> ColourSpace | None:
    """The colour space that chunks of numbers name; ``None``: an ICC profile does, or nothing.

    ``cICP`` goes before ``iCCP``, that before ``sRGB``, and that before ``gAMA`` and ``cHRM``.
    Raises ``InputError`` for HDR, whose numbers this program does not move.
    """
    chunks: dict[bytes, bytes] = {}
    for name, content in first_chunks(data):
        chunks.setdefault(name, content)
    coded = _coded(chunks.get(b"cICP", b""))
    if coded is not None:
        return coded
    if b"iCCP" in chunks:
        return None
    if b"sRGB" in chunks:
        return ColourSpace()
    curve, primaries = _gamma(chunks.get(b"gAMA", b"")), _primaries(chunks.get(b"cHRM", b""))
    if curve is None and primaries is None:
        return None
    return ColourSpace(primaries or BT_709, curve or SRGB_CURVE)


def space_of_codes(primaries: int, transfer: int) -> ColourSpace | None:
    """The colour space of H.273's numbers; ``None`` if they name none that is known here.

    Raises ``InputError`` for HDR.
    """
    if transfer in HDR_CURVES:
        raise InputError(
            "The photo is in HDR (PQ or HLG).", "Save it in standard dynamic range (SDR) first."
        )
    if primaries not in PRIMARIES or transfer not in CURVES:
        return None
    return ColourSpace(PRIMARIES[primaries], CURVES[transfer])


def _coded(content: bytes) -> ColourSpace | None:
    if len(content) != 4:
        return None
    primaries, transfer, matrix, is_full = content
    space = space_of_codes(primaries, transfer)
    if matrix != 0 or space is None:
        return None
    if is_full != 1:
        raise InputError(
            "The PNG holds the narrow range of a video.", "Save it as a photo of full range."
        )
    return space


def _gamma(content: bytes) -> Curve | None:
    if len(content) != 4:
        return None
    (value,) = struct.unpack(">I", content)
    exponent = round(_UNIT / value, 3) if value else 0.0
    return Curve(exponent) if _GAMMAS[0] <= exponent <= _GAMMAS[1] else None


def _primaries(content: bytes) -> Primaries | None:
    if len(content) != 32:
        return None
    numbers = [value / _UNIT for value in struct.unpack(">8I", content)]
    white, red, green, blue = (
        (numbers[index], numbers[index + 1]) for index in range(0, len(numbers), 2)
    )
    primaries = Primaries(white, red, green, blue)
    try:
        ColourSpace(primaries).icc()
    except ValueError:
        return None
    return primaries

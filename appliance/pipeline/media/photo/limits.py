"""How large a photo may be."""

from __future__ import annotations

from appliance.errors import InputError

# Larger photos are refused before they are decoded. 128 megapixels are 768 MB at 16 bits, as many
# as cameras for clinics and studios have (medium format: 102-151); a crafted file of a few kB can
# claim far more.
MAX_PIXELS = 128_000_000

MAX_PIXEL_BYTES = 6 * MAX_PIXELS
"""Of a photo's pixels, decoded: three channels of 16 bits, or eight of 8."""

MAX_PHOTO_BYTES = 1 << 30
"""Of a file; ``MAX_PIXELS`` of 16 bits, uncompressed, are 768 MB."""


def check_size(width: int, height: int, pixel_bytes: int) -> None:
    """Raises ``InputError`` for a picture of more pixels, or bytes of them, than are taken."""
    pixels = width * height
    if pixels > MAX_PIXELS or pixels * pixel_bytes > MAX_PIXEL_BYTES:
        raise too_large()


def too_large() -> InputError:
    """What to raise for a picture of too many pixels."""
    pixels, pixel_bytes = MAX_PIXELS // 1_000_000, MAX_PIXEL_BYTES // 1_000_000
    return InputError(
        f"The photo has more than {pixels} megapixels, or {pixel_bytes} MB of them.",
        "Scale it down first, or leave its transparency out.",
    )

"""What the tags of a TIFF without a profile say that its numbers mean (TIFF 6.0, section 20)."""

from __future__ import annotations

import numpy as np

from appliance.pipeline.media.photo import tiff_directory as tags
from appliance.pipeline.media.photo.colour_space import (
    BT_709,
    SRGB_CURVE,
    ColourSpace,
    Curve,
    Primaries,
)
from appliance.pipeline.media.photo.tiff_directory import Directory, TiffDirectories

_WHITE = 65535
# Of light, 0-1: a table as near as this to a formula was made by it.
_SAME = 0.004


def tiff_colour(tiff: TiffDirectories, directory: Directory) -> ColourSpace | None:
    """The colour space that tags of numbers name, or ``None``."""
    try:
        primaries, curve = _primaries(tiff, directory), _curve(tiff, directory)
        if primaries is None and curve is None:
            return None
        space = ColourSpace(primaries or BT_709, curve or SRGB_CURVE)
        space.icc()
    except ValueError:
        return None
    return space


def _primaries(tiff: TiffDirectories, directory: Directory) -> Primaries | None:
    numbers = tiff.numbers(directory, tags.PRIMARY_CHROMATICITIES)
    white = tiff.numbers(directory, tags.WHITE_POINT) or BT_709.white
    if len(numbers) != 6 or len(white) != 2:
        return None
    red, green, blue = ((numbers[i], numbers[i + 1]) for i in (0, 2, 4))
    return Primaries((white[0], white[1]), red, green, blue)


def _curve(tiff: TiffDirectories, directory: Directory) -> Curve | None:
    """The one curve of all channels; several that differ are as good as none."""
    values = np.array(tiff.numbers(directory, tags.TRANSFER_FUNCTION))
    length = 1 << tiff.number(directory, tags.BITS_PER_SAMPLE, 1)
    if length < 2 or len(values) not in (length, 3 * length):
        return None
    channels = values.reshape(-1, length)
    if (channels != channels[0]).any():
        return None
    light, sample = channels[0] / _WHITE, np.linspace(0, 1, length)
    c = SRGB_CURVE
    srgb = np.where(sample >= c.d, (c.a * sample + c.b) ** c.gamma, c.c * sample)
    if np.abs(light - srgb).max() <= _SAME:
        return SRGB_CURVE
    middle = np.clip(np.interp(0.5, sample, light), 1e-4, 1 - 1e-4)
    gamma = round(float(np.log(middle) / np.log(0.5)), 3)
    if np.abs(light - sample**gamma).max() <= _SAME:
        return Curve(gamma)
    return Curve(1.0, table=tuple(int(value) for value in channels[0]))

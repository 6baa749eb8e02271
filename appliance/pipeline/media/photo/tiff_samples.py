"""The samples of a TIFF that Pillow would reduce or refuse: of 16 bits, or premultiplied.

What the samples mean is decided here, by the file's tags: OpenCV knows neither planes nor what a
fourth sample is. It only unpacks what it is known to unpack, pixels of one, three or four samples.
All else is unpacked by Pillow, which is shown each plane, or rows of pixels, as a grey picture.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import TiffImagePlugin

from appliance.errors import InputError
from appliance.pipeline.media.orientation import from_exif
from appliance.pipeline.media.photo import tiff_directory as tags
from appliance.pipeline.media.photo.limits import check_size
from appliance.pipeline.media.photo.tiff_directory import Directory, TiffDirectories

Samples: TypeAlias = NDArray[Any]
"""Of uint8 or uint16, full range."""

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
# SampleFormat of whole numbers, and of a file that does not say.
_WHOLE_NUMBERS = frozenset((1, 4))
_ASSOCIATED, _UNASSOCIATED = 1, 2
_CHUNKY, _SEPARATE = 1, 2
_NO_PREDICTOR, _DIFFERENCE = 1, 2
_LZMA = 34925  # of which OpenCV knows nothing
# LZW, Deflate by its two numbers, and Zstandard: those that a predictor can precede.
_PREDICTED = (5, 8, 32946, _LZMA, 50000)
# Those, none, and PackBits.
_COMPRESSIONS = (*_PREDICTED, 1, 32773)
_BAND = 256  # rows
# PhotometricInterpretation and samples of a pixel that OpenCV unpacks right.
_PLAIN = ((_BLACK_IS_ZERO, 1), (_RGB, 3), (_RGB, 4))


@dataclass(frozen=True, slots=True)
class _Layout:
    """How samples lie in the file. ``across``: of the picture, or of its tiles, in pixels.

    ``is_plain``: OpenCV unpacks it.
    """

    width: int
    height: int
    bits: int
    samples: int
    is_separate: bool
    is_plain: bool
    across: int
    is_differenced: bool


def is_read_here(tiff: TiffDirectories, directory: Directory) -> bool:
    """Whether it is grey or RGB of 16 bits, or of 8 premultiplied in a way that Pillow lacks.

    Raises ``ValueError`` if a value is cut short.
    """
    if tiff.number(directory, tags.PHOTOMETRIC, -1) not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB):
        return False
    bits = set(tiff.numbers(directory, tags.BITS_PER_SAMPLE))
    is_grey = tiff.number(directory, tags.PHOTOMETRIC) != _RGB
    is_separate = tiff.number(directory, tags.PLANAR_CONFIGURATION) == _SEPARATE
    is_premultiplied = _ASSOCIATED in tiff.numbers(directory, tags.EXTRA_SAMPLES)
    return bits == {16} or (bits == {8} and is_premultiplied and (is_grey or is_separate))


def extra_samples(tiff: TiffDirectories, directory: Directory) -> list[int]:
    """The values of ExtraSamples, one for each sample behind grey or RGB; 0 is none that is known.

    Raises ``ValueError`` if they are cut short.
    """
    count = tiff.number(directory, tags.SAMPLES_PER_PIXEL, 1) - _colours(tiff, directory)
    listed = [int(value) for value in tiff.numbers(directory, tags.EXTRA_SAMPLES)]
    if count == 1 and not listed:
        return [_UNASSOCIATED]  # as everyone reads a file that does not say
    return (listed + [0] * max(count, 0))[: max(count, 0)]


def read_samples(tiff: TiffDirectories, directory: Directory) -> tuple[Samples, Samples | None]:
    """(h, w, 3) and, if there is an alpha, (h, w), upright, 0-255 or 0-65535.

    Colour is not premultiplied by the alpha. Raises ``InputError`` for samples that are not whole
    numbers, or compressed in a way that is not for photos, and ``ValueError`` or ``OSError`` for a
    file that is not sound.
    """
    layout = _layout(tiff, directory)
    colours, extras = _colours(tiff, directory), extra_samples(tiff, directory)
    alpha_at = next((colours + i for i, kind in enumerate(extras) if kind), None)
    check_size(layout.width, layout.height, layout.bits // 8 * max(layout.samples, 3))
    samples = _samples(tiff, directory, layout)
    alpha = None if alpha_at is None else np.ascontiguousarray(samples[..., alpha_at])
    colour = samples[..., :colours]
    if tiff.number(directory, tags.PHOTOMETRIC) == _WHITE_IS_ZERO:
        colour = np.invert(colour)
    if alpha is not None and alpha_at is not None and extras[alpha_at - colours] == _ASSOCIATED:
        colour = _divided(colour, alpha)
    return np.ascontiguousarray(np.broadcast_to(colour, (*colour.shape[:2], 3))), alpha


def _colours(tiff: TiffDirectories, directory: Directory) -> int:
    return 3 if tiff.number(directory, tags.PHOTOMETRIC) == _RGB else 1


def _layout(tiff: TiffDirectories, directory: Directory) -> _Layout:
    def number(tag: int, default: int) -> int:
        return tiff.number(directory, tag, default)

    compression = number(tags.COMPRESSION, 1)
    predictor = number(tags.PREDICTOR, _NO_PREDICTOR) if compression in _PREDICTED else 1
    if (
        compression not in _COMPRESSIONS
        or predictor not in (_NO_PREDICTOR, _DIFFERENCE)
        or number(tags.FILL_ORDER, 1) != 1
    ):
        raise unusual()
    width, height = number(tags.IMAGE_WIDTH, 0), number(tags.IMAGE_LENGTH, 0)
    samples = number(tags.SAMPLES_PER_PIXEL, 1)
    photometric = number(tags.PHOTOMETRIC, 0)
    least = 3 if photometric == _RGB else 1
    across = number(tags.TILE_WIDTH, 0) if tags.TILE_OFFSETS in directory.entries else width
    if min(width, height, across) < 1 or samples < least:
        raise ValueError("no picture")
    is_separate = number(tags.PLANAR_CONFIGURATION, _CHUNKY) == _SEPARATE and samples > 1
    bits = number(tags.BITS_PER_SAMPLE, 1)
    is_plain = (
        bits == 16 and not is_separate and (photometric, samples) in _PLAIN and compression != _LZMA
    )
    return _Layout(
        width, height, bits, samples, is_separate, is_plain, across, predictor == _DIFFERENCE
    )


def check_format(tiff: TiffDirectories, directory: Directory) -> None:
    """Raises ``InputError`` unless samples are whole numbers from 0."""
    if not _WHOLE_NUMBERS.issuperset(tiff.numbers(directory, tags.SAMPLE_FORMAT)):
        raise unusual()


def unusual() -> InputError:
    """What to raise for a TIFF whose numbers are not those of photos."""
    return InputError(
        "The TIFF's samples are of an unusual kind.", "Save it as a TIFF of 8 or 16 bits, in RGB."
    )


def _samples(tiff: TiffDirectories, directory: Directory, layout: _Layout) -> Samples:
    """(h, w, samples), 0-65535, as they are in the file, but upright."""
    if layout.is_plain:
        return _plain(tiff, directory, layout)
    stored = (_separate if layout.is_separate else _chunky)(tiff, directory, layout)
    return from_exif(tiff.number(directory, tags.ORIENTATION, 1)).upright(stored)


def _plain(tiff: TiffDirectories, directory: Directory, layout: _Layout) -> Samples:
    """What OpenCV unpacks, and turns."""
    data = tiff.alone(directory)
    decoded: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.dtype != np.uint16:
        raise ValueError("16-bit decoding failed")
    whole: Samples = decoded.reshape(*decoded.shape[:2], layout.samples)
    return whole[..., ([0] if layout.samples == 1 else [2, 1, 0, 3][: layout.samples])]


def _separate(tiff: TiffDirectories, directory: Directory, layout: _Layout) -> Samples:
    """(h, w, samples), from planes."""
    whole = np.empty((layout.height, layout.width, layout.samples), _type(layout))
    for plane in range(layout.samples):
        whole[..., plane] = _grey(tiff, directory, layout, plane)
    return whole


def _chunky(tiff: TiffDirectories, directory: Directory, layout: _Layout) -> Samples:
    """(h, w, samples), from rows of pixels."""
    rows = _grey(tiff, directory, layout, None)
    whole = rows.reshape(layout.height, layout.width, layout.samples)
    if layout.is_differenced and layout.samples > 1:
        for left in range(0, layout.width, layout.across):
            part = whole[:, left : left + layout.across]
            # Modulo 256 or 65536, as the predictor's differences are.
            np.add.accumulate(part, axis=1, dtype=part.dtype, out=part)
    return whole


def _grey(
    tiff: TiffDirectories, directory: Directory, layout: _Layout, plane: int | None
) -> Samples:
    """(h, w) of one plane or, with ``None``, (h, w * samples) of pixels that lie together."""
    times = layout.samples if plane is None else 1
    predictor = _DIFFERENCE if layout.is_differenced and times == 1 else _NO_PREDICTOR
    shown: dict[int, tuple[int, ...]] = {
        tags.IMAGE_WIDTH: (layout.width * times,),
        tags.IMAGE_LENGTH: (layout.height,),
        tags.BITS_PER_SAMPLE: (layout.bits,),
        tags.COMPRESSION: (tiff.number(directory, tags.COMPRESSION, 1),),
        tags.PHOTOMETRIC: (_BLACK_IS_ZERO,),
        tags.SAMPLES_PER_PIXEL: (1,),
        tags.PLANAR_CONFIGURATION: (_CHUNKY,),
        tags.PREDICTOR: (predictor,),
    }
    if tags.TILE_OFFSETS in directory.entries:
        places = (tags.TILE_OFFSETS, tags.TILE_BYTE_COUNTS)
        shown[tags.TILE_WIDTH] = (layout.across * times,)
        shown[tags.TILE_LENGTH] = (tiff.number(directory, tags.TILE_LENGTH),)
    else:
        places = (tags.STRIP_OFFSETS, tags.STRIP_BYTE_COUNTS)
        rows = tiff.number(directory, tags.ROWS_PER_STRIP, layout.height)
        shown[tags.ROWS_PER_STRIP] = (min(rows, layout.height),)
    for tag in places:
        values = tuple(int(value) for value in tiff.numbers(directory, tag))
        if plane is not None:
            each = len(values) // layout.samples
            values = values[plane * each : (plane + 1) * each]
        if values:
            shown[tag] = values
    # Not by Image.open, which would count the samples of a row as pixels and refuse them.
    image: Any = TiffImagePlugin.TiffImageFile(io.BytesIO(tiff.with_directory(shown)))
    image.load()
    grey = np.array(image)
    wanted = _type(layout)
    if grey.shape != (layout.height, layout.width * times) or grey.itemsize != wanted.itemsize:
        raise ValueError("decoded as something else")
    return grey.astype(wanted, copy=False)


def _type(layout: _Layout) -> np.dtype[np.uint8] | np.dtype[np.uint16]:
    return np.dtype(np.uint16) if layout.bits == 16 else np.dtype(np.uint8)


def _divided(colour: Samples, alpha: Samples) -> Samples:
    """(h, w, n) that was multiplied by ``alpha``, (h, w), without it; black where it is 0.

    In bands of rows, for the sake of memory.
    """
    most = np.iinfo(colour.dtype).max
    divided = np.zeros_like(colour)
    for top in range(0, len(colour), _BAND):
        part = alpha[top : top + _BAND, :, None].astype(np.uint64)
        wide = colour[top : top + _BAND] * np.uint64(most) + part // 2
        divided[top : top + _BAND] = np.minimum(wide // np.maximum(part, 1), most) * (part > 0)
    return divided

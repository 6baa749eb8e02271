"""Which of a TIFF's pictures is the photo: not a preview in front of it, nor a raw file's."""

from __future__ import annotations

from itertools import chain, islice

from appliance.errors import InputError
from appliance.pipeline.media.photo import tiff_directory as tags
from appliance.pipeline.media.photo.tiff_directory import (
    MAX_DIRECTORIES,
    Directory,
    TiffDirectories,
)

# Bits of NewSubfileType, and values of the older SubfileType (TIFF 6.0).
_REDUCED, _MASK = 1, 4
_OLD_REDUCED = 2
# PhotometricInterpretation of a sensor's values (TIFF/EP, DNG): by filter, and already per pixel.
_SENSOR = (32803, 34892)
# Compression that only cameras' raw files have, as libraw and ExifTool list them: Kodak, Sony,
# packed raw, Samsung, Nikon, Pentax.
_SENSOR_COMPRESSION = (262, 32767, 32769, 32770, 34713, 65000, 65535)


def raw_file() -> InputError:
    """What to raise for a camera's raw file."""
    return InputError(
        "This is a camera's raw file.", "Develop it first, and save it as a TIFF, PNG or JPEG."
    )


def find_photo(tiff: TiffDirectories) -> tuple[Directory, tuple[str, ...]]:
    """The directory of the photo, and what is lost with the others.

    Raises ``InputError`` for a raw file, for several pages, and for a file whose pages are previews
    of a picture elsewhere; ``ValueError`` for a file that is not sound.
    """
    pages = tiff.pages()
    linked = chain.from_iterable(tiff.below(page) for page in pages)
    below = list(islice(linked, MAX_DIRECTORIES))
    if any(_is_raw(tiff, directory) for directory in [*pages, *below]):
        raise raw_file()
    pictures = [page for page in pages if not _is_reduced(tiff, page) and not _is_mask(tiff, page)]
    if len(pictures) > 1:
        raise InputError(
            "The TIFF holds several pages.", "Save the page you mean as a file of its own."
        )
    area = _area(tiff, pictures[0]) if pictures else 0
    if not pictures and not below and len(pages) == 1:
        # A lone picture is the photo, whatever program called it reduced.
        return pages[0], ()
    if not pictures or any(_area(tiff, directory) > area for directory in below):
        raise InputError(
            "The pages of this TIFF are previews; the photo itself lies elsewhere in the file.",
            "Open it in the program that made it, and save the photo as a plain TIFF, PNG or JPEG.",
        )
    has_mask = any(_is_mask(tiff, directory) for directory in [*pages, *below])
    return pictures[0], ("transparency mask",) if has_mask else ()


def _is_raw(tiff: TiffDirectories, directory: Directory) -> bool:
    return (
        tags.DNG_VERSION in directory.entries
        or tiff.number(directory, tags.PHOTOMETRIC) in _SENSOR
        or tiff.number(directory, tags.COMPRESSION) in _SENSOR_COMPRESSION
    )


def _is_reduced(tiff: TiffDirectories, directory: Directory) -> bool:
    old = tiff.number(directory, tags.SUBFILE_TYPE)
    return bool(tiff.number(directory, tags.NEW_SUBFILE_TYPE) & _REDUCED) or old == _OLD_REDUCED


def _is_mask(tiff: TiffDirectories, directory: Directory) -> bool:
    return bool(tiff.number(directory, tags.NEW_SUBFILE_TYPE) & _MASK)


def _area(tiff: TiffDirectories, directory: Directory) -> int:
    width = tiff.number(directory, tags.IMAGE_WIDTH)
    return width * tiff.number(directory, tags.IMAGE_LENGTH)

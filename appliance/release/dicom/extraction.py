"""Takes the JPEG out of a DICOM file again, byte for byte."""

from __future__ import annotations

import struct
from typing import Final

from appliance.errors import ReleaseError
from appliance.pipeline.media.photo.dicom_elements import read_elements
from appliance.release.dicom.uids import JPEG_BASELINE

MARK: Final = b"DICM"
MARK_AT: Final = 128
"""Where the mark of a DICOM file stands (PS3.10, 7.1)."""

_TOTAL_LENGTH = 0x7FE00003


def jpeg_inside(data: bytes) -> bytes:
    """The JPEG in the DICOM file ``data``, without the byte that made its length even.

    Raises ``ReleaseError`` if there is none.
    """
    try:
        return _jpeg_inside(data)
    except (ValueError, struct.error) as error:
        raise ReleaseError(
            "This DICOM file holds no JPEG.", "Name a file that was made of a released photo."
        ) from error


def _jpeg_inside(data: bytes) -> bytes:
    found = read_elements(data, {_TOTAL_LENGTH})
    if found.transfer_syntax != JPEG_BASELINE:
        raise ValueError("another form of pixels")
    (fragment,) = found.fragments
    length = len(fragment)
    if _TOTAL_LENGTH in found.values:
        (length,) = struct.unpack("<Q", found.values[_TOTAL_LENGTH])
    if not len(fragment) - 1 <= length <= len(fragment):
        raise ValueError("another length")
    return fragment[:length]

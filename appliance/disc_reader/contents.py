"""Reads a file of a disc, block by block from where it lies: nothing is parsed or unpacked."""

from __future__ import annotations

import os
from collections.abc import Iterator

from appliance.disc_reader.listing import DiscFile, Refusal
from appliance.disc_reader.medium import Medium
from appliance.errors import InputError

_CHUNK = 1 << 20  # bytes

_REFUSALS: dict[Refusal, InputError] = {
    "outside": InputError(
        "The file does not lie on the disc.", "The disc was cut off; ask for another copy of it."
    ),
    "packed": InputError(
        "The file is packed by the disc itself (zisofs).", "Have it burned without that."
    ),
    "shared": InputError(
        "The file lies in the place of another one.",
        "The disc is damaged or was crafted to do damage; ask for another copy of it.",
    ),
    "too-large": InputError("The file is too large.", "Have the video cut into shorter parts."),
}


def check_readable(file: DiscFile) -> None:
    """Raise ``InputError`` if ``file`` is refused."""
    if file.refusal is not None:
        refused = _REFUSALS[file.refusal]
        raise InputError(refused.message, refused.hint)


def copy_file(medium: Medium, file: DiscFile, sink: int) -> None:
    """Write the bytes of ``file`` to the descriptor ``sink``, from its position on.

    Raises ``InputError`` if the file is refused or cannot be read, and ``OSError`` if ``sink``
    cannot be written.
    """
    for block in blocks_of(medium, file):
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(sink, rest) :]


def blocks_of(medium: Medium, file: DiscFile) -> Iterator[bytes]:
    """The bytes of ``file``, 1 MiB at most at a time.

    Raises ``InputError`` if the file is refused or cannot be read.
    """
    check_readable(file)
    for extent in file.extents:
        offset = extent.start
        while offset < extent.end:
            block = medium.read(offset, min(_CHUNK, extent.end - offset))
            if not block:
                refused = _REFUSALS["outside"]
                raise InputError(refused.message, refused.hint)
            offset += len(block)
            yield block

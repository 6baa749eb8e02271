"""Images of discs in a folder of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.disc_reader.lister import list_disc
from appliance.disc_reader.listing import DiscFile
from appliance.disc_reader.medium import Medium
from appliance.errors import InputError

CANARY = b"jane-canary"
FILES = {
    CANARY.decode() + ".jpg": b"A" * 3000,
    "d/b.jpg": b"B" * 100,
    "d/e/c.jpg": b"C" * 10,
}

Listed = dict[bytes, DiscFile]
ListImage = Callable[[bytes | bytearray], Listed]


@pytest.fixture
def listed(tmp_path: Path) -> ListImage:
    """The files that an image is found to hold, by their paths."""

    def listed(image: bytes | bytearray) -> Listed:
        path = tmp_path / "spoilt.iso"
        path.write_bytes(image)
        with Medium.open(path) as medium:
            return {file.path: file for file in list_disc(medium)}

    return listed


def refused(listed: ListImage, image: bytes | bytearray) -> InputError:
    """Why ``image`` is refused; no name of it may be in the message."""
    with pytest.raises(InputError) as caught:
        listed(image)
    assert CANARY.decode() not in caught.value.message + caught.value.hint
    return caught.value

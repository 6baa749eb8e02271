"""A result as the second person may look at it: a picture that is no result."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from threading import Lock
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.media.canvas import Box
from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.media.video.encoder import OWN_CODECS
from appliance.pipeline.media.video.key_frame import read_key_frame
from appliance.pipeline.media.video.probe import probe
from appliance.release.view import PICTURES, sheet_of, view_of
from appliance.worker.hand_over import fingerprint
from appliance.worker.workspace import Item


class Views:
    """For several threads. ``one_picture`` is held while a view is made."""

    def __init__(self, one_picture: Lock) -> None:
        self._one_picture = one_picture

    def of(self, item: Item, sha256: str) -> bytes | None:
        """A JPEG of the result ``item``; ``None`` if its file has another SHA-256.

        It is read by the decoder of the one format that results have. Raises ``InputError`` if it
        is not in that, and ``ReleaseError`` if it is too small for its label.
        """
        with self._one_picture:
            if item.media == "photo":
                data = item.path.read_bytes()
                if hashlib.sha256(data).hexdigest() != sha256:
                    return None
                return view_of(read_photo(data, only="png"))
            with item.path.open("rb") as film:
                if fingerprint(film)[0].hex() != sha256:
                    return None
                return sheet_of(list(_pictures(film)))


def _pictures(film: BinaryIO) -> Iterator[NDArray[np.uint8]]:
    """Key frames from all of a film, (h, w, 3) in R, G, B; some may be the same."""
    film.seek(0)
    duration = float(probe(film, only_codecs=OWN_CODECS).duration or 0)
    for number in range(PICTURES if duration else 1):
        film.seek(0)
        seconds = duration * (number + 0.5) / PICTURES
        canvas = read_key_frame(film, seconds, only_codecs=OWN_CODECS)
        yield canvas.read(Box(0, 0, canvas.width, canvas.height))

"""What the broker learns of a result before a second person is asked to release it."""

from __future__ import annotations

from threading import Lock
from typing import BinaryIO

from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.media.video.encoder import OWN_CODECS
from appliance.protocols import worker_control_api as api
from appliance.protocols.worker_api import Media
from appliance.release.fitness import unfit_film, unfit_photo
from appliance.release.watermark.mark import Unfit
from appliance.worker.hand_over import fingerprint
from appliance.worker.workspace import Item


class Measuring:
    """For several threads. ``one_picture`` is held while a picture is in memory."""

    def __init__(self, one_picture: Lock) -> None:
        self._one_picture = one_picture
        # The last answer: what is approved was measured when it was asked for, and large photos
        # take seconds to be decoded.
        self._known: tuple[tuple[bytes, Media], Unfit | None] | None = None

    def of(self, item: Item) -> api.Measured | None:
        """What the result ``item`` is; ``None`` of one that no known engine drew.

        It is read as the releaser will read it: what that could not decode is not measured. Raises
        ``InputError`` then.
        """
        if item.engine is None:
            return None
        with item.path.open("rb") as file:
            digest, size = fingerprint(file)
            with self._one_picture:
                if self._known is None or self._known[0] != (digest, item.media):
                    self._known = (digest, item.media), _unfit(item, file)
                unfit = self._known[1]
        return api.Measured(item.media, item.engine, size, digest.hex(), unfit)


def _unfit(item: Item, file: BinaryIO) -> Unfit | None:
    file.seek(0)
    if item.media == "video":
        return unfit_film(file, only_codecs=OWN_CODECS)
    return unfit_photo(read_photo(file.read(), only="png"))

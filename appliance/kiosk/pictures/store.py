"""The pictures of the screen, by name. They are in memory, and nowhere else."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QImageReader

from appliance.errors import WireError

_MOST_MEGAPIXELS = 64


class PictureStore(QObject):
    """``changed`` is emitted with the name of a picture, or with nothing for all."""

    changed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._pictures: dict[str, QImage] = {}
        QImageReader.setAllocationLimit(4 * _MOST_MEGAPIXELS)

    def get(self, name: str) -> QImage:
        """The picture of that name, or an empty one."""
        return self._pictures.get(name) or QImage()

    def decode(self, data: bytes) -> object:
        """See ``Pictures``."""
        kind: Any = "JPEG"  # the stubs of PySide6 want bytes, which it refuses
        picture = QImage.fromData(data, kind)
        if picture.isNull():
            raise WireError("The picture cannot be shown.", "Try again.")
        return picture.convertToFormat(QImage.Format.Format_RGB32)

    def put(self, name: str, picture: object) -> None:
        """See ``Pictures``."""
        if isinstance(picture, QImage):
            self._pictures[name] = picture
            self.changed.emit(name)

    def copy(self, name: str, to: str) -> None:
        """See ``Pictures``."""
        if name in self._pictures:
            self.put(to, self._pictures[name])

    def clear(self) -> None:
        """See ``Pictures``. What they showed is overwritten, where no one else holds it."""
        for picture in self._pictures.values():
            picture.fill(0)
        self._pictures.clear()
        self.changed.emit("")

"""The QML type ``PictureItem``: a picture of the store, as a texture without a copy of ours."""

from __future__ import annotations

from typing import Any, ClassVar

from PySide6.QtCore import Property, QRectF, Signal
from PySide6.QtGui import QImage
from PySide6.QtQml import qmlRegisterType
from PySide6.QtQuick import QQuickItem, QQuickWindow, QSGNode, QSGSimpleTextureNode, QSGTexture

from appliance.kiosk.pictures.store import PictureStore


class PictureItem(QQuickItem):
    """Shows the picture called ``name`` over all of itself; ``mirrored`` left to right."""

    name_changed = Signal()
    mirrored_changed = Signal()
    picture_changed = Signal()
    store: ClassVar[PictureStore]
    # Not asked of the item: PySide counts what `window()` returns as the item's own, and takes the
    # window for deleted once the item is.
    shown_in: ClassVar[QQuickWindow | None] = None

    def __init__(self, parent: QQuickItem | None = None) -> None:
        super().__init__(parent)
        self.setFlag(QQuickItem.Flag.ItemHasContents, True)
        self._name = ""
        self._mirrored = False
        self._picture = QImage()
        self._node: QSGSimpleTextureNode | None = None
        self.store.changed.connect(self._take)

    def get_name(self) -> str:
        """The name of the picture."""
        return self._name

    def set_name(self, name: str) -> None:
        """Show another picture."""
        if name != self._name:
            self._name = name
            self.name_changed.emit()
            self._take(name)

    def is_mirrored(self) -> bool:
        """Whether it is shown as in a mirror."""
        return self._mirrored

    def set_mirrored(self, mirrored: bool) -> None:
        """Show it as in a mirror, or not."""
        if mirrored != self._mirrored:
            self._mirrored = mirrored
            self.mirrored_changed.emit()
            self.update()

    def picture_width(self) -> int:
        """In its own pixels; 0 if there is none."""
        return self._picture.width()

    def picture_height(self) -> int:
        """In its own pixels; 0 if there is none."""
        return self._picture.height()

    name = Property(str, get_name, set_name, notify=name_changed)
    mirrored = Property(bool, is_mirrored, set_mirrored, notify=mirrored_changed)
    pictureWidth = Property(int, picture_width, notify=picture_changed)  # noqa: N815 - QML's style
    pictureHeight = Property(int, picture_height, notify=picture_changed)  # noqa: N815

    def updatePaintNode(self, _old: QSGNode, _data: Any) -> QSGNode:  # noqa: N802 - Qt's name
        """Called by Qt, to draw."""
        window = self.shown_in
        if self._picture.isNull() or window is None:
            self._node = None
            return None  # type: ignore[return-value]
        node = self._node or QSGSimpleTextureNode()
        texture = window.createTextureFromImage(self._picture)
        node.setTexture(texture)
        node.setOwnsTexture(True)
        node.setFiltering(QSGTexture.Filtering.Linear)
        mirror = QSGSimpleTextureNode.TextureCoordinatesTransformFlag.MirrorHorizontally
        plain = QSGSimpleTextureNode.TextureCoordinatesTransformFlag.NoTransform
        node.setTextureCoordinatesTransform(mirror if self._mirrored else plain)
        node.setRect(QRectF(0, 0, self.width(), self.height()))
        self._node = node
        return node

    def _take(self, name: str) -> None:
        if name in ("", self._name):
            self._picture = self.store.get(self._name)
            self.picture_changed.emit()
            self.update()


def register(store: PictureStore) -> None:
    """Let QML have the type, with pictures of ``store``."""
    PictureItem.store = store
    # The stubs of PySide6 want bytes here, which it refuses.
    name: Any = "PictureItem"
    qmlRegisterType(PictureItem, "Kiosk", 1, 0, name)

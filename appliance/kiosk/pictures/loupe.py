"""The QML type ``LoupeItem``: a round piece of a picture, enlarged, with a cross in its middle."""

from __future__ import annotations

from typing import Any, ClassVar

from PySide6.QtCore import Property, QLineF, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtQml import qmlRegisterType
from PySide6.QtQuick import QQuickItem, QQuickPaintedItem

from appliance.kiosk.pictures.store import PictureStore

_GAP = 5.0  # around the middle, which the cross leaves free


class LoupeItem(QQuickPaintedItem):
    """Shows what the picture called ``name`` has ``at`` a place."""

    name_changed = Signal()
    at_changed = Signal()
    enlarged_changed = Signal()
    store: ClassVar[PictureStore]

    def __init__(self, parent: QQuickItem | None = None) -> None:
        super().__init__(parent)
        self.setAntialiasing(True)
        self._name = ""
        self._at = QPointF(0.5, 0.5)
        self._enlarged = 2.0
        self.store.changed.connect(self._take)

    def get_name(self) -> str:
        """The name of the picture."""
        return self._name

    def set_name(self, name: str) -> None:
        """Show another picture."""
        self._name = name
        self.name_changed.emit()
        self.update()

    def get_at(self) -> QPointF:
        """What is in the middle, in shares of the picture's width and height."""
        return self._at

    def set_at(self, at: QPointF) -> None:
        """Show what is there."""
        self._at = at
        self.at_changed.emit()
        self.update()

    def get_enlarged(self) -> float:
        """How many pixels of the screen a pixel of the picture has."""
        return self._enlarged

    def set_enlarged(self, enlarged: float) -> None:
        """Show it larger or smaller."""
        self._enlarged = enlarged
        self.enlarged_changed.emit()
        self.update()

    def paint(self, painter: QPainter) -> None:
        """Called by Qt, to draw."""
        picture = self.store.get(self._name)
        size = min(self.width(), self.height())
        if picture.isNull() or size <= 0:
            return
        circle = QPainterPath()
        circle.addEllipse(QRectF(2, 2, size - 4, size - 4))
        painter.fillPath(circle, QColor(Qt.GlobalColor.black))
        painter.setClipPath(circle)
        side = size / self._enlarged
        x, y = self._at.x() * picture.width(), self._at.y() * picture.height()
        seen = QRectF(x - side / 2, y - side / 2, side, side)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(0, 0, size, size), picture, seen)
        painter.setClipping(False)
        middle = size / 2
        for pen in (QPen(QColor(Qt.GlobalColor.black), 3), QPen(QColor(Qt.GlobalColor.white), 1)):
            painter.setPen(pen)
            for sign in (-1, 1):
                near, end = middle + sign * _GAP, middle + sign * middle / 2
                painter.drawLine(QLineF(near, middle, end, middle))
                painter.drawLine(QLineF(middle, near, middle, end))
        painter.setPen(QPen(QColor(Qt.GlobalColor.white), 3))
        painter.drawPath(circle)

    name = Property(str, get_name, set_name, notify=name_changed)
    at = Property(QPointF, get_at, set_at, notify=at_changed)
    enlarged = Property(float, get_enlarged, set_enlarged, notify=enlarged_changed)

    def _take(self, name: str) -> None:
        if name in ("", self._name):
            self.update()


def register(store: PictureStore) -> None:
    """Let QML have the type, with pictures of ``store``."""
    LoupeItem.store = store
    # The stubs of PySide6 want bytes here, which it refuses.
    name: Any = "LoupeItem"
    qmlRegisterType(LoupeItem, "Kiosk", 1, 0, name)

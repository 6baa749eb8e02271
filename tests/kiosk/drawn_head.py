"""A head, drawn: what scenes show in the place of a photo."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QLinearGradient, QPainter

SKIN = QColor(200, 150, 120)
"""Of the drawn head: no colour of the theme is near it."""


def head(shift: int = 0) -> QImage:
    """A drawn head of 480 x 600 pixels, whose nose is moved by ``shift``."""
    picture = QImage(480, 600, QImage.Format.Format_RGB32)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ground = QLinearGradient(QPointF(0, 0), QPointF(480, 600))
    ground.setColorAt(0, QColor(120, 140, 150))
    ground.setColorAt(1, QColor(60, 70, 80))
    painter.fillRect(picture.rect(), ground)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(SKIN)
    painter.drawEllipse(QRectF(110, 100, 260, 360))
    painter.setBrush(QColor(60, 50, 45))
    for x in (175, 275):
        painter.drawEllipse(QRectF(x, 240, 30, 16))
    painter.drawRect(QRectF(200, 385, 80, 12))
    painter.setBrush(QColor(170, 120, 95))
    painter.drawEllipse(QRectF(222 + shift, 260, 36, 90))
    painter.end()
    return picture

"""Which messages of Qt a test fails upon."""

from __future__ import annotations

from PySide6.QtCore import QtMsgType

_HARMLESS = "QUnifiedTimer::stopAnimationDriver: driver is not running"
"""Qt says so when a timer of QML stops before its first frame, as on a busy machine."""


def is_wrong(kind: QtMsgType, message: str) -> bool:
    """Whether something that the kiosk does is behind it."""
    return kind is not QtMsgType.QtDebugMsg and message != _HARMLESS

"""When a frame is drawn: Qt hands moves of fingers on with it, as many as came since in one."""

from __future__ import annotations

from PySide6.QtCore import QEventLoop
from PySide6.QtGui import QGuiApplication
from PySide6.QtQuick import QQuickWindow


def wait_for_a_frame(window: QQuickWindow) -> None:
    """Until the window is drawn once more."""
    drawn: list[bool] = []
    connection = window.frameSwapped.connect(lambda: drawn.append(True))
    try:
        window.update()
        while not drawn:
            QGuiApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
    finally:
        window.frameSwapped.disconnect(connection)

"""What Qt would load at its first use: loaded before the seal, as no code can be mapped after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QImageReader
from PySide6.QtQml import QQmlComponent, QQmlEngine
from PySide6.QtQuick import QQuickWindow


def load_ahead(engine: QQmlEngine, folder: Path) -> list[str]:
    """Load the readers of pictures, and each QML file below ``folder`` with what it imports.

    Only compiled, not shown. Returns what Qt says of those that it cannot load: none, in a sound
    installation.
    """
    QImageReader.supportedImageFormats()
    wrong = []
    for path in sorted(folder.rglob("*.qml")):
        component = QQmlComponent(engine, QUrl.fromLocalFile(str(path)))
        wrong += [error.toString() for error in component.errors()]
    return wrong


def at_first_frame(window: QQuickWindow, act: Callable[[], None]) -> None:
    """Call ``act`` once, when ``window`` has shown its first frame."""
    window.frameSwapped.connect(act, Qt.ConnectionType.SingleShotConnection)

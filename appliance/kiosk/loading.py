"""What Qt would load at its first use: loaded before the seal, as no code can be mapped after."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QImageReader
from PySide6.QtQml import QQmlComponent, QQmlEngine
from PySide6.QtQuick import QQuickWindow

_LATE = ("appliance.diagnostics.process_log", "segno")
"""Modules that no first screen needs: 0.2 s of processor time on a slow machine."""


def load_ahead(engine: QQmlEngine, folder: Path) -> list[str]:
    """Load what draws codes and reports bugs, the readers of pictures, and all QML in ``folder``.

    QML is compiled with what it imports, and not shown. Returns what Qt says of files that it
    cannot load: nothing, in a sound installation.
    """
    for module in _LATE:
        import_module(module)
    QImageReader.supportedImageFormats()
    wrong = []
    for path in sorted(folder.rglob("*.qml")):
        component = QQmlComponent(engine, QUrl.fromLocalFile(str(path)))
        wrong += [error.toString() for error in component.errors()]
    return wrong


def at_first_frame(window: QQuickWindow, act: Callable[[], None]) -> None:
    """Call ``act`` once, when ``window`` has shown its first frame."""
    window.frameSwapped.connect(act, Qt.ConnectionType.SingleShotConnection)

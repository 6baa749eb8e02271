"""The window of the stand-in, and what it does once it is sealed."""

from __future__ import annotations

import io
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from PySide6.QtCore import QSocketNotifier, QTimer, QUrl
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtQml import QQmlApplicationEngine

from appliance.kiosk.loading import at_first_frame, load_ahead


def show(folder: Path, service: Path, seal: Callable[[], int], say: Callable[..., None]) -> None:
    """Show the window, seal it at its first frame, work, and end with standard input."""
    started = time.perf_counter()
    app = QGuiApplication(sys.argv[:1])
    engine = QQmlApplicationEngine()
    engine.load(QUrl.fromLocalFile(str(folder / "Main.qml")))
    window: Any = engine.rootObjects()[0]
    picture = _jpeg()

    def first_frame() -> None:
        say(first=round(time.perf_counter() - started, 3), platform=app.platformName())
        wrong = load_ahead(engine, folder)
        say(sealed=seal(), wrong=wrong)
        QTimer.singleShot(0, work)

    def work() -> None:
        window.setProperty("page", QUrl.fromLocalFile(str(folder / "Page.qml")))
        window.resize(800, 600)  # other memory is shared with the compositor
        QTimer.singleShot(300, lambda: say(**_worked(window, picture, service)))

    at_first_frame(window, first_frame)
    end = QSocketNotifier(0, QSocketNotifier.Type.Read)
    end.activated.connect(lambda: os.read(0, 1) or app.quit())
    app.exec()


def _worked(window: Any, picture: bytes, service: Path) -> dict[str, object]:
    ran: list[int] = []
    thread = threading.Thread(target=lambda: ran.append(1))
    thread.start()
    thread.join()
    answered = None
    if service.name != "-":
        with socket.socket(socket.AF_UNIX) as mine:
            mine.settimeout(30)
            mine.connect(str(service))
            answered = mine.recv(10).decode()
    return {
        "page": window.property("loaded"),
        "picture": QImage.fromData(picture).width(),
        "threads": len(ran),
        "service": answered,
    }


def _jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (32, 16), "red").save(file, "JPEG")
    return file.getvalue()

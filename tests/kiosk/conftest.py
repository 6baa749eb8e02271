"""One Qt application, without a display, and one window in it for all tests of a process."""

from __future__ import annotations

import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any, NoReturn

import pytest
import structlog

# Qt reads these when the application is made.
os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["QT_QUICK_BACKEND"] = "software"
os.environ["QML_DISABLE_DISK_CACHE"] = "1"

from PySide6.QtGui import QGuiApplication

from tests.kiosk.stage import Stage


@pytest.fixture(scope="session")
def application() -> QGuiApplication:
    """Qt itself."""
    made = QGuiApplication(["appliance-kiosk"])
    made.styleHints().setCursorFlashTime(0)  # a picture does not depend on when it was made
    return made


@pytest.fixture(scope="session")
def stage(
    application: QGuiApplication, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """The screen, without services."""
    made = Stage(application, Path(tmp_path_factory.mktemp("nowhere")))
    yield made
    made.close()


@pytest.fixture
def reports() -> Iterator[list[str]]:
    """What the process log would get of bugs."""
    got: list[str] = []

    def keep(_logger: Any, _method: str, record: MutableMapping[str, Any]) -> NoReturn:
        got.append(type(record["exc_info"]).__name__)
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[keep])
    yield got
    structlog.configure(**before)

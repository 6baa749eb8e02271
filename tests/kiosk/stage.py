"""The screen without services: what it shows is put into the view models by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import shiboken6
from PySide6.QtCore import QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtQml import QQmlExpression
from PySide6.QtQuick import QQuickItem, QQuickWindow

from appliance.kiosk.models.model import Model
from appliance.kiosk.models.place import PlaceState
from appliance.kiosk.pictures.store import PictureStore
from appliance.kiosk.visit.state import Screen as Place
from appliance.kiosk.visit.visit import Visit
from appliance.kiosk.window import Screen
from appliance.kiosk.words.catalogue import Language
from tests.kiosk.messages import is_wrong

# What beats or blinks stays as it is.
_STOP_TIMERS = """(function stop(item) {
    for (const one of item.resources)
        if (one.triggeredOnStart !== undefined)
            one.running = false;
    for (const one of item.children)
        stop(one);
})(contentItem)"""


class Stage:
    """``messages``: what Qt and QML had to say. A test that provokes one clears them."""

    def __init__(self, application: QGuiApplication, nowhere: Path) -> None:
        self.application = application
        self.nowhere = nowhere
        self.messages: list[str] = []
        qInstallMessageHandler(self._hear)
        self.screen = Screen(
            application, nowhere / "broker", nowhere / "disc", nowhere / "training"
        )
        self.models = self.screen.models
        self._context = self.screen._engine.rootContext()
        self._first = {name: model.state for name, model in self.models.items()}
        for timer in self.screen._timers:
            timer.stop()
        while not self.models["session"].state.lost:  # there is no broker
            application.processEvents()

    @property
    def pictures(self) -> PictureStore:
        """The pictures on the screen."""
        store = self.screen.shared.pictures
        assert isinstance(store, PictureStore)
        return store

    def model(self, name: str) -> Model[Any]:
        """A view model."""
        return self.models[name]

    def reset(self, language: Language = "en") -> None:
        """As at the beginning: nobody is there, and nothing is known."""
        self.pictures.clear()
        self.screen.shared.visit = Visit()
        for name, state in self._first.items():
            if name != "place":
                self.models[name].show(**_values(state))
        self.models["place"].show(**_values(PlaceState(language=language)))
        self.settle()

    def show(self, place: Place) -> None:
        """Have a screen shown; its values are put in afterwards."""
        self.models["place"].show(screen=place, locked=False)
        self.settle()

    def settle(self) -> None:
        """Let all happen that is due, but nothing that only time brings."""
        for _ in range(4):
            self.application.processEvents()
            self.application.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
        self.run(_STOP_TIMERS)

    def grab(self) -> QImage:
        """The window, as it is."""
        self.settle()
        return self.window.grabWindow()

    def items(self) -> Iterator[QQuickItem]:
        """All items of the scene; ``findChild`` does not see those of a ``Repeater``."""
        waiting = [self.window.contentItem()]
        while waiting:
            item = waiting.pop()
            yield item
            waiting += reversed(item.childItems())

    def run(self, script: str) -> Any:
        """The value of an expression of JavaScript, within the window."""
        expression = QQmlExpression(self._context, self.window, script)
        value = expression.evaluate()
        assert not expression.hasError(), expression.error().toString()
        return value

    @property
    def window(self) -> QQuickWindow:
        """The window."""
        window = self.screen._engine.rootObjects()[0]
        assert isinstance(window, QQuickWindow)
        return window

    def item(self, name: str) -> QQuickItem:
        """The item with this object name."""
        (found,) = (one for one in self.items() if one.objectName() == name)
        return found

    def close(self) -> None:
        """Take the window away, and all that belongs to it."""
        self.screen.close()
        shiboken6.delete(self.screen._engine)
        qInstallMessageHandler(None)

    def _hear(self, kind: QtMsgType, _context: object, message: str) -> None:
        if is_wrong(kind, message):
            self.messages.append(message)


def _values(state: Any) -> dict[str, Any]:
    return {name: getattr(state, name) for name in state.__struct_fields__}

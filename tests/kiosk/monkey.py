"""Touches everything at random while services answer at random.

    python -m tests.kiosk.monkey EVENTS SEED

Prints what happened, as JSON, and fails at a crash, a hang, a bug, a message of Qt, or a pixel of a
picture on the locked page.
"""

from __future__ import annotations

import faulthandler
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import structlog
from PySide6.QtCore import QPoint, QPointF, Qt, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication
from PySide6.QtQuick import QQuickItem
from PySide6.QtTest import QTest

from appliance.kiosk.pictures.store import PictureStore
from appliance.kiosk.window import Screen
from tests.kiosk.approved import Pixels, pixels_of
from tests.kiosk.madeup import MARK, MadeUp
from tests.kiosk.messages import is_wrong

_HANG = 120
"""Seconds without an event: only a window that waits for something takes as long."""

_CONTROLS = ("QQuickAbstractButton", "QQuickMouseArea", "QQuickSlider", "QQuickTextField")
_AWAY = ("back", "lock")
_DECIDING = ("next", "digit-enter", "keep", "ask", "decide", "approve")
_ONWARDS = ("read", "take-all", "person-", "file-", "tick-", "region-", "photo-")
_KEYS = (
    *(Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Space),
    *(Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Backspace),
    *(Qt.Key.Key_Delete, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageDown, Qt.Key.Key_F5),
)
_SHORTCUTS = (Qt.Key.Key_A, Qt.Key.Key_C, Qt.Key.Key_X, Qt.Key.Key_V, Qt.Key.Key_Z)
_WITHOUT_PICTURES = ("Welcome", "Login", "Consent", "Ending", "Certificate")
_NEAR = 12  # of 255: how far a pixel may be from the mark


class Monkey:
    """One window, and all that is done to it."""

    def __init__(self, application: QGuiApplication, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - for a test
        self.services = MadeUp(folder, seed + 1)
        self.wrong: list[str] = []
        self.counts: Counter[str] = Counter()
        self._application = application
        qInstallMessageHandler(self._hear)
        self._screen = Screen(
            application, self.services.broker, self.services.disc, self.services.training
        )
        self._finger = QTest.createTouchDevice()
        self._controls: list[tuple[str, QPoint]] = []
        self._was_locked = False
        self.begun = time.monotonic()

    def run(self, events: int) -> None:
        """Do so many things."""
        self.services.plug(1)
        acts: tuple[tuple[Callable[[], None], float], ...] = (
            (self._touch_a_control, 46),
            (self._click_a_control, 14),
            (self._click, 8),
            (self._drag, 8),
            (self._key, 12),
            (self._shortcut, 2),
            (self._text, 3),
            (self._wheel, 3),
            (self._language, 1),
            (self._lock, 0.6),
            (self._state, 0.4),
            (self._token, 0.8),
            (self._cut, 0.3),
            (self._kill, 0.5),
            (self._time, 0.5),
        )
        chosen = self.random.choices(*zip(*acts, strict=True), k=events)
        for number, act in enumerate(chosen):
            self.begun = time.monotonic()
            if number % 4 == 0:
                self._look_around()
            self.counts[act.__name__.strip("_")] += 1
            act()
            self._application.processEvents()
            self._check(number)
            if self.wrong or self.services.bugs:
                return

    def close(self) -> None:
        """End all of it."""
        self.services.close()
        self._screen.close()
        self._application.processEvents()
        qInstallMessageHandler(None)

    # What is looked at.

    def _look_around(self) -> None:
        """Find what can be touched now."""
        self._controls = []
        waiting: list[QQuickItem] = [self._window.contentItem()]
        while waiting:
            item = waiting.pop()
            if not item.isVisible() or not item.isEnabled():
                continue
            waiting += item.childItems()
            if any(item.inherits(one) for one in _CONTROLS):
                share = QPointF(
                    item.width() * self.random.random(), item.height() * self.random.random()
                )
                at = item.mapToScene(share).toPoint()
                if 0 <= at.x() < 1280 and 0 <= at.y() < 800:
                    self._controls.append((item.objectName(), at))

    def _check(self, number: int) -> None:
        state = self._screen.models["place"].state
        locked = state.locked
        self.counts[f"on {state.screen}" if not locked else "on the locked page"] += 1
        if locked and not self._was_locked:
            self._application.processEvents()
        if locked and (not self._was_locked or number % 40 == 0):
            self._check_locked()
        elif not locked and number % 25 == 0 and state.screen not in _WITHOUT_PICTURES:
            self.counts["pictures seen"] += bool(marked(pixels_of(self._window.grabWindow())))
        self._was_locked = locked

    def _check_locked(self) -> None:
        self.counts["locked pages looked at"] += 1
        found = marked(pixels_of(self._window.grabWindow()))
        if found:
            self.wrong.append(f"{found} pixels of a picture on the locked page")
        store = self._screen.shared.pictures
        assert isinstance(store, PictureStore)
        if store._pictures:
            self.wrong.append("pictures are kept while locked")
        if QGuiApplication.clipboard().text():
            self.wrong.append("the clipboard is not empty while locked")

    # What is done.

    @property
    def _window(self) -> Any:
        return self._screen.window

    def _any_control(self) -> QPoint:
        if not self._controls:
            return self._any_place()
        weights = [self._weight(name) for name, _ in self._controls]
        return self.random.choices([at for _, at in self._controls], weights)[0]

    @staticmethod
    def _weight(name: str) -> float:
        """How often something is touched: so that most visits get far."""
        if name in _AWAY:
            return 0.05
        if name in _DECIDING:
            return 8
        return 3 if name.startswith(_ONWARDS) else 1

    def _any_place(self) -> QPoint:
        return QPoint(self.random.randrange(1280), self.random.randrange(800))

    def _touch_a_control(self) -> None:
        at = self._any_control()
        touch = QTest.touchEvent(self._window, self._finger)
        touch.press(0, at, self._window).commit()
        touch.release(0, at, self._window).commit()

    def _click_a_control(self) -> None:
        QTest.mouseClick(self._window, Qt.MouseButton.LeftButton, pos=self._any_control())

    def _click(self) -> None:
        button = self.random.choice((Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton))
        QTest.mouseClick(self._window, button, pos=self._any_place())

    def _drag(self) -> None:
        start, end = self._any_control(), self._any_place()
        left = Qt.MouseButton.LeftButton
        QTest.mousePress(self._window, left, pos=start)
        for step in range(1, 4):
            QTest.mouseMove(self._window, start + (end - start) * (step / 3))
        QTest.mouseRelease(self._window, left, pos=end)

    def _key(self) -> None:
        QTest.keyClick(self._window, self.random.choice(_KEYS))

    def _shortcut(self) -> None:
        key = self.random.choice(_SHORTCUTS)
        QTest.keyClick(self._window, key, Qt.KeyboardModifier.ControlModifier)

    def _text(self) -> None:
        for one in self.random.choice(("1234", "C-2026-0142", "ABC", "+-", "x" * 80)):
            QTest.keyClick(self._window, one)  # type: ignore[call-overload]

    def _wheel(self) -> None:
        delta = QPoint(0, self.random.choice((-120, 120)))
        QTest.wheelEvent(self._window, QPointF(self._any_place()), delta)

    def _language(self) -> None:
        self._screen.bridge.act("place.speak", [self.random.choice(("en", "zh"))])

    def _lock(self) -> None:
        self._screen.bridge.act("session.lock", [])

    def _state(self) -> None:
        self.services.be(self.services.any_state())

    def _token(self) -> None:
        self.services.plug(self.random.choice((0, 1, 1, 1, 1, 1, 2)))

    def _cut(self) -> None:
        self.services.cut()

    def _kill(self) -> None:
        self.services.kill()
        if self.random.random() < 0.5:
            for _ in range(20):
                self._application.processEvents()
                time.sleep(0.001)
        self.services.start()
        if self.random.random() < 0.8:
            self._screen._pass_time()

    def _time(self) -> None:
        self._screen._pass_time()
        time.sleep(self.random.uniform(0, 0.05))

    def _hear(self, kind: QtMsgType, _context: object, message: str) -> None:
        if is_wrong(kind, message):
            self.wrong.append(message)


def marked(pixels: Pixels) -> int:
    """How many pixels have the colour of pictures."""
    away = np.abs(pixels.astype(np.int16) - np.array(MARK, np.int16)).max(axis=2)
    return int((away <= _NEAR).sum())


def main(events: int, seed: int) -> int:
    """Returns 0 if nothing was wrong."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["QT_QUICK_BACKEND"] = "software"
    os.environ["QML_DISABLE_DISK_CACHE"] = "1"
    faulthandler.enable()
    application = QGuiApplication(["kiosk-monkey"])
    with tempfile.TemporaryDirectory() as folder:
        monkey = Monkey(application, Path(folder), seed)

        def keep(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> NoReturn:
            monkey.wrong.append(f"bug: {event.get('exc_info')!r}")
            raise structlog.DropEvent

        def watch() -> None:
            while True:
                time.sleep(1)
                if time.monotonic() - monkey.begun > _HANG:
                    faulthandler.dump_traceback(all_threads=True)
                    os._exit(3)

        structlog.configure(processors=[keep])
        sys.excepthook = lambda _kind, error, _trace: monkey.wrong.append(f"uncaught: {error!r}")
        threading.excepthook = lambda given: monkey.wrong.append(f"thread: {given.exc_value!r}")
        threading.Thread(target=watch, daemon=True).start()
        began = time.process_time()
        monkey.run(events)
        used = time.process_time() - began
        figures = {
            "seed": seed,
            "processor seconds": round(used, 1),
            "calls": monkey.services.calls,
            "threads": threading.active_count(),
            **dict(sorted(monkey.counts.items())),
        }
        print(json.dumps(figures, indent=2))
        wrong = [*monkey.wrong, *(repr(one) for one in monkey.services.bugs)]
        monkey.close()
    print("\n".join(wrong), file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    code = main(int(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.flush()
    os._exit(code)  # threads of services may still wait for callers

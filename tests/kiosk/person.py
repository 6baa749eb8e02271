"""A person before the screen: finds what is on it by name, touches it, types, and waits.

The window must be of this process. Delegates of repeaters are found as well, which Qt's own search
by name does not do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QEventLoop, QPoint, QPointF
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtQuick import QQuickItem, QQuickWindow
from PySide6.QtTest import QTest

from tests.kiosk.frames import wait_for_a_frame

PATIENCE = 300.0
"""Seconds; only a defect takes as long, however busy the machine is."""


class Finger(Protocol):
    """Places are pixels of the window."""

    def tap(self, place: QPoint) -> None:
        """Touch it for a moment."""
        ...

    def drag(self, start: QPoint, end: QPoint) -> None:
        """From one place to another, without leaving the window."""
        ...


class TestFinger:
    """Gives touches to the window as Qt's tests do."""

    def __init__(self, window: QQuickWindow) -> None:
        self._window = window
        self._device = QTest.createTouchDevice()

    def tap(self, place: QPoint) -> None:
        touching = QTest.touchEvent(self._window, self._device)
        touching.press(0, place, self._window)
        touching.commit()
        touching.release(0, place, self._window)
        touching.commit()

    def drag(self, start: QPoint, end: QPoint) -> None:
        finger = QTest.touchEvent(self._window, self._device)
        finger.press(0, start, self._window).commit()
        for step in range(1, 11):
            between = start + (end - start) * (step / 10)
            finger.move(0, between, self._window).commit()
            wait_for_a_frame(self._window)
        finger.release(0, end, self._window).commit()


class Person:
    """Works by touch, as somebody with gloves does."""

    def __init__(self, window: QQuickWindow, finger: Finger | None = None) -> None:
        self._window = window
        self._finger = finger or TestFinger(window)

    def touch(self, name: str) -> None:
        """Touch what is called ``name``, once it can be touched."""
        self.until(lambda: self._can_be_touched(name), f"{name} cannot be touched")
        self._brought_into_view(name)
        self._finger.tap(self._resting(name))
        self.wait()

    def slide(self, name: str, share: float) -> None:
        """Put the handle of a slider where ``share`` of its way is, 0 to 1."""
        self.until(lambda: self._can_be_touched(name), f"{name} cannot be moved")
        item = self._brought_into_view(name)
        self._resting(name)
        start = item.mapToScene(QPointF(item.width() / 2, item.height() / 2)).toPoint()
        end = item.mapToScene(QPointF(item.width() * share, item.height() / 2)).toPoint()
        self._finger.drag(start, end)
        self.wait()

    def type(self, text: str) -> None:
        """Type on a keyboard."""
        for character in text:
            QTest.keyClick(self._window, character)  # type: ignore[call-overload]
            self.wait()

    def sees(self, name: str) -> bool:
        """Whether something called ``name`` is on the screen."""
        return any(True for _ in self._all(name))

    def until(self, true: Callable[[], bool], otherwise: str) -> None:
        """Wait for something; a defect is named by ``otherwise``."""
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, otherwise
            self.wait()

    def wait(self, seconds: float = 0.0) -> None:
        """Let the window go on."""
        end = time.monotonic() + seconds
        while True:
            QGuiApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)
            time.sleep(0.002)
            if time.monotonic() >= end:
                return

    def picture(self) -> QImage:
        """What is on the screen."""
        self.wait(0.1)
        return self._window.grabWindow()

    def keep(self, path: Path) -> None:
        """Write what is on the screen into a file."""
        assert self.picture().save(str(path))

    def _can_be_touched(self, name: str) -> bool:
        return any(item.isEnabled() and item.width() > 0 for item in self._all(name))

    def _resting(self, name: str) -> QPoint:
        """Its middle, once it does not move any more: a screen that comes is laid out first."""
        before = self._middle(self._found(name))
        while True:
            self.wait(0.03)
            if (now := self._middle(self._found(name))) == before:
                return now
            before = now

    def _brought_into_view(self, name: str) -> QQuickItem:
        """What is called ``name``, after the list that it is in was scrolled to it."""
        item = self._found(name)
        above: QQuickItem | None = item.parentItem()
        while above is not None and above.property("contentY") is None:
            above = above.parentItem()
        if above is not None:
            top = item.mapToItem(above.property("contentItem"), QPointF(0, 0)).y()
            most = max(0.0, above.property("contentHeight") - above.height())
            above.setProperty("contentY", min(most, max(0.0, top - above.height() / 3)))
            self.wait(0.05)
        return item

    def _found(self, name: str) -> QQuickItem:
        return next(item for item in self._all(name) if item.isEnabled())

    def _middle(self, item: QQuickItem) -> QPoint:
        return item.mapToScene(QPointF(item.width() / 2, item.height() / 2)).toPoint()

    def _all(self, name: str) -> Iterator[QQuickItem]:
        waiting = [self._window.contentItem()]
        while waiting:
            item = waiting.pop()
            if item.isVisible():
                if item.objectName() == name:
                    yield item
                waiting += item.childItems()

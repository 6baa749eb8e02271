"""Calls of Qt neither lose nor gain references of None and True.

PySide6 6.12.0 loses one of each at every emitted signal, until Python 3.11 aborts.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication

from tests.kiosk.stage import Stage

_CALLS = 2000
_STRAY = 50  # references that others may take or give back meanwhile


class Sender(QObject):
    """Has a signal."""

    sent = Signal(object)

    @Slot(object)
    def take(self, value: object) -> None: ...


def lost(act: Callable[[], object]) -> tuple[int, int]:
    """How many references of None and of True are gone after many calls."""
    act()
    before = sys.getrefcount(None), sys.getrefcount(True)
    for _ in range(_CALLS):
        act()
    return before[0] - sys.getrefcount(None), before[1] - sys.getrefcount(True)


def calls(application: QGuiApplication, stage: Stage) -> dict[str, Callable[[], object]]:
    sender, timer = Sender(), QTimer()
    sender.sent.connect(lambda _: None)
    sender.sent.connect(sender.take)
    bridge = stage.screen.bridge
    place = stage.models["place"]
    return {
        "processEvents": application.processEvents,
        "sendPostedEvents": QCoreApplication.sendPostedEvents,
        "emit None": lambda: sender.sent.emit(None),
        "emit True": lambda: sender.sent.emit(True),
        "post": lambda: stage.screen._post(lambda: None),
        "timer": lambda: timer.setInterval(1),
        "act": lambda: bridge.act("place.dismiss", []),
        "value": lambda: place.show(locked=place.state.locked),
        "property": lambda: stage.screen.window.setProperty("objectName", None),
    }


def test_none_and_true_keep_their_references(application: QGuiApplication, stage: Stage) -> None:
    for name, act in calls(application, stage).items():
        of_none, of_true = lost(act)
        assert abs(of_none) < _STRAY, name
        assert abs(of_true) < _STRAY, name
    stage.settle()

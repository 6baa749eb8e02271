"""A hand at the screen of a project: taps, sliders and keys, offscreen; leaves a picture of each.

Arguments: the sockets of broker, disc and training, the language, and a folder for the pictures.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ |= {"QT_QPA_PLATFORM": "offscreen", "QT_QUICK_BACKEND": "software"}
os.environ["QML_DISABLE_DISK_CACHE"] = "1"

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtQuick import QQuickItem
from PySide6.QtTest import QTest

from appliance.kiosk import window
from appliance.kiosk.visit.state import Screen

PATIENCE = 300.0  # seconds; only a defect takes as long


class Hand:
    def __init__(self, broker: str, disc: str, training: str, language: str, out: str) -> None:
        self.application = QGuiApplication(["drive"])
        self.screen = window.Screen(
            self.application,
            Path(broker),
            Path(disc),
            Path(training),
            "zh" if language == "zh" else "en",
        )
        self.out = Path(out)
        self.slowest = 0.0  # seconds between two turns of the event loop

    def until(self, holds: Callable[[], bool]) -> None:
        latest = time.monotonic() + PATIENCE
        while not holds():
            began = time.monotonic()
            self.application.processEvents()
            self.slowest = max(self.slowest, time.monotonic() - began)
            if began > latest:
                self.keep("too-late")
                raise TimeoutError
            time.sleep(0.01)

    def items(self, below: QQuickItem | None = None) -> Iterator[QQuickItem]:
        item = below or self.screen.window.contentItem()
        yield item
        for child in item.childItems():
            yield from self.items(child)

    def find(self, name: str) -> QQuickItem | None:
        for item in self.items():
            if item.objectName() == name and item.isVisible() and item.isEnabled():
                return item
        return None

    def place_of(self, name: str, share: float = 0.5) -> QPoint:
        self.until(lambda: self.find(name) is not None)
        item = self.find(name)
        assert item is not None
        at = item.mapToScene(QPointF(item.width() * share, item.height() / 2))
        return at.toPoint()

    def tap(self, name: str, share: float = 0.5) -> None:
        self.place_of(name)
        for _ in range(5):  # what a row holds finds its place with the next frame
            self.application.processEvents()
            time.sleep(0.02)
        place = self.place_of(name, share)
        QTest.mouseClick(
            self.screen.window, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place
        )

    def press(self, key: Qt.Key) -> None:
        QTest.keyClick(self.screen.window, key)

    def type(self, text: str) -> None:
        for character in text:
            QTest.keyClick(self.screen.window, Qt.Key(ord(character.upper())))

    def value(self, name: str) -> object:
        model, _, key = name.partition(".")
        return getattr(self.screen.models[model].state, key)

    def at(self, screen: Screen) -> bool:
        return self.value("place.screen") is screen

    def keep(self, name: str) -> None:
        for _ in range(5):
            self.application.processEvents()
        self.screen.window.grabWindow().save(str(self.out / f"{name}.png"))


def log_in(hand: Hand) -> None:
    hand.tap("token-anna")
    hand.until(lambda: hand.at(Screen.LOGIN))
    hand.until(lambda: bool(hand.value("login.people")))
    hand.screen.models["login"].choose("anna")  # type: ignore[attr-defined]
    hand.until(lambda: hand.value("login.phase") == "pin")
    for character in str(hand.value("training.pin")):
        hand.screen.models["login"].type(character)  # type: ignore[attr-defined]
    hand.screen.models["login"].enter()  # type: ignore[attr-defined]
    hand.until(lambda: bool(hand.value("training.blinking")))
    hand.tap("token-touch")
    hand.until(lambda: hand.at(Screen.SOURCES))


def take_in(hand: Hand, model: str, name: str, consent: str) -> None:
    hand.until(lambda: bool(hand.value(f"{model}.typing")))
    hand.until(lambda: hand.find("reference") is not None)
    hand.type(consent)  # the field has the focus
    hand.keep(f"{model}-consent")
    hand.tap("next")
    hand.tap("read")
    hand.until(lambda: bool(hand.value(f"{model}.files")))
    files: list[object] = hand.value(f"{model}.files")  # type: ignore[assignment]
    (number,) = (one.number for one in files if one.name.endswith(name))  # type: ignore[attr-defined]
    hand.tap(f"file-{number}")
    hand.until(lambda: bool(hand.value(f"{model}.chosen")))
    hand.keep(model)
    hand.until(lambda: hand.find("next") is not None)
    hand.tap("next")


def choose(hand: Hand) -> None:
    hand.until(lambda: bool(hand.value("persons.found")))
    hand.tap("choice-all")
    hand.until(lambda: hand.value("persons.choice") == "all")
    hand.tap("scrubber-slider", 0.6)
    hand.until(lambda: hand.value("persons.at") != 0.0)
    hand.until(lambda: not hand.value("persons.looking"))
    hand.keep("persons")
    hand.tap("next")
    hand.until(lambda: bool(hand.value("swap.fresh")))
    hand.tap("slider-face", 0.5)
    hand.until(lambda: hand.value("swap.strengths") != {"face": 100})
    hand.tap("reset")
    hand.until(lambda: hand.value("swap.strengths") == {"face": 100})
    hand.until(lambda: bool(hand.value("swap.fresh")))
    hand.keep("swap")
    hand.tap("panel-engine")
    hand.keep("swap-engine")
    hand.tap("next")


def make(hand: Hand) -> None:
    hand.until(lambda: hand.at(Screen.RESULTS))
    hand.keep("results-none")
    hand.slowest = 0.0
    hand.tap("make")
    hand.until(lambda: hand.value("results.done") != 0)
    hand.keep("results-making")
    hand.tap("cancel")
    hand.until(lambda: bool(hand.value("results.stopping")))
    hand.until(lambda: not hand.value("results.making"))
    hand.tap("make")
    hand.until(lambda: hand.value("results.chosen") != -1)
    hand.tap("scrubber-slider", 0.8)
    hand.until(lambda: hand.value("results.at") != 0.0)
    for _ in range(100):
        hand.application.processEvents()
        time.sleep(0.02)
    hand.keep("results")
    print(f"slowest turn of the window while a film was made: {1000 * hand.slowest:.0f} ms")


def ask(hand: Hand) -> None:
    hand.press(Qt.Key.Key_Escape)  # back, by the keyboard alone
    hand.until(lambda: hand.at(Screen.SWAP))
    hand.tap("next")
    hand.until(lambda: hand.value("results.chosen") != -1)
    hand.tap("next")
    hand.until(lambda: hand.at(Screen.REQUEST))
    hand.keep("request")
    hand.tap("back")
    hand.until(lambda: hand.at(Screen.RESULTS))
    hand.tap("lock")
    hand.until(lambda: bool(hand.value("place.locked")))
    hand.keep("locked")
    assert not hand.value("results.made")
    assert not hand.value("target.tiles")


def main() -> None:
    hand = Hand(*sys.argv[1:])
    log_in(hand)
    take_in(hand, "sources", "source.jpg", "actor-1")
    hand.until(lambda: hand.at(Screen.TARGET))
    take_in(hand, "target", "take.mp4", "double-2")
    choose(hand)
    make(hand)
    ask(hand)


if __name__ == "__main__":
    main()

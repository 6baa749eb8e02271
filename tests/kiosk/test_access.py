"""Every control has a role and a name, is large enough for a glove, and is reached by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QAccessible, QImage
from PySide6.QtQuick import QQuickItem
from PySide6.QtTest import QTest

from appliance.kiosk.words.catalogue import LANGUAGES
from tests.kiosk.scenes import SCENES, Scene, play
from tests.kiosk.stage import Stage

TARGET = 56
"""Pixels of 1280 x 800: the least width and height of what a finger is to hit."""

# What can be asked for by keyboard without being focused: digits and letters are typed, a step is
# made with the arrows on its slider, and tokens of software are a trainer's.
TYPED = ("PinPad", "Keyboard", "ValueSlider", "TrainingPanel")

_CONTROLS = ("QQuickAbstractButton", "QQuickMouseArea", "QQuickSlider", "QQuickTextField")
_ROLES = {
    QAccessible.Role.Button,
    QAccessible.Role.CheckBox,
    QAccessible.Role.RadioButton,
    QAccessible.Role.Slider,
    QAccessible.Role.EditableText,
}
_EACH = [pytest.param(scene, id=scene.name) for scene in SCENES]
_STOPS = 80  # more than any screen has


def controls(stage: Stage) -> Iterator[QQuickItem]:
    """All that a finger can do something with."""
    for item in stage.items():
        if item.isVisible() and item.isEnabled() and any(item.inherits(one) for one in _CONTROLS):
            yield item


def tree(stage: Stage) -> list[tuple[QRect, QAccessible.Role, str]]:
    """What a screen reader sees: where, what it is, what it is called.

    No interface is kept: PySide would take an item that comes to lie at its address for it.
    """
    QAccessible.setActive(True)
    waiting: list[Any] = [QAccessible.queryAccessibleInterface(stage.window)]
    found = []
    while waiting:
        one = waiting.pop()
        if one is not None and one.isValid():
            if not one.state().invisible:
                found.append((one.rect(), one.role(), one.text(QAccessible.Text.Name)))
            waiting += [one.child(at) for at in range(one.childCount())]
    return found


def area(item: QQuickItem) -> QRectF:
    """Where the item is in the window."""
    return item.mapRectToScene(QRectF(0, 0, item.width(), item.height()))


def kinds(item: QQuickItem) -> Iterator[str]:
    """The names of the QML types that the item is in, from its own outwards."""
    at: QQuickItem | None = item
    while at is not None:
        yield at.metaObject().className().partition("_")[0]
        at = at.parentItem()


def is_typed(item: QQuickItem) -> bool:
    """Whether the keyboard has another way to it."""
    inside = [kind for kind in kinds(item) if kind in TYPED]
    return bool(inside) and not item.inherits("QQuickSlider")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scene", _EACH)
def test_every_control_has_a_role_and_a_name(stage: Stage, scene: Scene, language: str) -> None:
    play(stage, scene, language)
    named = tree(stage)
    for item in controls(stage):
        if not item.property("hoverOnly") and not _only_moves_a_picture(item):
            rect = area(item).toRect()
            there = [
                name for at, role, name in named if at.contains(rect.center()) and role in _ROLES
            ]
            assert there, item.objectName() or item
            assert all(any(map(str.isalnum, name)) for name in there), item.objectName()


@pytest.mark.parametrize("scene", _EACH)
def test_every_target_is_large_enough_for_a_glove(stage: Stage, scene: Scene) -> None:
    play(stage, scene, "en")
    for item in controls(stage):
        rect = area(item)
        assert rect.width() >= TARGET, (item.objectName(), rect)
        assert rect.height() >= TARGET, (item.objectName(), rect)


@pytest.mark.parametrize("scene", _EACH)
def test_the_keyboard_reaches_every_control_and_shows_where_it_is(
    stage: Stage, scene: Scene
) -> None:
    play(stage, scene, "en")
    stage.window.requestActivate()
    stage.settle()
    stops: list[str] = []
    before: QImage | None = None
    for _ in range(_STOPS):
        QTest.keyClick(stage.window, Qt.Key.Key_Tab)
        now = stage.grab()
        name = place_of(stage.window.activeFocusItem())
        if name in stops:
            break
        if before is not None:
            assert now != before, f"nothing shows that the focus is on {name}"
        before = now
        stops.append(name)
    for item in controls(stage):
        if not is_typed(item) and not _only_moves_a_picture(item):
            holders = (place_of(one) for one in _with_parents(item))
            assert any(name in stops for name in holders), item.objectName() or item


@pytest.mark.parametrize("scene", _EACH)
def test_escape_is_the_way_back(stage: Stage, scene: Scene) -> None:
    play(stage, scene, "en")
    ways = [item for item in stage.items() if item.objectName() == "back" and item.isVisible()]
    before = {name: model.state for name, model in stage.models.items()}
    QTest.keyClick(stage.window, Qt.Key.Key_Escape)
    stage.settle()
    changed = [name for name, model in stage.models.items() if model.state != before[name]]
    locked = stage.models["place"].state.locked
    if (scene.place.value == "Consent" or scene.name == "sources") and not locked:
        assert changed == []  # it would end or leave the session, of which there is none
    else:
        assert bool(changed) == bool(ways), changed


def place_of(item: QQuickItem) -> str:
    """Something that tells items apart; what has a name may have been scrolled meanwhile."""
    where = item.objectName() or area(item).getRect()
    return f"{item.metaObject().className()} {where}"


def _with_parents(item: QQuickItem) -> Iterator[QQuickItem]:
    at: QQuickItem | None = item
    while at is not None:
        yield at
        at = at.parentItem()


def _only_moves_a_picture(item: QQuickItem) -> bool:
    """Zoom and pan have buttons, too."""
    return item.inherits("QQuickMouseArea") and item.objectName() in ("", "stage")

"""While a session is locked nothing of it is on the screen, whatever was there before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from appliance.kiosk.models.bar import BarState
from appliance.kiosk.models.model import _plain
from appliance.kiosk.models.session import Session
from appliance.kiosk.visit.state import VIEWS, Screen
from appliance.kiosk.visit.visit import Visit
from tests.kiosk.approved import approved, is_like, pixels_of
from tests.kiosk.scenes import SCENES, Scene, play
from tests.kiosk.stage import Stage

_BEFORE = {Screen.WELCOME, Screen.LOGIN, Screen.ENDING, Screen.CERTIFICATE, *VIEWS}
_IN_SESSION = [
    pytest.param(scene, id=scene.name)
    for scene in SCENES
    if scene.place not in _BEFORE and scene.name != "locked"
]
_KEPT = {"place", "bar", "session", "login", "training"}
"""Models of which something stays: the machine, who may come back, and where they were."""


@pytest.fixture
def stage_with_a_session(stage: Stage) -> Iterator[Stage]:
    yield stage
    QGuiApplication.clipboard().clear()
    stage.reset()


def lock(stage: Stage, scene: Scene, language: str = "en") -> None:
    """Show a scene of a session, and lock that."""
    play(stage, scene, language)
    visit = Visit(session="0011223344556677", handle="ab" * 32, user="anna")
    stage.screen.shared.visit = visit
    QGuiApplication.clipboard().setText("C-2026-0142")
    session = stage.model("session")
    assert isinstance(session, Session)
    session.lock()
    while not stage.model("place").state.refusal:  # there is no broker that could lock it
        stage.settle()


def facts_of(stage: Stage) -> None:
    """The bar as in every locked scene: it is about the machine and the session alone."""
    stage.model("training").show(available=False)
    stage.model("place").show(refusal="", wait=0)
    stage.model("bar").show(**{name: getattr(_BAR, name) for name in _BAR.__struct_fields__})


_BAR = BarState(
    who="3fa9c21b",
    role="clinician",
    engine="simulation",
    network="none",
    free_percent=97,
    minutes=471,
)


def test_every_pixel_is_the_same_whatever_was_shown_before(stage_with_a_session: Stage) -> None:
    stage = stage_with_a_session
    for language in ("en", "zh"):
        looks = set()
        for param in _IN_SESSION:
            (scene,) = param.values
            assert isinstance(scene, Scene)
            lock(stage, scene, language)
            facts_of(stage)
            pixels = pixels_of(stage.grab())
            looks.add(hashlib.sha256(pixels.tobytes()).hexdigest())
            assert is_like(pixels, approved("locked", language)), scene.name
        assert len(looks) == 1


@pytest.mark.parametrize("scene", _IN_SESSION)
def test_no_picture_no_value_and_no_text_is_left(stage_with_a_session: Stage, scene: Scene) -> None:
    stage = stage_with_a_session
    lock(stage, scene)
    assert stage.pictures._pictures == {}
    for item in stage.items():
        kind = item.metaObject().className()
        assert not kind.startswith(("PictureItem", "LoupeItem")), item.objectName()
        if item.inherits("QQuickTextInput"):
            assert item.property("text") == ""
    assert QGuiApplication.clipboard().text() == ""
    for name, model in stage.models.items():
        if name not in _KEPT:
            left = {key: value for key, value in model.values().items() if holds(value)}
            first = {key: value for key, value in _values_of(stage, name).items() if holds(value)}
            allowed = {key: first.get(key) for key in left}
            assert {key for key in left if left[key] != allowed[key]} <= _OF_THE_SITE, name
    place = stage.model("place").state
    assert place.locked
    assert place.screen is scene.place


_OF_THE_SITE = frozenset(
    {"knobs", "regions", "region", "drag_mm", "with_regions", "numbers", "burned", "people"}
    | {"minutes", "mode", "by_shares", "mirrored", "media"}
)
"""Values that are of the site or of how somebody looks at pictures, and of no patient."""


def holds(value: object) -> bool:
    """Whether a value says something."""
    return value not in ("", 0, 0.0, -1, -1.0, False, [], {}, None)


def _values_of(stage: Stage, name: str) -> dict[str, object]:
    values: dict[str, object] = _plain(stage._first[name])
    return values


def test_keys_and_clicks_on_the_locked_page_reach_nothing_behind_it(
    stage_with_a_session: Stage,
) -> None:
    stage = stage_with_a_session
    for param in _IN_SESSION:
        (scene,) = param.values
        assert isinstance(scene, Scene)
        lock(stage, scene)
        before = states(stage)
        for key in (Qt.Key.Key_Escape, Qt.Key.Key_Tab, Qt.Key.Key_Return, Qt.Key.Key_F1):
            QTest.keyClick(stage.window, key)
        for x in range(40, 1280, 240):
            for y in (300, 500, 700):
                QTest.mouseClick(stage.window, Qt.MouseButton.LeftButton, pos=QPoint(x, y))
        stage.settle()
        assert states(stage) == before, scene.name


def states(stage: Stage) -> dict[str, object]:
    """What all models hold, but for what the locked page itself is about, and what was refused."""
    stage.model("place").show(refusal="", wait=0)
    return {name: model.state for name, model in stage.models.items() if name != "login"}

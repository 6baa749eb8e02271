"""Fingers and keys on the clinician's screens: what they reach, and what they do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from PySide6.QtCore import QBuffer, QIODevice, QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from appliance.kiosk.calls.services import Services
from appliance.kiosk.visit.state import Screen
from appliance.kiosk.visit.visit import Photo
from appliance.protocols import worker_api
from tests.kiosk.frames import wait_for_a_frame
from tests.kiosk.models import standins
from tests.kiosk.stage import Stage

WIDTH, HEIGHT = 600, 800


@pytest.fixture(scope="module")
def finger() -> Any:
    return QTest.createTouchDevice()


@pytest.fixture
def answers(stage: Stage) -> Iterator[standins.Answers]:
    """A photo with one face, and a worker that answers at once."""
    stage.reset()
    answers = standins.Answers(picture=jpeg())
    shared = stage.screen.shared
    before, shared.services = shared.services, cast(Services, standins.StandInServices(answers))
    shared.connect("handle")
    shared.visit.photos = [Photo(1, WIDTH, HEIGHT)]
    shared.visit.wish.photo = 1
    answers.by_method |= {
        "View": worker_api.Viewed(WIDTH, HEIGHT),
        "Inspect": worker_api.Faces([worker_api.Face(200.0, 200.0, 200.0, 300.0, 0.9)]),
        "ProposePoints": worker_api.ProposedPoints(
            {"nasion": worker_api.Place(300, 300), "pronasale": worker_api.Place(300, 400)},
            0.0,
            True,
        ),
        "Handles": standins.handles(standins.handle("hump", ("nasion", "pronasale"), least=-1.0)),
        "Reach": worker_api.Reach({}, 0.0, 4.0, []),
        "PreviewSimulation": worker_api.Previewed({}, 1.0),
    }
    yield answers
    shared.disconnect()
    shared.services = before
    stage.reset()


def jpeg() -> bytes:
    """A grey picture."""
    picture = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)
    picture.fill(0xFF808080)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    kind: Any = "JPEG"  # the stubs of PySide6 want bytes, which it refuses
    picture.save(buffer, kind)
    return bytes(buffer.data().data())


def middle(stage: Stage, name: str) -> QPoint:
    """Where the middle of an item is."""
    item = stage.item(name)
    return item.mapToScene(QPointF(item.width() / 2, item.height() / 2)).toPoint()


def pull(stage: Stage, finger: Any, start: QPoint, end: QPoint) -> None:
    """One finger, from here to there, in steps."""
    touching = QTest.touchEvent(stage.window, finger)
    touching.press(0, start, stage.window).commit()
    for step in range(1, 9):
        touching.move(0, start + (end - start) * (step / 8), stage.window).commit()
        wait_for_a_frame(stage.window)
        stage.settle()
    touching.release(0, end, stage.window).commit()
    stage.settle()


@pytest.mark.usefixtures("answers")
def test_a_slider_that_is_pulled_beyond_the_site_s_bounds_stays_within(
    stage: Stage, finger: Any
) -> None:
    stage.show(Screen.CHANGES)
    start = middle(stage, "slider-hump") + QPoint(-20, 0)
    pull(stage, finger, start, start + QPoint(-600, 0))
    assert stage.model("changes").state.wished == {"hump": -1.0}
    assert stage.item("slider-hump").property("value") == -1.0


@pytest.mark.usefixtures("answers")
def test_two_fingers_enlarge_before_and_after_alike(stage: Stage, finger: Any) -> None:
    stage.screen.shared.visit.wish.handles["hump"] = -1.0
    stage.show(Screen.COMPARE)
    at = middle(stage, "stage") + QPoint(200, 0)
    touching = QTest.touchEvent(stage.window, finger)
    touching.press(0, at - QPoint(30, 0), stage.window)
    touching.press(1, at + QPoint(30, 0), stage.window).commit()
    for far in range(40, 120, 10):
        touching.move(0, at - QPoint(far, 0), stage.window)
        touching.move(1, at + QPoint(far, 0), stage.window).commit()
        wait_for_a_frame(stage.window)
        stage.settle()
    touching.release(0, at - QPoint(110, 0), stage.window)
    touching.release(1, at + QPoint(110, 0), stage.window).commit()
    stage.settle()
    zoom = stage.model("compare").state.zoom
    assert zoom > 1.5
    pictures = [one for one in stage.items() if one.property("zoom") is not None]
    assert [one.property("zoom") for one in pictures] == [zoom, zoom]
    pull(stage, finger, at, at - QPoint(100, 0))
    assert stage.model("compare").state.pan_x > 0.05


@pytest.mark.usefixtures("answers")
def test_keys_enlarge_and_move_as_well(stage: Stage) -> None:
    stage.screen.shared.visit.wish.handles["hump"] = -1.0
    stage.show(Screen.COMPARE)
    stage.item("stage").forceActiveFocus()
    for _ in range(4):
        QTest.keyClick(stage.window, Qt.Key.Key_Plus)
    QTest.keyClick(stage.window, Qt.Key.Key_Right)
    state = stage.model("compare").state
    assert state.zoom == pytest.approx(1.2**4)
    assert state.pan_x > 0
    QTest.keyClick(stage.window, Qt.Key.Key_0)
    assert stage.model("compare").state.zoom == 1


@pytest.mark.usefixtures("answers")
def test_a_point_is_pulled_under_the_loupe_and_moved_by_keys(stage: Stage, finger: Any) -> None:
    stage.show(Screen.FACE)
    model = stage.model("face")
    standins.acts(model, "propose")
    stage.settle()
    assert not stage.item("loupe").isVisible()
    hand = stage.item("hand")
    photo = hand.parentItem()
    x, width = photo.property("shownX"), photo.property("shownWidth")
    y, height = photo.property("shownY"), photo.property("shownHeight")
    start = hand.mapToScene(QPointF(x + width * 0.5, y + height * 0.5)).toPoint()
    pull(stage, finger, start, start + QPoint(40, 0))
    right = stage.screen.shared.visit.wish.points["pronasale"][0] - 300
    assert right == pytest.approx(40 * WIDTH / width, rel=0.1)
    loupe = stage.item("loupe")
    assert loupe.isVisible()
    assert loupe.mapToScene(QPointF(0, loupe.height())).y() < start.y()
    before = stage.screen.shared.visit.wish.points["nasion"]
    stage.item("landmark-nasion").forceActiveFocus()
    QTest.keyClick(stage.window, Qt.Key.Key_Down)
    assert stage.screen.shared.visit.wish.points["nasion"] == pytest.approx(
        (before[0], before[1] + 1)
    )


@pytest.mark.usefixtures("answers")
def test_a_place_is_dragged_and_a_region_drawn_by_keys_alone(stage: Stage) -> None:
    stage.show(Screen.CHANGES)
    hand = stage.model("hand")
    standins.acts(hand, "choose", "drag")
    stage.settle()
    stage.item("hand").forceActiveFocus()
    for key in (Qt.Key.Key_Space, Qt.Key.Key_Right, Qt.Key.Key_Space):
        QTest.keyClick(stage.window, key)
    (drag,) = stage.screen.shared.visit.wish.drags
    assert drag.right > 0
    assert drag.down == pytest.approx(0, abs=0.01)
    standins.acts(hand, "choose", "region")
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left):
        QTest.keyClick(stage.window, key)
        QTest.keyClick(stage.window, Qt.Key.Key_Space)
    assert len(hand.state.corners) == 3

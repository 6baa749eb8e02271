"""A session at the screen: locked from anywhere, reopened where it was, and ended for good."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from appliance.kiosk.models.session import Session
from appliance.kiosk.visit.state import Screen, Step
from tests.kiosk.madeup import MadeUp
from tests.kiosk.stage import Stage

_LONG = 300.0  # seconds; only a hang takes as long

_IN_A_SESSION = [
    *(Screen.CONSENT, Screen.SERIES, Screen.FACE, Screen.CHANGES, Screen.COMPARE),
    *(Screen.VARIANTS, Screen.AGREEMENT, Screen.REQUEST, Screen.DECISION),
]


@pytest.fixture
def services(stage: Stage) -> Iterator[MadeUp]:
    """Services where the screen looks for them; they answer at once."""
    made = MadeUp(stage.nowhere, 1, steady=True)
    yield made
    made.close()
    until(stage, lambda: stage.model("session").state.lost)
    stage.screen.session._start_over()
    stage.reset()
    assert made.bugs == []


@pytest.fixture
def opened(stage: Stage, services: MadeUp) -> Stage:
    """The screen, with anna logged in by keyboard."""
    stage.reset()
    services.plug(1)
    stage.screen.session.watch()
    until(stage, lambda: bool(stage.model("login").state.people))
    stage.screen.bridge.act("login.choose", ["anna"])
    log_in(stage)
    until(stage, lambda: stage.model("place").state.screen is Screen.CONSENT)
    until(stage, lambda: bool(stage.model("bar").state.who))
    return stage


def until(stage: Stage, condition: Callable[[], bool]) -> None:
    """Let things happen until it is so."""
    end = time.monotonic() + _LONG
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        stage.application.processEvents()
        time.sleep(0.002)


def log_in(stage: Stage) -> None:
    """Type the PIN, and enter it."""
    stage.window.requestActivate()
    stage.settle()
    for digit in "1234":
        QTest.keyClick(stage.window, digit)  # type: ignore[call-overload]
    QTest.keyClick(stage.window, Qt.Key.Key_Return)


def is_locked(stage: Stage) -> bool:
    """Whether the page that is opaque is there."""
    return bool(stage.model("place").state.locked)


def is_connected(stage: Stage) -> bool:
    """Whether there is a worker to call."""
    return stage.screen.shared.connected


@pytest.mark.parametrize("place", _IN_A_SESSION)
def test_a_pulled_token_locks_every_screen_and_a_login_brings_it_back(
    opened: Stage, services: MadeUp, place: Screen
) -> None:
    opened.show(place)
    services.be("locked")
    until(opened, lambda: is_locked(opened))
    opened.settle()
    assert not is_connected(opened)
    assert not [item for item in opened.items() if item.objectName() == "reference"]
    log_in(opened)
    until(opened, lambda: not is_locked(opened))
    assert opened.model("place").state.screen is place
    opened.settle()
    assert is_connected(opened)
    assert opened.run("activeFocusItem !== null && activeFocusItem !== contentItem")


def test_what_was_typed_is_back_after_a_lock_and_the_keyboard_goes_on(
    opened: Stage, services: MadeUp
) -> None:
    opened.screen.bridge.act("consent.type", ["C-1"])
    opened.screen.bridge.act("consent.accept", [])
    opened.screen.bridge.act("place.back", [])
    services.be("locked")
    until(opened, lambda: is_locked(opened))
    assert opened.model("consent").state.reference == ""
    log_in(opened)
    until(opened, lambda: not is_locked(opened))
    opened.settle()
    assert opened.model("consent").state.reference == "C-1"
    QTest.keyClick(opened.window, "X")  # type: ignore[call-overload]
    assert opened.model("consent").state.reference == "C-1X"


def test_locking_waits_for_no_other_call(opened: Stage, services: MadeUp) -> None:
    services.held.add("Users")
    opened.screen.bridge.act("request.decide", [])
    until(opened, lambda: services.heard.count("Users") >= 2)
    services.heard.clear()
    opened.screen.bridge.act("session.lock", [])
    assert is_locked(opened)
    until(opened, lambda: "Lock" in services.heard)


def test_the_wipe_waits_for_no_other_call(opened: Stage, services: MadeUp) -> None:
    services.held.add("Users")
    opened.screen.bridge.act("request.decide", [])
    until(opened, lambda: services.heard.count("Users") >= 2)
    opened.screen.bridge.act("session.end", [])
    until(opened, lambda: opened.model("place").state.screen is Screen.CERTIFICATE)
    assert opened.model("bar").state.who == ""


def test_nothing_locks_while_a_session_ends(opened: Stage, services: MadeUp) -> None:
    services.held.add("Close")
    opened.screen.bridge.act("session.end", [])
    opened.screen.bridge.act("session.lock", [])
    services.be("locked")
    opened.settle()
    assert opened.model("place").state.screen is Screen.ENDING
    assert not is_locked(opened)
    assert opened.pictures._pictures == {}


def test_a_session_that_ended_while_the_answer_was_lost_leads_to_the_first_screen(
    opened: Stage, services: MadeUp
) -> None:
    services.refused["Close"] = "NoSuchSession"
    opened.screen.bridge.act("session.end", [])
    until(opened, lambda: opened.model("place").state.screen in (Screen.WELCOME, Screen.LOGIN))
    assert opened.screen.shared.visit.handle == ""


def test_a_wipe_that_failed_can_be_asked_for_again(opened: Stage, services: MadeUp) -> None:
    services.refused["Close"] = "WipeFailed"
    opened.screen.bridge.act("session.end", [])
    until(opened, lambda: opened.model("place").state.refusal == "wipe-failed")
    assert opened.model("place").state.screen is Screen.ENDING
    services.refused.clear()
    opened.screen.bridge.act("session.end", [])
    until(opened, lambda: opened.model("place").state.screen is Screen.CERTIFICATE)


def test_a_session_that_was_parked_while_locked_leaves_the_locked_page(
    opened: Stage, services: MadeUp
) -> None:
    services.be("locked")
    until(opened, lambda: is_locked(opened))
    services.be("parked")
    until(opened, lambda: not is_locked(opened))
    assert opened.model("place").state.screen in (Screen.WELCOME, Screen.LOGIN)
    assert opened.screen.shared.visit.handle == ""


def test_no_step_leads_out_of_the_locked_page(opened: Stage, services: MadeUp) -> None:
    services.be("locked")
    until(opened, lambda: is_locked(opened))
    for step in Step:
        if step is not Step.LEAVE:
            opened.screen.shared.place.go(step)
            assert is_locked(opened)
            opened.model("place").show(screen=Screen.CONSENT)


def test_nothing_of_an_earlier_visit_is_in_the_next_one(opened: Stage) -> None:
    request = opened.model("request")
    request.show(numbers=[104], burned="ab" * 32)
    session = opened.model("session")
    assert isinstance(session, Session)
    session._begin_visit()
    for name in ("request", "series", "face", "changes", "variants", "agreement", "results"):
        model = opened.model(name)
        assert model.state == opened._first[name], name

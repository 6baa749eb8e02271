"""Nobody may keep somebody else from logging in, nor by accident."""

from __future__ import annotations

import pytest

from appliance.protocols import broker_api
from appliance.session.login import BackOff, Denial
from tests.session.scene import PIN, Login, Scene
from tests.session.standins import StandInClock

DAY = 86_400.0


def _fail(scene: Scene, user: str) -> str:
    return scene.refusal("Open", broker_api.Open(user, PIN))


def test_by_many_wrong_pins_of_another_name(scene: Scene, login: Login) -> None:
    login.denial = "wrong-token"
    for number in range(40):
        _fail(scene, f"user{number}")
    assert _fail(scene, "user39") == "LoginRefused wrong-token"
    for _ in range(10):
        _fail(scene, "mallory")
    assert _fail(scene, "mallory") == "LoginRefused locked-out"  # the control: guesses do cost
    login.denial = None
    scene.open_as("anna")


@pytest.mark.parametrize("denial", ["no-touch", "error", "no-token"])
def test_by_what_is_no_guess_at_a_secret(scene: Scene, login: Login, denial: Denial) -> None:
    login.denial = denial
    for _ in range(30):
        assert _fail(scene, "anna") == f"LoginRefused {denial}"
    login.denial = None
    scene.open_as("anna")


def test_by_calling_without_a_token(scene: Scene) -> None:
    scene.tokens.clear()
    for _ in range(30):
        assert _fail(scene, "anna") == "LoginRefused no-token"
    scene.tokens.add("hidraw0")
    scene.open_as("anna")


def test_by_trying_to_reopen_what_is_not_theirs(scene: Scene) -> None:
    opened = scene.open_as("anna")
    scene.call_as(1000, "Lock", broker_api.SessionRef(opened.handle))
    for _ in range(30):
        wanted = broker_api.Reopen(opened.session, "bert", PIN)
        assert scene.refusal("Reopen", wanted) == "LoginRefused wrong-token"
    scene.tokens.add("hidraw1")
    scene.open_as("bert")


def test_by_typing_errors_of_years() -> None:
    clock = StandInClock()
    back_off = BackOff(3, 30.0, clock)
    for _ in range(300):
        clock.seconds += 3.5 * DAY
        back_off.failed("anna")
        assert (back_off.wait("anna"), back_off.wait("bert")) == (0, 0)
    for _ in range(2):  # the control: the same number at once does make wait, and only that name
        back_off.failed("anna")
    assert (back_off.wait("anna"), back_off.wait("bert")) == (30, 0)
    back_off.succeeded("anna")
    assert back_off.wait("anna") == 0


def test_by_more_names_than_are_remembered() -> None:
    back_off = BackOff(1, 30.0, StandInClock())
    for number in range(5000):
        back_off.failed(f"user{number}")
    assert back_off.wait("user4999") == 30  # the control
    assert back_off.wait("anna") == 0

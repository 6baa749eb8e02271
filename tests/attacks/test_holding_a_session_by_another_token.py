"""A session must lock with the token that answered, so it is bound to that one or not opened."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from appliance.protocols import broker_api
from tests.session.scene import PIN, Login, Scene


def _open(scene: Scene, user: str = "anna") -> str:
    return scene.refusal("Open", broker_api.Open(user, PIN))


def _during(login: Login, act: Callable[[], object]) -> None:
    """``act`` happens while PAM is asked."""
    login.during = act


def test_by_a_second_token_when_the_first_is_pulled_after_the_touch(
    scene: Scene, login: Login
) -> None:
    scene.tokens.add("hidraw1")
    _during(login, lambda: scene.tokens.discard("hidraw0"))
    assert _open(scene) == "LoginRefused several-tokens"
    assert login.asked == []  # nor is a PIN given to the wrong one
    assert scene.states() == {}


def test_by_a_token_that_takes_the_place_of_the_one_that_answered(
    scene: Scene, login: Login
) -> None:
    def swapped() -> None:
        scene.tokens.discard("hidraw0")
        scene.tokens.add("hidraw1")

    _during(login, swapped)
    assert _open(scene) == "LoginRefused no-token"


def test_by_a_token_that_gets_the_same_name(scene: Scene, login: Login) -> None:
    removed = broker_api.TokenRemoved("hidraw0")
    _during(login, lambda: scene.call_as(0, "TokenRemoved", removed))
    assert _open(scene) == "LoginRefused no-token"


def test_by_a_token_that_is_added(scene: Scene, login: Login) -> None:
    _during(login, lambda: scene.tokens.add("hidraw1"))
    assert _open(scene) == "LoginRefused several-tokens"


def test_the_token_that_answered_locks(scene: Scene) -> None:
    """The control: with one token there is no doubt, and other people's tokens raise none."""
    annas = scene.open_as("anna")
    scene.tokens.add("hidraw1")
    berts = scene.open_as("bert")
    scene.tokens.discard("hidraw0")
    scene.broker.tick()
    assert scene.states() == {annas.session: "locked", berts.session: "active"}
    # The name of a device that was pulled may be given to the next one.
    scene.tokens.add("hidraw0")
    scene.tokens.discard("hidraw1")
    scene.broker.tick()
    carlas = scene.open_as("carla")
    assert scene.states()[carlas.session] == "active"


@pytest.mark.parametrize("others", [set(), {"hidraw1"}])
def test_two_tokens_of_nobody_are_in_doubt(scene: Scene, others: set[str]) -> None:
    scene.tokens |= others
    if others:
        assert _open(scene) == "LoginRefused several-tokens"
    else:
        scene.open_as("anna")

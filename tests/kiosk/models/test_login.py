"""Who logs in, for what, and a PIN that is never shown."""

from __future__ import annotations

import pytest

from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.models.login import Login
from appliance.protocols import broker_api
from tests.kiosk.models.standins import Bench, acts


class Door:
    """What a login asks for: ``opened`` and ``reopened``."""

    def __init__(self, bench: Bench) -> None:
        self.opened: list[tuple[str, str, str, str | None]] = []
        self.reopened: list[str] = []
        self.login = Login(
            bench.shared, lambda *asked: self.opened.append(asked), self.reopened.append
        )
        bench.answers.by_method["Users"] = broker_api.Users(
            [
                broker_api.User("anna", [], [], ["work"]),
                broker_api.User("emil", ["auditor"], [], ["audit", "administer"]),
                broker_api.User("ruth", ["clinician"], ["north", "south"], ["work"]),
            ]
        )
        self.login.load()

    def enter(self, pin: str) -> None:
        for character in pin:
            acts(self.login, "type", character)
        acts(self.login, "enter")


@pytest.fixture
def door(bench: Bench) -> Door:
    return Door(bench)


def test_what_one_is_here_for_is_what_the_policy_allows(door: Door) -> None:
    assert [one.tasks for one in door.login.state.people] == [
        ["work"],
        ["audit", "administer"],
        ["work"],
    ]
    acts(door.login, "choose", "emil")
    acts(door.login, "choose_task", "administer")
    door.enter("1234")
    assert door.opened == [("emil", "1234", "administer", None)]


def test_a_project_is_chosen_among_ones_own(door: Door) -> None:
    acts(door.login, "choose", "ruth")
    acts(door.login, "choose_project", "south")
    door.enter("1")
    assert door.opened == [("ruth", "1", "work", "south")]


def test_a_pin_is_counted_and_used_once(door: Door) -> None:
    acts(door.login, "type", "9")  # nobody was chosen
    acts(door.login, "choose", "anna")
    for character in "123":
        acts(door.login, "type", character)
    acts(door.login, "erase")
    assert door.login.state.count == 2
    assert "12" not in str(door.login.values())
    acts(door.login, "enter")
    acts(door.login, "enter")
    assert [pin for _, pin, _, _ in door.opened] == ["12"]


def test_no_pin_is_longer_than_a_token_takes(door: Door) -> None:
    acts(door.login, "choose", "anna")
    door.enter("7" * 80)
    assert door.opened[0][1] == "7" * 63


def test_a_refusal_asks_the_same_person_again(bench: Bench, door: Door) -> None:
    acts(door.login, "choose", "anna")
    door.enter("1234")
    assert door.login.state.phase == "touch"
    door.login.refused(Refusal("login-wrong-token", 30))
    assert (door.login.state.user, door.login.state.phase) == ("anna", "pin")
    assert (bench.refused, bench.shared.place.state.wait) == ("login-wrong-token", 30)


def test_a_locked_session_is_reopened_and_no_other_is_opened(bench: Bench, door: Door) -> None:
    bench.shared.place.show(locked=True)
    door.login.ask_for("anna")
    door.enter("1234")
    assert (door.opened, door.reopened) == ([], ["1234"])

"""Software tokens, and logins with them, which are refused for the reasons that PAM has."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest

from appliance.session.login import Denial
from appliance.training.authentication import Authentication
from appliance.training.bus import TokenBus
from appliance.training.people import PIN, files


@pytest.fixture
def bus(tmp_path: Path) -> TokenBus:
    return TokenBus(tmp_path)


def log_in(
    bus: TokenBus, user: str = "anna", pin: str = PIN, seconds: float = 0.0
) -> Denial | None:
    registered = bus.folder / "tokens"
    registered.write_text(files().registered)
    asked: list[str] = []
    denial = Authentication(bus, registered, seconds)(
        user, pin, "fido2", lambda: asked.append(user)
    )
    assert bool(asked) == (denial != "no-token" and user == "anna" and bool(pin))
    return denial


def test_a_token_is_plugged_once_and_pulled(bus: TokenBus) -> None:
    bus.insert("anna")
    bus.insert("anna")
    (device,) = bus.plugged()
    assert device.startswith("anna-")
    bus.pull("anna")
    bus.pull("anna")
    assert bus.plugged() == frozenset()


def test_a_token_that_was_pulled_in_between_is_another(bus: TokenBus) -> None:
    seen = set[str]()
    for _ in range(3):
        bus.insert("anna")
        seen |= bus.plugged()
        bus.pull("anna")
    assert len(seen) == 3


def test_a_touch_counts_only_while_it_blinks(bus: TokenBus) -> None:
    bus.insert("anna")
    assert not bus.touch()
    (device,) = bus.plugged()
    with bus.blink(device):
        assert bus.blinking() == device
        assert not bus.is_touched(device)
        assert bus.touch()
        assert bus.is_touched(device)
    assert bus.blinking() is None
    with bus.blink(device):
        assert not bus.is_touched(device)


def test_what_a_killed_broker_left_blinking_is_reset(bus: TokenBus) -> None:
    (bus.folder / "anna-1234.blinking").touch()
    (bus.folder / "anna-1234.touched").touch()
    bus.insert("anna")
    bus.reset()
    assert bus.blinking() is None
    assert len(bus.plugged()) == 1


def test_without_a_token(bus: TokenBus) -> None:
    assert log_in(bus) == "no-token"


@pytest.mark.parametrize("user", ["nobody", "Anna", "../anna", ""])
def test_an_unknown_name_is_not_asked_for_a_touch(bus: TokenBus, user: str) -> None:
    bus.insert("anna")
    assert log_in(bus, user) == "wrong-token"


def test_with_another_person_s_token(bus: TokenBus) -> None:
    bus.insert("ruth")
    assert log_in(bus) == "wrong-token"


@pytest.mark.parametrize("pin", ["", "1235", "12345"])
def test_with_a_wrong_pin(bus: TokenBus, pin: str) -> None:
    bus.insert("anna")
    assert log_in(bus, pin=pin) == "wrong-token"


def test_without_a_touch(bus: TokenBus) -> None:
    bus.insert("anna")
    assert log_in(bus, seconds=0.0) == "no-touch"
    assert bus.blinking() is None


def answers(bus: TokenBus, act: object) -> list[Denial | None]:
    """What a login is answered during which ``act`` is called as soon as the token blinks."""
    given: list[Denial | None] = []
    bus.insert("anna")
    asking = Thread(target=lambda: given.append(log_in(bus, seconds=300)))
    asking.start()
    while bus.blinking() is None:
        asking.join(0.01)
    assert callable(act)
    act()
    asking.join()
    return given


def test_with_a_touch(bus: TokenBus) -> None:
    assert answers(bus, bus.touch) == [None]


def test_pulled_instead_of_touched(bus: TokenBus) -> None:
    assert answers(bus, lambda: bus.pull("anna")) == ["wrong-token"]

"""A token that is no part of the machine, at its USB port: allowed, listed, it logs people in.

And a touch screen, which is allowed by the same rule.

It is held outside (``tests/lab/image/``): what is printed here moves the hand there.
"""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.guest.releasing import TOKENS
from tests.lab.guest.visitor import (
    Broker,
    all_events,
    end_all_sessions,
    refusal,
    register,
    restart_broker,
    shell,
    until,
)

HAND, USER, PLACE = "the hand: ", "anna", (0.25, 0.75)
"""What begins a line for the hand outside, whose registration was made there; where it taps."""

_EVENT = struct.Struct("llHHi")  # struct input_event: time, type, code, value
_KEY, _ABSOLUTE, _TOUCH = 1, 3, 0x14A  # linux/input-event-codes.h: EV_KEY, EV_ABS, BTN_TOUCH
_LINE = Path(__file__).parent / "token-line"


def _hand(what: str) -> None:
    print(f"\n{HAND}{what}", flush=True)


def _nodes() -> list[Path]:
    """The token's, once udev has given it to the broker."""
    nodes = (Path("/dev") / path.name for path in Path("/sys/class/hidraw").glob("*"))
    return [node for node in nodes if node.exists() and node.group() == "appliance-broker"]


@pytest.fixture(scope="module")
def people() -> Iterator[None]:
    """Registered: anna, by a line that was made outside, and bert, by the token's own command."""
    for user in (USER, "bert"):
        shell(f"id {user} || useradd --no-create-home --shell /usr/sbin/nologin {user}")
    _hand("plug in")
    until(_nodes)
    _hand("finger on")
    TOKENS.write_text(f"{_LINE.read_text()}{register('bert')}\n")
    TOKENS.chmod(0o640)
    shutil.chown(TOKENS, group="appliance-broker")
    yield
    _hand("pull")


@pytest.fixture
def outside(people: None) -> Iterator[Broker]:  # noqa: ARG001 - it must be there
    shell("systemctl start appliance-broker.service")
    broker = Broker()
    yield broker
    broker.hang_up()
    end_all_sessions()


def test_usbguard_allows_it_and_the_broker_alone_may_read_it(people: None) -> None:  # noqa: ARG001
    (node,) = _nodes()
    assert shell(f"stat -c '%U %G %a' {node}") == "root appliance-broker 660"
    assert str(node) in shell("fido2-token -L")
    listed = shell("usbguard list-devices")
    print(listed)
    assert [line.split()[1] for line in listed.splitlines() if "1209:f1d0" in line] == ["allow"]
    # The same as pamu2fcfg prints, but for the credential.
    lines = [line.partition(":")[2].split(",") for line in TOKENS.read_text().splitlines()]
    assert [[len(part) for part in line[:2]] for line in lines] == [[44, 88], [44, 88]]
    assert lines[0][2:] == lines[1][2:]


@pytest.mark.parametrize("user", [USER, "bert"])
def test_it_logs_its_people_in(outside: Broker, user: str) -> None:
    session, worker = outside.open(user)
    os.close(worker)
    assert outside.states() == {session: "active"}


def test_a_wrong_pin_is_refused(outside: Broker) -> None:
    assert refusal(lambda: outside.open(pin="000000")) == "LoginRefused"
    restart_broker()
    outside.reconnect()
    outside.open()


def test_a_pull_locks_and_the_same_token_logs_in_again(outside: Broker) -> None:
    session, worker = outside.open()
    os.close(worker)
    _hand("pull")
    until(lambda: outside.states() == {session: "locked"})
    assert not _nodes()
    _hand("plug in")
    until(_nodes)
    # Into a new session: an emulated machine may take longer than the old one is kept.
    session, worker = outside.open()
    os.close(worker)
    assert outside.states()[session] == "active"


def test_a_touch_screen_is_one(people: None) -> None:  # noqa: ARG001
    def found() -> list[Path]:
        names = Path("/sys/class/input").glob("event*/device/name")
        return [name for name in names if "Touch screen" in name.read_text()]

    _hand("touch screen")
    until(found)
    shell("udevadm settle")
    (name,) = found()
    node = Path("/dev/input") / name.parent.parent.name
    about = shell(f"udevadm info --query=property {node}")
    assert "ID_INPUT_TOUCHSCREEN=1" in about.splitlines()
    with node.open("rb", buffering=0) as screen:
        _hand("tap")
        seen: dict[int, int] = {}
        while len(seen) < 3:
            *_, kind, code, value = _EVENT.unpack(screen.read(_EVENT.size))
            if kind in (_KEY, _ABSOLUTE):
                seen[code] = value
    assert seen == {_TOUCH: 1, 0: round(PLACE[0] * 32767), 1: round(PLACE[1] * 32767)}


def test_no_device_was_refused() -> None:
    assert not [event for event in all_events() if event["kind"] == "device-refused"]

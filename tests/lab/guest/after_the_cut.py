"""The boot after a power cut: what was open is wiped before anybody is served, and it is said."""

from __future__ import annotations

from pathlib import Path

from tests.lab.guest.visitor import Broker, all_events, shell


def test_what_the_cut_left_is_wiped_and_logged(broker: Broker) -> None:
    assert broker.states() == {}
    assert list(Path("/var/lib/appliance/open").iterdir()) == []
    assert list(Path("/var/lib/appliance/workspace").iterdir()) == []
    assert shell("dmsetup ls") == "No devices found"
    events = all_events()
    (opened,) = (event for event in events if event["kind"] == "session-opened")
    (closed,) = (event for event in events if event["kind"] == "session-closed")
    (wiped,) = (event for event in events if event["kind"] == "session-wiped")
    assert closed["session"] == wiped["session"] == opened["session"]
    assert closed["reason"] == "power-loss"
    assert wiped["method"] == "power-loss"
    assert wiped["after"] == 0


def test_a_new_session_opens(broker: Broker) -> None:
    session, _ = broker.open()
    assert broker.close(session).clean

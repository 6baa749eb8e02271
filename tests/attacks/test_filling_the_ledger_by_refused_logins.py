"""Refused logins must not fill the disk of the ledger, and none of them may go unrecorded."""

from __future__ import annotations

import pytest

from appliance.audit.entries.events import LoginRefused
from appliance.errors import LedgerError
from appliance.protocols import broker_api
from appliance.session.refusals import Refusals
from tests.session.scene import PIN, Login, Scene
from tests.session.standins import StandInClock, StandInLedger

MANY = 2000


def _refusals(ledger: StandInLedger) -> list[LoginRefused]:
    return [event for event in ledger.events if isinstance(event, LoginRefused)]


def test_by_calling_open_all_day(scene: Scene, login: Login) -> None:
    login.denial = "no-touch"
    for _ in range(MANY):
        scene.refusal("Open", broker_api.Open("anna", PIN))
    assert _refusals(scene.ledger) == [LoginRefused("no-touch", "f" * 32)]
    scene.after(60)
    assert _refusals(scene.ledger)[1:] == [LoginRefused("no-touch", "f" * 32, MANY - 1)]
    scene.after(600)
    assert len(_refusals(scene.ledger)) == 2


def test_by_calling_under_ever_new_names(scene: Scene, login: Login) -> None:
    login.denial = "wrong-token"
    for number in range(MANY):
        scene.refusal("Open", broker_api.Open(f"user{number}", PIN))
    scene.after(60)
    logged = _refusals(scene.ledger)
    assert len(logged) < 40
    assert sum(event.times for event in logged) == MANY  # the control: nothing was dropped


def test_by_calling_while_no_session_can_be_opened(scene: Scene) -> None:
    refusals = Refusals(scene.ledger, scene.clock)
    for _ in range(MANY):
        refusals.add("wipe-failed")
    assert _refusals(scene.ledger) == [LoginRefused("wipe-failed")]


def test_what_was_counted_is_logged_when_the_broker_ends(scene: Scene) -> None:
    scene.tokens.clear()
    for _ in range(3):
        scene.refusal("Open", broker_api.Open("anna", PIN))
    scene.broker.end_all()
    assert [event.times for event in _refusals(scene.ledger)] == [1, 2]


def test_what_the_ledger_did_not_take_is_kept() -> None:
    ledger, clock = StandInLedger(), StandInClock()
    refusals = Refusals(ledger, clock)
    for _ in range(3):
        refusals.add("busy")
    ledger.reachable = False
    with pytest.raises(LedgerError):
        refusals.log(everything=True)
    refusals.add("busy")  # counted with the others
    ledger.reachable = True
    refusals.log(everything=True)
    assert _refusals(ledger) == [LoginRefused("busy"), LoginRefused("busy", times=3)]

"""An auditor and an administrator are let in, look, and are out again."""

from __future__ import annotations

import time
from typing import cast

import msgspec
import pytest

from appliance.errors import WireError
from appliance.kiosk.models import views
from appliance.kiosk.models.audit import Audit
from appliance.kiosk.models.bar import Bar
from appliance.kiosk.models.machine import Machine, MachineState
from appliance.kiosk.models.session import Session
from appliance.kiosk.models.views import Views
from appliance.kiosk.visit.state import VIEWS, Screen
from appliance.protocols import auditor_api, broker_api, machine_view
from tests.kiosk.models.standins import Bench, StandInServices, acts, error

MACHINE = broker_api.Machine(
    slots=[broker_api.SessionStatus("a", None, "active", worker=True)],
    places=2,
    policy="0123456789abcdef" * 4,
    own=["workspace.backend"],
    space=[machine_view.Space("ledger", 1 << 30, 10 << 30)],
    people=[machine_view.Person("nora", ["administrator"], 1)],
    health=machine_view.Health(1_780_000_000_000, old=True, ok=False, left_off=3),
    checks=[
        machine_view.Check("kernel", "one", ok=True, evidence="1"),
        machine_view.Check("units", "two", ok=True, evidence="2"),
        machine_view.Check("units", "three", ok=False, evidence="3"),
    ],
    packs=[
        machine_view.InstalledPack("good", ["detector"]),
        machine_view.InstalledPack("bad", refused="no signature"),
    ],
    version="1",
)


class Desk:
    """A screen with its session, and who looks."""

    def __init__(self, bench: Bench) -> None:
        self.bench, shared = bench, bench.shared
        shared.visit.handle = ""
        self.bar, self.audit, self.machine = Bar(), Audit(shared), Machine(shared)
        self.views = Views(shared, self.bar, self.audit, self.machine)
        models = (self.audit, self.machine)

        def forget() -> None:
            for model in models:
                model.forget()

        self.session = Session(
            shared, self.bar, lambda: None, forget, lambda: None, views=self.views
        )
        self.session._show_appliance(appliance(1))
        assert bench.screen is Screen.LOGIN

    def enter(self, user: str, task: str) -> None:
        login = self.session.login
        login.choose(user)
        login.choose_task(task)  # type: ignore[arg-type]
        login.type("1")
        login.enter()

    @property
    def services(self) -> StandInServices:
        return cast(StandInServices, self.bench.shared.services)


def appliance(tokens: int) -> broker_api.Appliance:
    return broker_api.Appliance(
        tokens=tokens, ledger=True, blocked=False, free=1, network=[], training=False
    )


@pytest.fixture
def desk(bench: Bench) -> Desk:
    people = [
        broker_api.User("emil", ["auditor"], [], ["audit"]),
        broker_api.User("nora", ["administrator"], [], ["administer"]),
    ]
    bench.answers.by_method |= {
        "Users": broker_api.Users(people),
        "Machine": MACHINE,
        "Sessions": auditor_api.Sessions([], 0, more=False),
        "Days": auditor_api.Days([]),
    }
    return Desk(bench)


def test_an_auditor_is_let_in_with_the_pin_and_the_log_is_checked_first(desk: Desk) -> None:
    desk.enter("emil", "audit")
    assert desk.bench.screen is Screen.AUDIT
    assert desk.bench.answers.of("Audit") == [broker_api.LogIn("emil", "1")]
    assert (desk.bar.state.who, desk.bar.state.role) == ("emil", "auditor")
    assert desk.audit.state.verdict == ""
    assert desk.session.login.state.user == ""


def test_a_refusal_asks_for_the_pin_again(desk: Desk) -> None:
    desk.bench.answers.by_method |= {"Audit": error("NoAuditor"), "Machine": error("Bug")}
    desk.enter("emil", "audit")
    assert (desk.bench.screen, desk.bench.refused) == (Screen.LOGIN, "no-auditor")
    assert not desk.audit.line.is_open
    assert desk.session.login.state.phase == "pin"
    desk.enter("nora", "administer")
    assert (desk.bench.screen, desk.bench.refused) == (Screen.LOGIN, "bug")
    assert desk.bar.state.who == ""


@pytest.mark.parametrize(("user", "task"), [("emil", "audit"), ("nora", "administer")])
def test_lock_and_leave_end_the_view_at_once(desk: Desk, user: str, task: str) -> None:
    for end in (desk.session.lock, desk.session.leave):
        desk.enter(user, task)
        assert desk.bench.screen in VIEWS
        end()
        assert desk.bench.screen is Screen.LOGIN  # the token is still plugged in
        assert not desk.bench.shared.place.state.locked
        assert desk.bar.state.who == ""
        assert desk.machine.state == MachineState()
        assert not desk.audit.line.is_open
    assert desk.bench.answers.of("Lock") == []


def test_a_line_that_ends_is_said_on_the_first_screen(desk: Desk) -> None:
    desk.enter("emil", "audit")
    ended = desk.services.ended
    desk.session._has_token = False
    ended()
    assert (desk.bench.screen, desk.bench.refused) == (Screen.WELCOME, "view-over")
    desk.session._show_appliance(appliance(1))
    desk.enter("emil", "audit")
    ended()  # of the line before: it says nothing of this one
    assert desk.bench.screen is Screen.AUDIT


def test_the_sentence_stays_when_the_broker_says_that_the_token_is_gone(desk: Desk) -> None:
    desk.enter("emil", "audit")
    desk.services.ended()
    assert (desk.bench.screen, desk.bench.refused) == (Screen.LOGIN, "view-over")
    desk.session._show_appliance(appliance(0))
    assert (desk.bench.screen, desk.bench.refused) == (Screen.WELCOME, "view-over")
    desk.session._show_appliance(appliance(1))
    assert (desk.bench.screen, desk.bench.refused) == (Screen.LOGIN, "")


def test_a_call_that_finds_nobody_ends_the_view_as_well(desk: Desk) -> None:
    desk.enter("emil", "audit")
    desk.bench.answers.by_method["Days"] = WireError("gone", "")
    acts(desk.audit, "turn_to", "sessions")
    assert desk.bench.screen not in VIEWS
    assert desk.bench.refused == "view-over"


def test_a_pulled_token_ends_what_an_administrator_sees(desk: Desk) -> None:
    desk.enter("nora", "administer")
    desk.session._show_appliance(appliance(1))
    assert desk.bench.screen is Screen.MACHINE
    desk.session._show_appliance(appliance(0))
    assert (desk.bench.screen, desk.bench.refused) == (Screen.WELCOME, "view-over")
    assert desk.machine.state == MachineState()


def test_a_token_that_is_pulled_during_the_login_lets_nobody_in(desk: Desk) -> None:
    def pulled(_: object) -> broker_api.Machine:
        desk.session._show_appliance(appliance(0))
        return MACHINE

    desk.bench.answers.by_method["Machine"] = pulled
    desk.enter("nora", "administer")
    assert desk.bench.screen is Screen.WELCOME
    assert (desk.bar.state.who, desk.machine.state) == ("", MachineState())


def test_who_has_left_the_screen_leaves_nothing_on_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.enter("nora", "administer")
    desk.session.pass_time()
    assert desk.bench.screen is Screen.MACHINE
    now = time.monotonic() + views._IDLE + 1
    monkeypatch.setattr(time, "monotonic", lambda: now)
    desk.session.touch()
    desk.session.pass_time()
    assert desk.bench.screen is Screen.MACHINE
    now += views._IDLE + 1
    desk.session.pass_time()
    assert desk.bench.screen not in VIEWS
    assert desk.bench.refused == "view-over"


def test_reading_is_use(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.enter("emil", "audit")
    desk.session.touch()
    assert desk.bench.answers.of("Days") == []
    now = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: now)
    desk.session.touch()
    desk.session.touch()
    assert len(desk.bench.answers.of("Days")) == 1


def test_what_is_wrong_with_the_machine_comes_first(desk: Desk) -> None:
    desk.enter("nora", "administer")
    state = desk.machine.state
    assert (state.health, state.old, state.failed, state.passed) == ("bad", True, 1, 5)
    assert state.made == "2026-05-28 20:26"
    assert [(one.name, one.failed) for one in state.groups] == [("units", 1), ("kernel", 0)]
    assert [one.name for one in state.groups[0].checks] == ["three", "two"]
    assert state.group == "units"
    acts(desk.machine, "choose", "kernel")
    assert desk.machine.state.group == "kernel"
    assert [one.name for one in state.packs] == ["bad", "good"]
    assert state.space[0].percent == 10
    assert state.policy[:2] == ["0123", "4567"]
    assert len(state.policy) == 16
    for part, screen in (
        ("storage", Screen.MACHINE_STORAGE),
        ("people", Screen.MACHINE_PEOPLE),
        ("checks", Screen.MACHINE),
    ):
        acts(desk.machine, "turn_to", part)
        assert desk.bench.screen is screen


def test_a_machine_that_no_doctor_has_seen(desk: Desk) -> None:
    desk.bench.answers.by_method["Machine"] = msgspec.structs.replace(
        MACHINE, health=None, checks=[], packs=[]
    )
    desk.enter("nora", "administer")
    state = desk.machine.state
    assert (state.health, state.made, state.groups, state.group) == ("none", "", [], "")

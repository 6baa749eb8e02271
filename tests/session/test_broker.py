"""What the broker does by itself: it looks around. Keepers and ledger are stood in for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from appliance.audit.entries.events import AnyEvent, SessionClosed, SessionWiped, TokenRemoved
from appliance.keeper.protocol import Command, Erasure
from appliance.policy.load import load
from appliance.protocols import broker_api
from appliance.session import keeper as keepers
from appliance.session import session as visits
from appliance.session.broker import Broker
from appliance.session.daily import Daily
from appliance.session.pending_wipes import PendingWipeJournal
from appliance.session.session import Session
from appliance.session.settings import Settings
from appliance.session.state import Limits, State, Step
from appliance.wire.client import Client
from appliance.wire.message import CallError, Empty
from appliance.wire.peer import PeerCredentials
from appliance.wire.service import Request

POLICY = "projects:\n  - {name: film, members: [anna]}\n"
LIMITS = Limits(idle=600, grace=300, absolute=28_800)
PROJECT = Limits(idle=600, grace=300, absolute=86_400, parks=True)


@dataclass
class Keeper:
    """Notes what it is told."""

    said: list[Command] = field(default_factory=list)
    gone: bool = False

    def tell(self, word: Command) -> None:
        self.said.append(word)

    def is_gone(self) -> bool:
        return self.gone

    def wipe(self) -> Erasure:
        self.said.append(Command.WIPE)
        return Erasure("ab" * 32, 4, 0, 12, "luks-header-dropped")


@dataclass
class Ledger:
    """Is there, or not, and keeps what it is given."""

    there: bool = True
    events: list[AnyEvent] = field(default_factory=list)

    def alive(self) -> bool:
        return self.there

    def append(self, *events: AnyEvent) -> None:
        self.events += events


@dataclass
class Scene:
    """One session that is open, and what is around it."""

    broker: Broker
    ledger: Ledger
    tokens: set[str]

    def opened(self, limits: Limits, project: str | None = None) -> tuple[Session, Keeper]:
        keeper = Keeper()
        visit = Session(
            slot="w0",
            keeper=cast(Any, keeper),
            limits=limits,
            caller=1000,
            user="anna",
            subject="p" * 16,
            tokens=frozenset(self.tokens),
            project=project,
        )
        visit.step(Step.OPENED)
        keeper.said.clear()
        self.broker._visits[visit.identifier] = visit
        return visit, keeper

    def becomes(self, visit: Session, state: State) -> None:
        _until(lambda: visit.state is state)


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.005)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    (tmp_path / "policy.yaml").write_text(POLICY)
    tokens = {"hidraw0"}
    ledger = Ledger()
    settings = Settings(load(tmp_path / "policy.yaml"))
    marks = PendingWipeJournal(tmp_path)
    broker = Broker(settings, cast(Any, ledger), marks, lambda: frozenset(tokens))
    return Scene(broker, ledger, tokens)


def test_a_keeper_is_called_for_who_logs_in_and_sent_away_if_they_are_not_let_in(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    spare = scene.broker._spare
    monkeypatch.setattr(keepers.KeeperConnection, "call", lambda _: calls.append("called"))
    monkeypatch.setattr(keepers.KeeperConnection, "hang_up", lambda _: calls.append("sent away"))
    monkeypatch.setattr(scene.ledger, "pseudonym", lambda *_: "p" * 16, raising=False)

    def asked(*words: Any) -> str:
        words[-1]()
        calls.append("asked")
        return "wrong-token"

    monkeypatch.setattr("appliance.session.login.authenticate", asked)
    request = Request(
        PeerCredentials(1, 1000, 1000), broker_api.Open("anna", "1234"), [], lambda *_: None
    )
    with pytest.raises(CallError):
        scene.broker._open(request)
    assert calls == ["called", "asked", "sent away"]
    assert spare._keeper is None


def _passes(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """That much time goes by."""
    later = visits.now() + seconds
    monkeypatch.setattr(visits, "now", lambda: later)


def test_where_all_is_well_nothing_happens(scene: Scene) -> None:
    visit, keeper = scene.opened(LIMITS)
    scene.broker.look_around()
    assert (visit.state, keeper.said, scene.ledger.events) == (State.ACTIVE, [], [])


def test_a_pulled_token_locks_and_is_logged(scene: Scene) -> None:
    visit, keeper = scene.opened(LIMITS)
    scene.tokens.clear()
    scene.broker.look_around()
    assert (visit.state, keeper.said) == (State.LOCKED, [Command.FREEZE])
    assert scene.ledger.events == [TokenRemoved(visit.identifier, visit.subject)]


def test_a_ledger_that_is_gone_locks(scene: Scene) -> None:
    visit, _ = scene.opened(LIMITS)
    scene.ledger.there = False
    scene.broker.look_around()
    assert visit.state is State.LOCKED


def test_nobody_there_locks_and_then_wipes(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    visit, keeper = scene.opened(LIMITS)
    _passes(monkeypatch, 600)
    scene.broker.look_around()
    assert visit.state is State.LOCKED
    _passes(monkeypatch, 300)
    scene.broker.look_around()
    scene.becomes(visit, State.WIPED)
    assert keeper.said == [Command.FREEZE, Command.WIPE]
    closed, wiped = scene.ledger.events
    assert isinstance(closed, SessionClosed)
    assert closed.reason == "idle"
    assert isinstance(wiped, SessionWiped)


def test_a_project_is_parked_instead_and_ends_with_its_day(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit, keeper = scene.opened(PROJECT, "film")
    _passes(monkeypatch, 600)
    scene.broker.look_around()
    _passes(monkeypatch, 300)
    scene.broker.look_around()
    scene.becomes(visit, State.PARKED)
    _until(lambda: keeper.said == [Command.FREEZE, Command.KILL])
    scene.broker.look_around()
    assert visit.state is State.PARKED
    _passes(monkeypatch, 86_400)
    scene.broker.look_around()
    scene.becomes(visit, State.WIPED)
    closed = scene.ledger.events[0]
    assert isinstance(closed, SessionClosed)
    assert closed.reason == "time-limit"


@pytest.mark.parametrize("state", [State.ACTIVE, State.LOCKED, State.PARKED])
def test_a_session_without_its_keeper_ends(scene: Scene, state: State) -> None:
    visit, keeper = scene.opened(PROJECT, "film")
    visit.state = state
    keeper.gone = True
    scene.broker.look_around()
    scene.becomes(visit, State.WIPED)
    _until(lambda: bool(scene.ledger.events))
    closed = scene.ledger.events[0]
    assert isinstance(closed, SessionClosed)
    assert closed.reason == "crash"


def test_workers_of_projects_forget_once_a_day(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    class Worker:
        def call(self, method: str, *, gives: type[Empty]) -> None:
            told.append(method)

        def close(self) -> None:
            told.append("closed")

    monkeypatch.setattr(Client, "to", lambda _path: Worker())
    working, active = scene.opened(PROJECT, "film")
    working._worker = cast(Any, Worker())
    frozen, locked = scene.opened(PROJECT, "film")
    frozen._worker = cast(Any, Worker())
    frozen.step(Step.IDLE)
    other, visit = scene.opened(LIMITS)
    other._worker = cast(Any, Worker())
    monkeypatch.setattr(Daily, "due", lambda _self, _now: True)
    scene.broker.look_around()
    _until(lambda: told == ["io.faceappliance.Worker.Forget", "closed"])
    # What is frozen cannot hear: it is ended, and the next one starts with nothing.
    _until(lambda: locked.said == [Command.FREEZE, Command.KILL])
    assert (frozen.state, frozen.has_worker) == (State.LOCKED, False)
    assert (active.said, working.has_worker) == ([], True)
    assert (visit.said, other.has_worker) == ([], True)

"""What a session makes of workers and keepers that end, refuse, hang or fail."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest

from appliance.audit.service.client import AuditClient
from appliance.errors import SessionError, WireError
from appliance.keeper.protocol import Command
from appliance.protocols import worker_control_api as control_api
from appliance.session.session import Session, UnstoppableError, WorkerStart
from appliance.session.state import Limits, State, StateError, Step
from tests.session.standin_worker import StandInWorker
from tests.session.standins import PATIENCE, StandInKeeper, silent_ledger, until


@dataclass
class FailingKeeper(StandInKeeper):
    """Fails at the commands in ``fails``."""

    fails: set[Command] = field(default_factory=set)

    def execute(self, command: Command) -> None:
        super().execute(command)
        if command in self.fails:
            raise SessionError("It failed.", "Wait.")


@dataclass
class Ledgers:
    """Gives connections for workers, and keeps them."""

    given: list[AuditClient] = field(default_factory=list)

    def __call__(self, _session: str) -> AuditClient:
        self.given.append(silent_ledger())
        return self.given[-1]

    def all_closed(self) -> bool:
        return all(one.fileno() < 0 for one in self.given)


@dataclass
class Stage:
    """A session with its worker, its keeper and connections to the ledger."""

    session: Session
    worker: StandInWorker
    keeper: FailingKeeper
    ledgers: Ledgers

    def start_worker(self, patience: float = PATIENCE) -> None:
        self.session.start_worker(WorkerStart("0" * 64, self.ledgers, patience))

    def open(self) -> Session:
        with self.session.acting(Step.OPENED):
            self.start_worker()
        return self.session

    def wake(self) -> None:
        with self.session.acting(Step.REOPENED):
            self.session.wake_worker(WorkerStart("0" * 64, self.ledgers, PATIENCE))

    def state(self) -> State:
        return self.session.state


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    keeper = FailingKeeper()
    session = Session(
        slot="w0",
        keeper=keeper,
        limits=Limits(60, 600, 60),
        caller=0,
        user="anna",
        subject="f" * 32,
        tokens=frozenset({"hidraw0"}),
        worker_socket=tmp_path / "w0.sock",
    )
    with closing(StandInWorker(tmp_path, "w0")) as worker:
        yield Stage(session, worker, keeper, Ledgers())


def test_jobs_of_all_workers_are_counted(stage: Stage) -> None:
    session = stage.open()
    for jobs in (2, 4):
        stage.worker.reports[-1](control_api.Jobs(2))
        until(lambda jobs=jobs: session.jobs == jobs)  # type: ignore[misc]
        stage.worker.die()
        until(lambda: not session.has_worker)
        with session.acting(None):
            stage.start_worker()
    assert session.state is State.ACTIVE
    assert stage.ledgers.all_closed()


def test_a_number_that_the_ledger_would_refuse_is_bounded(stage: Stage) -> None:
    session = stage.open()
    stage.worker.reports[-1](control_api.Jobs(1 << 60))
    until(lambda: session.jobs > 0)
    assert session.jobs < 2**53
    stage.worker.reports[-1](control_api.Jobs(-5))
    until(lambda: session.jobs == 0)


@pytest.mark.parametrize("how", ["refuses", "hangs", "is gone"])
def test_a_worker_that_does_not_serve_is_killed(stage: Stage, how: str) -> None:
    if how == "refuses":
        stage.worker.refuses = True
    elif how == "hangs":
        stage.worker.hangs = Event()
    else:
        stage.session.worker_socket.unlink()
    patience = 0.05 if how == "hangs" else PATIENCE
    with pytest.raises((SessionError, WireError)), stage.session.acting(Step.OPENED):
        stage.start_worker(patience)
    assert stage.keeper.asked == [Command.START, Command.KILL]
    assert (stage.state(), stage.session.has_worker) == (State.OPENING, False)
    assert stage.ledgers.all_closed()


def test_no_state_changes_before_the_keeper_has_done_its_part(stage: Stage) -> None:
    session = stage.open()
    stage.keeper.fails = {Command.KILL}
    with pytest.raises(UnstoppableError):
        session.park()
    assert stage.state() is State.ACTIVE
    stage.keeper.fails = {Command.FREEZE, Command.KILL}
    session.demand(Step.IDLE)
    with pytest.raises(UnstoppableError):
        session.settle()
    assert stage.state() is State.ACTIVE
    stage.keeper.fails = {Command.FREEZE}  # killed instead
    assert session.settle() is Step.IDLE
    assert (stage.state(), session.has_worker) == (State.LOCKED, False)
    stage.keeper.fails = {Command.START}
    with pytest.raises(SessionError):
        stage.wake()
    assert stage.state() is State.LOCKED
    stage.keeper.fails = set()  # the control: where the keeper does its part, the state changes
    stage.wake()
    assert stage.state() is State.ACTIVE


def test_a_worker_that_cannot_be_thawed_is_killed(stage: Stage) -> None:
    session = stage.open()
    session.demand(Step.LOCK)
    session.settle()
    stage.keeper.fails = {Command.THAW}
    with pytest.raises(SessionError):
        stage.wake()
    assert stage.keeper.asked[-2:] == [Command.THAW, Command.KILL]
    assert (stage.state(), session.has_worker) == (State.LOCKED, False)


def test_a_lock_that_comes_during_an_act_keeps_everybody_out_and_is_done_after_it(
    stage: Stage,
) -> None:
    session = stage.open()
    os.close(session.connect_to_worker())  # the control: before, somebody is let in
    with session.acting(None):
        assert session.demand(Step.TOKEN_REMOVED)
        assert session.settle() is None
        with pytest.raises(StateError):
            session.connect_to_worker()
        with pytest.raises(StateError):
            session.touch()
        with pytest.raises(StateError), session.acting(Step.LEFT):
            pass
    assert session.settle() is Step.TOKEN_REMOVED
    assert stage.state() is State.LOCKED


def test_a_wipe_that_raises_counts_as_failed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ConnectionError

    session = stage.open()
    monkeypatch.setattr(stage.keeper, "wipe", broken)
    with pytest.raises(ConnectionError):
        session.end(Step.CLOSE)
    assert session.state is State.WIPE_FAILED

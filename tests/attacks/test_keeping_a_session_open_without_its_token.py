"""A pulled token must lock its session, whatever somebody else makes slow.

The control of each test is that the slow part is still under way when the other session is locked:
where a lock is held over it, as one once was, the tick or ``until`` below would not come back.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest

from appliance.audit.entries.events import AnyEvent, TokenRemoved
from appliance.errors import SessionError
from appliance.keeper.protocol import Command
from appliance.protocols import broker_api
from appliance.session.environment import in_background
from appliance.wire.message import CallError, Empty
from tests.session.scene import KIOSK, Login, Scene, scene_in
from tests.session.standins import StandInKeeper, until


@dataclass
class SlowKeeper(StandInKeeper):
    """Takes for a command in ``slow`` until that is set, and then fails."""

    slow: dict[Command, Event] = field(default_factory=dict)
    began: Event = field(default_factory=Event)

    def execute(self, command: Command) -> None:
        super().execute(command)
        if command in self.slow:
            self.began.set()
            self.slow[command].wait()
            raise SessionError("It took too long.", "Wait.")


@dataclass
class TwoSessions:
    """The attacker's, and that of somebody else with another token."""

    scene: Scene
    attackers: broker_api.Opened
    others: broker_api.Opened
    end: Event = field(default_factory=Event)
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4))

    def keeper(self, slot: str) -> SlowKeeper:
        keeper = next(keeper for keeper in self.scene.keepers if keeper.slot == slot)
        assert isinstance(keeper, SlowKeeper)
        return keeper

    def attack(self, method: str) -> Future[object]:
        ref = broker_api.SessionRef(self.attackers.handle)
        return self.pool.submit(self.scene.call_as, KIOSK, method, ref)

    def state(self, session: broker_api.Opened) -> str:
        return self._listed(session).state

    def pull_all(self) -> None:
        self.scene.tokens.clear()
        self.scene.broker.tick()

    def worker_of_attacker_dies(self) -> None:
        self.scene.workers["w0"].die()
        until(lambda: not self._listed(self.attackers).worker)

    def _listed(self, session: broker_api.Opened) -> broker_api.SessionStatus:
        listed = self.scene.call_as(0, "List", Empty()).sessions
        found = next(one for one in listed if one.session == session.session)
        assert isinstance(found, broker_api.SessionStatus)
        return found


@pytest.fixture
def two(tmp_path: Path, login: Login) -> Iterator[TwoSessions]:
    with ExitStack() as stack:
        scene = stack.enter_context(
            scene_in(tmp_path, login, spawn=in_background, keeper=SlowKeeper)
        )
        attackers = scene.open_as("anna")
        scene.tokens.add("hidraw1")
        others = scene.open_as("bert")
        sessions = TwoSessions(scene, attackers, others)
        stack.callback(sessions.pool.shutdown)
        stack.callback(sessions.end.set)
        yield sessions


def test_by_a_worker_that_takes_long_to_start(two: TwoSessions) -> None:
    keeper = two.keeper("w0")
    keeper.slow[Command.START] = two.end
    two.worker_of_attacker_dies()
    attach = two.attack("Attach")
    keeper.began.wait()
    two.pull_all()
    until(lambda: two.state(two.others) == "locked")
    assert not attach.done()
    # Its own session lets nobody in from here on, and is locked as soon as that is done.
    with pytest.raises(CallError, match="Failed"):
        two.scene.call_as(KIOSK, "Touch", broker_api.SessionRef(two.attackers.handle))
    two.end.set()
    until(lambda: two.state(two.attackers) == "locked")
    assert isinstance(attach.exception(), CallError)


def test_by_a_worker_that_does_not_answer(two: TwoSessions) -> None:
    two.worker_of_attacker_dies()
    worker = two.scene.workers["w0"]
    worker.hangs = two.end
    attach = two.attack("Attach")
    until(lambda: two.keeper("w0").asked.count(Command.START) == 2)
    two.pull_all()
    until(lambda: two.state(two.others) == "locked")
    assert not attach.done()
    two.end.set()
    until(lambda: two.state(two.attackers) == "locked")
    assert isinstance(attach.exception(), CallError)


@pytest.mark.parametrize("hangs", [Command.FREEZE, Command.KILL])
def test_by_a_keeper_that_hangs(two: TwoSessions, hangs: Command) -> None:
    keeper, fails_at_once = two.keeper("w0"), Event()
    fails_at_once.set()
    keeper.slow = {Command.FREEZE: fails_at_once, hangs: two.end}
    two.pull_all()
    until(lambda: keeper.asked[-1] is hangs)
    until(lambda: two.state(two.others) == "locked")
    assert not two.end.is_set()
    assert two.state(two.attackers) == "active"  # not called locked before it is
    with pytest.raises(CallError, match="Failed"):
        two.scene.call_as(KIOSK, "Attach", broker_api.SessionRef(two.attackers.handle))


def test_by_a_report_of_udev_that_waits_for_another_session(two: TwoSessions) -> None:
    keeper = two.keeper("w0")
    keeper.slow[Command.FREEZE] = two.end
    for device in ("hidraw0", "hidraw1"):
        two.scene.call_as(0, "TokenRemoved", broker_api.TokenRemoved(device))
    keeper.began.wait()
    until(lambda: two.state(two.others) == "locked")
    assert not two.end.is_set()


def test_by_a_ledger_that_hangs(two: TwoSessions, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = Event()

    def append(*events: AnyEvent) -> None:
        if isinstance(events[0], TokenRemoved):
            stuck.set()
            two.end.wait()

    monkeypatch.setattr(two.scene.ledger, "append", append)
    two.scene.call_as(0, "TokenRemoved", broker_api.TokenRemoved("hidraw0"))
    stuck.wait()
    two.pull_all()
    until(lambda: two.state(two.others) == "locked")
    assert two.state(two.attackers) == "locked"
    assert not two.end.is_set()


def test_by_a_person_whose_lock_waits_for_their_own_worker(two: TwoSessions) -> None:
    keeper = two.keeper("w0")
    keeper.slow[Command.START] = two.end
    two.worker_of_attacker_dies()
    attach = two.attack("Attach")
    keeper.began.wait()
    two.scene.call_as(KIOSK, "Lock", broker_api.SessionRef(two.attackers.handle))
    assert not attach.done()
    with pytest.raises(CallError, match="Failed"):
        two.scene.call_as(KIOSK, "Attach", broker_api.SessionRef(two.attackers.handle))

"""A broker with stand-ins for all that surrounds it, and a caller."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import msgspec
import pytest

from appliance.audit.entries.events import SessionClosed, SessionWiped
from appliance.keeper.protocol import Command
from appliance.policy.load import load
from appliance.protocols import broker_api
from appliance.session.broker import Broker
from appliance.session.environment import Environment
from appliance.session.login import Denial, Method
from appliance.session.pending_wipes import PendingWipeJournal
from appliance.session.settings import Settings
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError, Empty
from appliance.wire.peer import PeerCredentials
from appliance.wire.service import Request
from tests.session.standin_worker import StandInWorker
from tests.session.standins import (
    StandInAuditor,
    StandInBurner,
    StandInClock,
    StandInKeeper,
    StandInLedger,
    StandInNetwork,
    StandInReleaser,
)

S = TypeVar("S", bound=msgspec.Struct)
POLICY = """
session: {idle_seconds: 600, grace_seconds: 300, absolute_seconds: 28800}
projects: [{name: film, members: [anna, bert]}, {name: series, members: [anna]}]
workspace: {slots: 3}
wipe: {daily: "03:00"}
"""
SLOTS = ("w0", "w1", "w2")
OPENED = [Command.MAKE, Command.START]
PIN = "1234"
REGISTERED = "".join(
    f"{name}:{name}-handle,{name}-key,es256,+presence\n" for name in ("anna", "bert", "ruth")
)
ROLES = "anna:clinician\nbert:clinician,approver\nruth:approver\n"
KIOSK = 1000  # its user id


@dataclass
class Scene:
    """A broker with its surroundings, and a caller."""

    broker: Broker
    client: Client
    ledger: StandInLedger
    journal: PendingWipeJournal
    clock: StandInClock
    tokens: set[str]
    workers: dict[str, StandInWorker]
    folder: Path
    releaser: StandInReleaser
    burner: StandInBurner
    auditor: StandInAuditor
    keepers: list[StandInKeeper] = field(default_factory=list)
    network: StandInNetwork = field(default_factory=StandInNetwork)
    handles: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, parameters: msgspec.Struct, gives: type[S]) -> S:
        answer, descriptors = self.client.call(
            f"{broker_api.NAME}.{method}",
            parameters,
            gives=gives,
            attached=int(gives is broker_api.Opened),  # the connection to the worker
        )
        for descriptor in descriptors:
            os.close(descriptor)
        return answer

    def open(self, project: str | None = None) -> tuple[str, StandInKeeper]:
        """A new session and its keeper, whose notes begin after this."""
        wanted = broker_api.Open("anna", PIN, project)
        session = self.log_in("Open", wanted)
        keeper = self.keepers[-1]
        assert keeper.asked == ["start keeper", *OPENED]
        keeper.asked.clear()
        self.ledger.events.clear()
        return session, keeper

    def log_in(self, method: str, wanted: msgspec.Struct) -> str:
        """Open or Reopen; the id of the session, whose handle is kept."""
        opened = self.ask(method, wanted, broker_api.Opened)
        self.handles[opened.session] = opened.handle
        return opened.session

    def ref(self, session: str) -> broker_api.SessionRef:
        return broker_api.SessionRef(self.handles[session])

    def act(self, method: str, session: str) -> None:
        self.ask(method, self.ref(session), Empty)

    def call_as(self, user: int, method: str, parameters: msgspec.Struct) -> Any:
        """What a process of the user id ``user`` is answered; from any thread, at any time."""
        request = Request(PeerCredentials(1, user, user), parameters, [], lambda _: None)
        answer = self.broker.service(KIOSK).methods[method].run(request)
        assert answer is not None
        for descriptor in answer.descriptors:
            os.close(descriptor)
        return answer.parameters

    def open_as(self, user: str, project: str | None = None) -> broker_api.Opened:
        """A session of the kiosk for ``user``."""
        opened = self.call_as(KIOSK, "Open", broker_api.Open(user, PIN, project))
        assert isinstance(opened, broker_api.Opened)
        self.handles[opened.session] = opened.handle
        return opened

    def act_for_kiosk(self, method: str, session: str) -> None:
        """As ``act``, for a session that was opened by ``open_as``."""
        self.call_as(KIOSK, method, self.ref(session))

    def refusal(self, method: str, parameters: msgspec.Struct) -> str:
        """The name of the error that the kiosk is answered, and its reason if it has one."""
        with pytest.raises(CallError) as caught:
            self.call_as(KIOSK, method, parameters)
        reason = getattr(caught.value.parameters, "reason", "")
        return f"{caught.value.error.rpartition('.')[2]} {reason}".rstrip()

    def states(self) -> dict[str, str]:
        listed = self.ask("List", Empty(), broker_api.Sessions).sessions
        return {str(one.session): one.state for one in listed}

    def after(self, seconds: float) -> None:
        """Let that much time pass, then run a tick."""
        self.clock.seconds += seconds
        self.broker.tick()

    def closing_reason(self) -> str:
        closed, wiped = self.ledger.events
        assert isinstance(closed, SessionClosed)
        assert isinstance(wiped, SessionWiped)
        return closed.reason


@dataclass
class Login:
    """Answers in the place of PAM, and notes that it was asked; ``during``: what happens then."""

    denial: Denial | None = None
    during: Callable[[], object] = lambda: None
    asked: list[str] = field(default_factory=list)

    def __call__(
        self, user: str, pin: str, method: Method, prepare: Callable[[], None]
    ) -> Denial | None:
        prepare()
        self.asked.append(f"{user} by {method}")
        self.during()
        return self.denial


@contextmanager
def scene_in(
    folder: Path,
    login: Login,
    *,
    spawn: Callable[[Callable[[], object]], object] = lambda act: act(),
    keeper: Callable[[str], StandInKeeper] = StandInKeeper,
    policy: str = POLICY,
) -> Iterator[Scene]:
    """A scene. ``spawn``: by default at once: what a tick starts is done when it returns."""
    (folder / "policy.yaml").write_text(policy)
    (folder / "tokens").write_text(REGISTERED)
    (folder / "roles").write_text(ROLES)
    releaser, burner, auditor = StandInReleaser(), StandInBurner(), StandInAuditor()
    ledger, clock, tokens = StandInLedger(), StandInClock(), {"hidraw0"}
    journal = PendingWipeJournal(folder / "open")
    keepers: list[StandInKeeper] = []
    network = StandInNetwork()

    def connect_keeper(slot: str) -> StandInKeeper:
        keepers.append(keeper(slot))
        return keepers[-1]

    environment = Environment(
        tokens=lambda: frozenset(tokens),
        authenticate=login,
        connect_keeper=connect_keeper,
        workers=folder,
        clock=clock,
        local_time=clock.local_time,
        spawn=spawn,
        registered=folder / "tokens",
        roles=folder / "roles",
        connect_releaser=releaser.connect,
        connect_burner=burner.connect,
        connect_auditor=auditor.connect,
        status=folder / "status.json",
        storage={"ledger": folder, "system": Path("/"), "workspaces": folder / "none"},
        network=network,
    )
    settings = Settings(load(folder / "policy.yaml"))
    broker = Broker(settings, ledger, journal, environment)
    ours, theirs = socket.socketpair()
    serving = Thread(target=broker.service(os.getuid()).serve, args=(theirs,))
    with ExitStack() as stack:
        workers = {
            slot: stack.enter_context(closing(StandInWorker(folder, slot))) for slot in SLOTS
        }
        stack.enter_context(closing(burner))
        stack.enter_context(closing(auditor))
        serving.start()
        client = stack.enter_context(closing(Client(Connection(ours))))
        yield Scene(
            *(broker, client, ledger, journal, clock, tokens, workers, folder),
            *(releaser, burner, auditor, keepers, network),
        )
    serving.join()

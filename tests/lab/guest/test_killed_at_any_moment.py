"""kill -9 of worker, keeper, ledger and broker at random moments: nothing of a session is left.

``LAB_KILLS`` is how often, ``LAB_SEED`` repeats the moments of an earlier run: it is printed.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import pytest

from appliance.errors import WireError
from appliance.protocols import worker_api as worker_interface
from appliance.protocols.worker_api import NAME
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError
from tests.lab.guest.visitor import (
    Broker,
    all_events,
    connection,
    main_process,
    nothing_is_left,
    shell,
    take_in,
    until,
)

KILLS = int(os.environ.get("LAB_KILLS", "10"))
SEED = int(os.environ.get("LAB_SEED") or random.SystemRandom().randrange(1 << 32))
VICTIMS = ("worker@w0", "keeper@w0", "audit", "broker")
PHASES = ("open", "job", "lock", "wipe")
PORTRAIT = Path(__file__).parent / "portraits/person_a_1.jpg"


@dataclass
class Visit:
    """One session from token to wipe, as a client lives it; ``job``: it computes something."""

    job: bool
    began: dict[str, Event] = field(default_factory=lambda: {name: Event() for name in PHASES})
    took: dict[str, float] = field(default_factory=dict)
    ended: str = ""

    def live(self) -> None:
        """Go through all phases; what a kill answers is kept in ``ended``."""
        broker = Broker()
        try:
            with self._phase("open"):
                session, worker = broker.open()
            client = Client(Connection(connection(worker)))
            if self.job:
                with self._phase("job"):
                    _swap(client)
            with self._phase("lock"):
                broker.act("Lock", session)
                os.close(broker.reopen(session))
            with self._phase("wipe"):
                self.ended = "whole" if broker.close(session).clean else "not clean"
        except (WireError, CallError) as error:
            self.ended = getattr(error, "error", type(error).__name__).rpartition(".")[2]
        finally:
            for event in self.began.values():
                event.set()  # whoever waits for a phase that does not come waits no longer
            broker.hang_up()

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        self.began[name].set()
        yield
        self.took[name] = time.monotonic() - started


def _swap(client: Client) -> None:
    source, target = (take_in(client, PORTRAIT) for _ in range(2))  # the policy's gate: one person
    job = worker_interface.Swap([source], target, {"nose": 1.0})
    client.call(f"{NAME}.Swap", job, gives=worker_interface.Progress)


def _kill(victim: str) -> bool:
    """Whether there was anybody to kill."""
    process = main_process(f"appliance-{victim}.service")
    with suppress(ProcessLookupError):
        if process:
            os.kill(process, 9)
            return True
    return False


def _settle() -> float:
    """End what is still open, as a person would; the seconds until nothing is."""
    started = time.monotonic()
    until(_all_ended)
    return time.monotonic() - started


def _all_ended() -> bool:
    try:
        broker = Broker()
    except WireError:
        return False
    try:
        for session, state in broker.states().items():
            if state in ("active", "locked"):
                broker.close(session)
        return not broker.states()
    except (WireError, CallError):
        return False  # it is being wiped, or the ledger is not back yet
    finally:
        broker.hang_up()


@dataclass(frozen=True)
class Blow:
    """Who is killed when: ``share`` of the usual length of the phase after it began."""

    victim: str
    phase: str
    share: float

    def strike(self, usual: dict[str, float]) -> bool:
        """Let a visit run into it; whether there was anybody to kill before the visit was over."""
        visit = Visit(job=self.phase == "job")
        thread = Thread(target=visit.live)
        thread.start()
        visit.began[self.phase].wait()
        moment = self.share * usual[self.phase]
        time.sleep(moment)
        hit = False
        while not hit and thread.is_alive():
            hit = _kill(self.victim)
        thread.join()
        settled = _settle()
        nothing_is_left()
        assert visit.ended not in ("", "not clean")
        when = f"{moment:4.1f} s into {self.phase}" if hit else "not met"
        print(f"{self.victim:9} {when:17} visit: {visit.ended}; nothing left {settled:.1f} s later")
        return hit


@pytest.mark.usefixtures("broker")
def test_nothing_is_left_whoever_is_killed_whenever() -> None:
    quiet = Visit(job=True)
    quiet.live()
    assert quiet.ended == "whole"
    print(f"LAB_SEED={SEED}; undisturbed: {quiet.took}")
    rng = random.Random(SEED)  # noqa: S311 - moments, no secrets
    struck: Counter[str] = Counter()
    for number in range(2 * KILLS):
        blow = Blow(rng.choice(VICTIMS), PHASES[number % len(PHASES)], rng.random())
        struck[blow.victim] += blow.strike(quiet.took)
        if struck.total() == KILLS:
            break
    print(dict(struck))
    assert struck.total() == KILLS
    last = Visit(job=True)
    last.live()
    assert last.ended == "whole"
    _the_ledger_is_whole()


def _the_ledger_is_whole() -> None:
    ledger = "/var/lib/appliance-audit/ledger"
    anchor = "/var/lib/appliance-audit-anchor/checkpoint"
    command = "python3 -m appliance.cli.main audit verify"
    print(shell(f"{command} --ledger {ledger} --anchor {anchor}"))
    sessions: dict[str, list[dict[str, object]]] = {}
    for event in all_events():
        if "session" in event:
            sessions.setdefault(str(event["session"]), []).append(event)
    assert sessions
    for events in sessions.values():
        kinds = [event["kind"] for event in events]
        assert "session-wiped" in kinds, kinds
        assert all(event["after"] == 0 for event in events if event["kind"] == "session-wiped")


def test_who_is_killed_would_be_missed(broker: Broker) -> None:
    """The control: were a session left open, what looks for it would see it."""
    session, worker = broker.open()
    os.close(worker)
    try:
        nothing_is_left()
    except AssertionError:
        pass
    else:
        raise AssertionError("an open session went unseen")
    assert broker.close(session).clean
    nothing_is_left()

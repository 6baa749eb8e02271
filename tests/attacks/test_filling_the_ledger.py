"""A process that was taken over fills the disk with entries, so that nothing can be logged."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.audit.entries import events
from appliance.audit.service import protocol
from appliance.audit.service.daemon import MOST_OF_A_ROLE
from appliance.audit.service.protocol import WORKER_BUDGET, Budget
from appliance.audit.verification.verify import verify_ledger
from tests.attacks.ledger import OTHER, OWN, Daemon
from tests.paths import REPOSITORY

DAY = 24 * 3600.0  # seconds
EXHAUSTED = protocol.Rejected("exhausted")


def job(session: str = OWN) -> events.JobRefused:
    return events.JobRefused(session, 1, "stopped")


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    serving = Daemon(tmp_path / "ledger")
    yield serving
    serving.close()


def test_a_session_logs_as_much_as_its_budget(daemon: Daemon) -> None:
    budget = Budget(events=10, names=0, bytes=1 << 20)
    worker, other = daemon.worker(OWN, budget), daemon.worker(OTHER, budget)
    for _ in range(10):
        assert worker.log(job()) == "logged"
    for _ in range(50):
        assert worker.log(job()) == "exhausted"
    assert worker.log(*[job()] * 128) == "exhausted"
    assert other.log(job(OTHER)) == "logged"
    assert daemon.line("broker").log(events.SessionClosed(OWN, "user", 1, 1)) == "logged"
    counts = [type(event) for event in daemon.events()]
    assert counts.count(events.JobRefused) == 11
    assert counts.count(events.EntryRefused) == 6  # of 51, after 1, 2, 4 … 32
    # The control: a connection without a budget goes on.
    assert daemon.line("test").log(*[job()] * 128) == "logged"


def test_more_connections_do_not_give_more(daemon: Daemon) -> None:
    budget = Budget(events=4, names=4, bytes=1 << 20)
    first, second = daemon.worker(OWN, budget), daemon.worker(OWN, WORKER_BUDGET)
    assert first.log(job(), job()) == second.log(job(), job()) == "logged"
    assert first.log(job()) == second.log(job()) == "exhausted"
    first.hang_up()
    second.hang_up()
    assert daemon.worker(OWN, WORKER_BUDGET).log(job()) == "exhausted"
    assert daemon.worker(OTHER, budget).log(job(OTHER)) == "logged"


def test_guesses_at_a_reference_are_limited(daemon: Daemon) -> None:
    worker = daemon.worker(OWN, Budget(events=5, names=20, bytes=1 << 20))
    replies = [worker.ask(protocol.Name("consent", b"form %d" % n)) for n in range(30)]
    assert sum(isinstance(reply, protocol.NameGiven) for reply in replies) == 20
    assert replies[20:] == [EXHAUSTED] * 10
    assert worker.log(job()) == "logged"  # events are counted apart


def test_long_requests_are_limited_too(daemon: Daemon) -> None:
    worker = daemon.worker(OWN, Budget(events=1000, names=1000, bytes=10_000))
    for reply in [worker.ask(protocol.Name("file", bytes(3000))) for _ in range(2)]:
        assert isinstance(reply, protocol.NameGiven)
    assert worker.ask(protocol.Name("file", bytes(3000))) == EXHAUSTED
    assert worker.log(job()) == "logged"


def test_a_long_project_gets_its_budget_every_day(daemon: Daemon) -> None:
    worker = daemon.worker(OWN, Budget(events=1, names=0, bytes=1 << 20))
    assert [worker.log(job()), worker.log(job())] == ["logged", "exhausted"]
    daemon.now += DAY - 1
    assert worker.log(job()) == "exhausted"
    daemon.now += 1
    assert [worker.log(job()), worker.log(job())] == ["logged", "exhausted"]


def test_the_daemon_remembers_a_bounded_number_of_sessions(daemon: Daemon) -> None:
    kept = daemon.worker(OWN, Budget(events=1, names=0, bytes=1 << 20))
    assert kept.log(job()) == "logged"
    for n in range(1200):
        daemon.worker(f"{n:016x}").hang_up()
    assert len(daemon.server._accounts._accounts) <= 1024
    assert kept.log(job()) == "exhausted"  # it is connected, so it is not forgotten
    daemon.now += DAY
    daemon.worker(OTHER)
    assert daemon.server._accounts._accounts.keys() == {OWN, OTHER}


def test_connections_of_one_role_leave_room_for_the_others(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path / "ledger")
    path = tmp_path / "socket"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(path))
    daemon.server.listen(listener)
    daemon.server._roles[os.getuid()] = "broker"
    callers = []
    for _ in range(MOST_OF_A_ROLE + 5):
        callers.append(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        callers[-1].connect(str(path))
        daemon.server._round([listener.fileno()])
    assert len(daemon.server._peers) == MOST_OF_A_ROLE
    assert [caller.recv(1) for caller in callers[MOST_OF_A_ROLE:]] == [b""] * 5
    daemon.server._roles[os.getuid()] = "keeper"  # the control: another role is still served
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as keeper:
        keeper.connect(str(path))
        daemon.server._round([listener.fileno()])
        assert len(daemon.server._peers) == MOST_OF_A_ROLE + 1
    for caller in callers:
        caller.close()
    daemon.close()


def test_a_flood_of_noise_adds_a_few_entries(daemon: Daemon) -> None:
    worker = daemon.worker()
    for _ in range(5000):
        worker.socket.send(b"noise")
        daemon.server._round(list(daemon.server._peers))
        worker.socket.recv(protocol.MAX_PACKET)
    assert len(daemon.events()) == 13  # after 1, 2, 4 … 4096
    assert worker.log(job()) == "logged"


def test_a_day_s_budget_of_all_slots_is_a_small_part_of_a_disk() -> None:
    slots, days, entry = 8, 183, 400  # bytes, with its hashes
    assert WORKER_BUDGET.events * slots * days * entry < 12 << 30


ON_A_SMALL_DISK = (
    'mount -t tmpfs -o size=20m tmpfs "$1" && exec "$2" -m tests.attacks.full_disk "$1"'
)


def test_on_a_full_disk_the_end_of_a_session_can_still_be_logged(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *("/usr/bin/unshare", "--mount", "--map-root-user", "bash", "-c", ON_A_SMALL_DISK),
            *("-", tmp_path, sys.executable),
        ],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
    )
    guarded, control = json.loads(done.stdout)
    assert guarded["before"] == control["before"] == ["logged"] * 3
    for found in (guarded, control):
        assert {found[name] for name in ("work", "login", "mixed", "work still")} == {"full"}
        assert found["no more alarms"] == "full"
        assert found["free"] == ["logged"] * 3
        assert found["whole"]
    # Alarms use their half, and no more; the control has no room for anything.
    assert guarded["alarm"] == "logged"
    assert guarded["alarms"] > 1000
    assert guarded["endings"] == ["logged"] * 20
    assert control["alarm"] == "full"
    assert control["alarms"] == 0
    assert control["endings"] == ["full"] * 20
    assert guarded["entries"] > control["entries"] + 40 + 1000


def test_a_ledger_that_was_full_is_sound(daemon: Daemon) -> None:
    worker = daemon.worker(OWN, Budget(events=300, names=0, bytes=1 << 20))
    while worker.log(job()) == "logged":
        pass
    assert verify_ledger(daemon.folder).findings == ()

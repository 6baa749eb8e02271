"""Two sessions at once: neither sees the other's files, memory or sockets; eight fit, not nine."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

from appliance.errors import WireError
from appliance.wire.message import CallError
from tests.lab.guest.visitor import (
    HANG,
    Broker,
    inside_worker,
    main_process,
    nothing_is_left,
    refusal,
    shell,
    worker_runs,
)


def test_one_worker_cannot_reach_another(broker: Broker) -> None:
    broker.open()
    broker.open()
    for slot in ("w0", "w1"):
        worker_runs(slot)
        # Its own workspace is the control: the same look works where it may.
        assert inside_worker(slot, "ls /run/appliance/workspace").ok
    other = main_process("appliance-worker@w1.service")
    assert shell("stat -c %U:%G:%a /run/appliance/workspace/w0") == "root:appliance-w0:1770"
    assert shell("stat -c %U:%G:%a /run/appliance/workspace/w1") == "root:appliance-w1:1770"
    for attempt in (
        "ls /run/appliance/workspace/w1",
        f"cat /proc/{other}/mem",
        f"cat /proc/{other}/environ",
        f"kill -9 {other}",
        "ls /run/appliance/worker/w1.sock",
        "ls /run/appliance/session.sock",
        "ls /var/lib/appliance",
        "ls /dev/mapper/appliance-w1",
        "cat /etc/shadow",
    ):
        assert not inside_worker("w0", attempt).ok, attempt
    # As its user but outside its walls: the user alone is a stranger as well.
    for attempt in (f"cat /proc/{other}/mem", "ls /run/appliance/workspace/w1", f"kill -9 {other}"):
        command = f"setpriv --reuid appliance-w0 --clear-groups sh -c '{attempt}'"
        assert shell(f"{command} >/dev/null 2>&1; echo $?", check=False) != "0", attempt


def test_a_worker_has_no_network_and_no_power(broker: Broker) -> None:
    broker.open()
    worker_runs("w0")
    interfaces = inside_worker("w0", "cat /proc/net/dev").said.splitlines()[2:]
    assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]
    process = main_process("appliance-worker@w0.service")
    status = shell(f"cat /proc/{process}/status")
    for line in ("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1"):
        assert line in status
    assert "Seccomp:\t2" in status


def test_eight_sessions_fit_and_a_ninth_is_refused(broker: Broker) -> None:
    opened = [broker.open()[0] for _ in range(8)]
    assert len(set(opened)) == 8
    assert refusal(broker.open) == "NoFreeSlot"
    assert broker.close(opened[3]).clean
    session, _ = broker.open()
    assert len(broker.states()) == 8
    for one in (*opened[:3], *opened[4:], session):
        assert broker.close(one).clean
    assert broker.states() == {}


def _visit_among_others(_: int) -> str:
    """Open, look, close, beside others who do the same; the id of the session."""
    broker = Broker()
    try:
        session, worker = _open_in_turn(broker)
        os.close(worker)
        assert broker.states()[session] == "active"
        assert broker.close(session).clean
    finally:
        broker.hang_up()
    return session


def _open_in_turn(broker: Broker) -> tuple[str, int]:
    """A token answers one question at a time: whoever finds it busy asks again."""
    end = time.monotonic() + HANG
    while time.monotonic() < end:
        try:
            return broker.open()
        except CallError as refused:
            if "busy" not in str(refused.parameters):
                raise
            time.sleep(0.2)
    raise AssertionError("the token was never free")


def test_eight_clients_at_once_are_all_served(broker: Broker) -> None:
    with ThreadPoolExecutor(8) as clients:
        sessions = list(clients.map(_visit_among_others, range(8)))
    assert len(set(sessions)) == 8
    assert broker.states() == {}
    nothing_is_left()


def test_a_thirteenth_connection_of_one_user_is_cut_and_the_others_are_served(
    broker: Broker,
) -> None:
    others = []
    try:
        for _ in range(14):
            one = Broker()
            others.append(one)
            one.states()
    except WireError:
        pass
    assert len(others) <= 12
    assert broker.states() == {}
    for one in others:
        one.hang_up()
    assert os.path.exists("/run/appliance/session.sock")  # noqa: PTH110
